package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// dataLimit is what the server of TestHostile may write to, in KiB: 512 MiB. It
	// is the limit on private writable mappings, for Go reserves more address space
	// than that and never touches it.
	dataLimit = 512 << 10
	// maxResident is what it may still hold at the end, in KiB.
	maxResident = 200 << 10
	// maxProbe is for a machine that others use too: what was measured is logged, and
	// is below 100 ms where nothing else runs.
	maxProbe = 5 * time.Second
)

// A hostile request is a small one that costs much to answer, if it is let to.
type hostileRequest struct {
	name, method, url, token, contentType, body string
}

// hostileRequests are of all the kinds that were met, for all providers and the
// control API.
func hostileRequests(p *process) []hostileRequest {
	var list []hostileRequest
	add := func(name, method, url, token, contentType, body string) {
		list = append(list, hostileRequest{name, method, url, token, contentType, body})
	}
	const form, js = "application/x-www-form-urlencoded", "application/json"
	inf, wos, zit, ocs := p.info.Providers["infisical"], p.info.Providers["workos"], p.info.Providers["zitadel"], p.info.Providers["ocs"]
	deep := strings.Repeat("[", 500_000)
	members := strings.Repeat(`"a":0,`, 150_000)
	for _, to := range []struct{ name, url, token string }{
		{"infisical", inf.URL + "/api/v1/identities", inf.Credentials["accessToken"]},
		{"workos", wos.URL + "/connect/applications", wos.Credentials["apiKey"]},
		{"zitadel", zit.URL + "/management/v1/projects", zit.Credentials["accessToken"]},
		{"zitadel RPC", zit.URL + "/zitadel.application.v2.ApplicationService/ListApplications", zit.Credentials["accessToken"]},
		{"ocs", ocs.URL + "/api/v1/Tenants/" + ocs.Credentials["tenantId"] + "/ClientCredentialClients", ocs.Credentials["accessToken"]},
		{"control", p.info.Control + "/reset", ""},
		{"control state", p.info.Control + "/state", ""},
	} {
		method := http.MethodPost
		if to.name == "control state" {
			method = http.MethodPut
		}
		add(to.name+": deep arrays", method, to.url, to.token, js, deep)
		add(to.name+": deep objects", method, to.url, to.token, js, strings.Repeat(`{"a":`, 150_000))
		add(to.name+": many members", method, to.url, to.token, js, "{"+members+`"b":0}`)
		add(to.name+": many items", method, to.url, to.token, js, `{"a":[`+strings.Repeat("0,", 400_000)+"0]}")
		add(to.name+": a long text", method, to.url, to.token, js, `{"name":"`+strings.Repeat("x", 1_000_000)+`"}`)
		add(to.name+": a long query", "GET", to.url+"?"+strings.Repeat("a=b&", 100_000), to.token, "", "")
		add(to.name+": many parameters of a form", method, to.url, to.token, form, strings.Repeat("a=b&", 250_000))
	}
	// Paths and references that grow.
	project, token := inf.Credentials["projectId"], inf.Credentials["accessToken"]
	add("infisical: a path of 100,000 levels", "POST", inf.URL+"/api/v1/folders", token, js,
		`{"workspaceId":"`+project+`","environment":"dev","name":"x","path":"`+strings.Repeat("/a", 100_000)+`"}`)
	add("infisical: all secrets below", "GET", inf.URL+"/api/v3/secrets/raw?recursive=true&workspaceId="+project+"&environment=dev", token, "", "")
	var secrets []string
	for i := range 3000 {
		secrets = append(secrets, fmt.Sprintf(`{"secretKey":"S%d","secretValue":"${A}${A}${A}${A}"}`, i))
	}
	add("infisical: a long secret", "POST", inf.URL+"/api/v3/secrets/raw/A", token, js,
		`{"workspaceId":"`+project+`","environment":"dev","secretValue":"`+strings.Repeat("x", 100_000)+`"}`)
	add("infisical: secrets that name it", "POST", inf.URL+"/api/v3/secrets/batch/raw", token, js,
		`{"workspaceId":"`+project+`","environment":"dev","secrets":[`+strings.Join(secrets, ",")+`]}`)
	add("infisical: all expanded", "GET", inf.URL+"/api/v3/secrets/raw?expandSecretReferences=true&workspaceId="+project+"&environment=dev", token, "", "")
	// World files.
	for name, file := range map[string]string{
		"aliases":     "seed: &a " + strings.Repeat("x", 200_000) + "\nworkos: [" + strings.Repeat("*a, ", 150_000) + "]\n",
		"a bomb":      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n",
		"deep YAML":   strings.Repeat("[", 400_000),
		"many scalar": "workos: [" + strings.Repeat("a,", 400_000) + "]\n",
	} {
		add("control: world with "+name, "POST", p.info.Control+"/reset", "", js, `{"world":`+strconv.Quote(file)+`}`)
		add("control: sandbox with "+name, "PUT", p.info.Gateway+"/~hostile/_understudy", "", js, `{"world":`+strconv.Quote(file)+`}`)
	}
	add("a state for nobody", "PUT", inf.URL+"/state", "", js, strings.Repeat("x", 8<<20))
	add("a clock beyond time", "POST", p.info.Control+"/clock/advance", "", js, `{"by":"9999999h"}`)
	return list
}

// TestHostile sends requests that once brought the server down to one with little
// memory: it answers another client in time throughout, and ends small.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a program of its own")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("memory is read from /proc")
	}
	binary := filepath.Join(t.TempDir(), "understudy")
	// Not this test's own binary, which the race detector may have made larger.
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ready := filepath.Join(t.TempDir(), "ready.json")
	p := &process{errors: &bytes.Buffer{}}
	p.Cmd = exec.CommandContext(t.Context(), "sh", "-c", "ulimit -d "+strconv.Itoa(dataLimit)+` && exec "$0" "$@"`, binary,
		"serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--ready-file", ready)
	p.Stderr = p.errors
	p.await(t, ready)

	stop := make(chan struct{})
	var (
		probing sync.WaitGroup
		slowest time.Duration
		probes  int
	)
	probing.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			begun := time.Now()
			status, _, err := call(http.DefaultClient, "GET", p.info.Control+"/health", "", "")
			slowest, probes = max(slowest, time.Since(begun)), probes+1
			if err != nil || status != http.StatusOK {
				t.Errorf("a probe is answered %d %v", status, err)
				return
			}
		}
	})
	client := &http.Client{Timeout: 30 * time.Second}
	requests := hostileRequests(p)
	for _, r := range requests {
		request, err := http.NewRequest(r.method, r.url, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", r.contentType)
		if r.token != "" {
			request.Header.Set("Authorization", "Bearer "+r.token)
		}
		answer, err := client.Do(request)
		if err != nil {
			if _, broken := err.(*url.Error); !broken || p.Process.Signal(syscall.Signal(0)) != nil {
				t.Fatalf("%s: %v", r.name, err)
			}
			continue // the server would not hear the end of it
		}
		n, _ := io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode >= 500 && answer.StatusCode != http.StatusNotImplemented || n > 17<<20 {
			t.Errorf("%s: %d with %d bytes", r.name, answer.StatusCode, n)
		}
	}
	close(stop)
	probing.Wait()
	if len(requests) < 40 {
		t.Errorf("only %d requests", len(requests))
	}
	resident := 0
	for range 300 { // the server looks every few seconds whether it has some to give back
		if resident = p.resident(t); resident <= maxResident {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%d requests; the slowest of %d probes took %s; %d MiB are resident at the end", len(requests), probes, slowest, resident>>10)
	if slowest > maxProbe {
		t.Errorf("a probe took %s", slowest)
	}
	if resident > maxResident {
		t.Errorf("%d MiB are resident", resident>>10)
	}
}

// resident is how much memory the process has, in KiB.
func (p *process) resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		t.Fatal(err, p.errors)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

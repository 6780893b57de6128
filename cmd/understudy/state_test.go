package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/internal/control"
)

// asCommand makes the test's binary the command: a process that can be killed.
const asCommand = "TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// A process is the command in a process of its own.
type process struct {
	*exec.Cmd
	info   control.Info
	errors *bytes.Buffer
}

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	p := &process{errors: &bytes.Buffer{}}
	p.Cmd = exec.CommandContext(t.Context(), os.Args[0],
		append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--ready-file", ready}, args...)...)
	p.Env = append(os.Environ(), asCommand+"=1")
	p.Stderr = p.errors
	p.await(t, ready)
	return p
}

// await starts the process and waits until it is ready.
func (p *process) await(t *testing.T, ready string) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	for range 1000 {
		if text, err := os.ReadFile(ready); err == nil {
			if err := json.Unmarshal(text, &p.info); err != nil {
				t.Fatal(err)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the process is not ready: %s", p.errors)
}

// call makes a call with a token and returns the answer's status and body.
func call(client *http.Client, method, url, token, body string) (int, []byte, error) {
	request, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, text, err
}

// A minted client secret, and when the client had it.
type minted struct {
	id, secret string
	at         time.Time
}

// mint creates a client secret for the default world's identity.
func mint(client *http.Client, info control.Info) (minted, error) {
	p := info.Providers["infisical"]
	url := p.URL + "/api/v1/auth/universal-auth/identities/" + p.Credentials["identityId"] + "/client-secrets"
	status, body, err := call(client, "POST", url, p.Credentials["accessToken"], "{}")
	if err != nil {
		return minted{}, err
	}
	var answer struct {
		ClientSecret     string
		ClientSecretData struct{ ID string }
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
		return minted{}, fmt.Errorf("%d %s", status, body)
	}
	return minted{answer.ClientSecretData.ID, answer.ClientSecret, time.Now()}, nil
}

// checkMinted logs in with each secret, and finds it by its id.
func checkMinted(t *testing.T, info control.Info, all []minted) {
	t.Helper()
	p := info.Providers["infisical"]
	url := p.URL + "/api/v1/auth/universal-auth/identities/" + p.Credentials["identityId"] + "/client-secrets/"
	missing := 0
	for _, m := range all {
		login, err := json.Marshal(map[string]string{"clientId": p.Credentials["clientId"], "clientSecret": m.secret})
		if err != nil {
			t.Fatal(err)
		}
		status, answer, err := call(http.DefaultClient, "POST", p.URL+"/api/v1/auth/universal-auth/login", "", string(login))
		if err != nil {
			t.Fatal(err)
		}
		found, _, err := call(http.DefaultClient, "GET", url+m.id, p.Credentials["accessToken"], "")
		if err != nil {
			t.Fatal(err)
		}
		if status != http.StatusOK || found != http.StatusOK {
			if missing++; missing == 1 {
				t.Errorf("the secret %s: login %d %s, found %d", m.id, status, answer, found)
			}
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d secrets are lost", missing, len(all))
	}
}

var kills = flag.Int("kills", 2, "how many times TestKill kills its server")

// TestKill kills a server while clients write and import, again and again. When it
// comes back, it has what it has acknowledged: of imports everything, of writes what
// is older than a second.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a program of its own")
	}
	state := filepath.Join(t.TempDir(), "state")
	p := startProcess(t, "--state", state, "--seed", "kill")
	credentials := fmt.Sprint(p.info.Providers["infisical"].Credentials)
	var imported []minted
	for range 200 {
		m, err := mint(http.DefaultClient, p.info)
		if err != nil {
			t.Fatal(err)
		}
		imported = append(imported, m)
	}
	status, world, err := call(http.DefaultClient, "GET", p.info.Control+"/state", "", "")
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, world, err)
	}
	var all history
	for point := range *kills {
		h := history{begun: all.begun, told: all.told}
		killed := make(chan time.Time, 1)
		victim := p.Process
		time.AfterFunc(300*time.Millisecond+2500*time.Millisecond*time.Duration(point+1)/time.Duration(*kills), func() {
			killed <- time.Now()
			_ = victim.Kill()
		})
		pause := 20 * time.Millisecond // most of the time is taken by imports
		if point%2 == 1 {
			pause = time.Hour // one import, and writes until the end
		}
		h.make(t, p.info, world, pause)
		due := h.due(<-killed)
		_ = p.Wait()
		if log := p.errors.String(); point == 0 && log != "" {
			t.Errorf("the first server says %s", log)
		} else if point > 0 && !strings.Contains(log, "ignored=--seed") {
			t.Errorf("no warning: %s", log)
		}

		p = startProcess(t, "--state", state, "--seed", "other")
		if got := fmt.Sprint(p.info.Providers["infisical"].Credentials); got != credentials {
			t.Errorf("the credentials are %s, and were %s", got, credentials)
		}
		switch number := importNumber(t, p.info); {
		case number < h.told || number > h.begun:
			t.Fatalf("point %d: import %d is there; %d was acknowledged, %d begun", point, number, h.told, h.begun)
		case number == h.told: // and not one that was never answered, which has undone the writes
			checkMinted(t, p.info, due)
			all.looked += len(due)
		}
		if h.told > 0 {
			checkMinted(t, p.info, imported[:10])
		}
		all.begun, all.told = h.begun, importNumber(t, p.info)
		all.imports, all.writes = all.imports+h.imports, all.writes+h.writes
		if h.begun > h.told {
			all.cut++
		}
	}
	t.Logf("%d kills, %d of them in an import: %d imports and %d writes were acknowledged, and %d writes looked for", *kills, all.cut, all.imports, all.writes, all.looked)
	if all.looked == 0 {
		t.Error("nothing was written a second before a kill")
	}
}

// A history is what clients did to a server before it was killed.
type history struct {
	begun, told     int      // the last import, and the last that was acknowledged
	since           []minted // acknowledged after that
	imports, writes int
	looked, cut     int
}

// make imports a world and writes for a while, in turns, until the server is gone.
// An import is known by a setting.
func (h *history) make(t *testing.T, info control.Info, world []byte, while time.Duration) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	for {
		h.begun++
		numbered := bytes.Replace(world, []byte(`"settings":{"infisical":{`), fmt.Appendf(nil, `"settings":{"infisical":{"rateLimit":%d`, firstImport+h.begun), 1)
		status, answer, err := call(client, "PUT", info.Control+"/state", "", string(numbered))
		if err != nil {
			return // the server is gone
		}
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		h.told, h.since = h.begun, nil
		h.imports++
		var (
			writing sync.WaitGroup
			mu      sync.Mutex
			gone    bool
			until   = time.Now().Add(while)
		)
		for range 4 {
			writing.Go(func() {
				for time.Now().Before(until) {
					m, err := mint(client, info)
					mu.Lock()
					if err != nil {
						gone = true
					} else {
						h.since, h.writes = append(h.since, m), h.writes+1
					}
					mu.Unlock()
					if err != nil {
						return
					}
				}
			})
		}
		if writing.Wait(); gone {
			return
		}
	}
}

// due is a part of what was acknowledged more than a second before the kill.
func (h *history) due(killed time.Time) []minted {
	var old []minted
	for _, m := range h.since {
		if killed.Sub(m.at) > time.Second {
			old = append(old, m)
		}
	}
	var part []minted
	for i := 0; i < len(old); i += 1 + len(old)/50 {
		part = append(part, old[i])
	}
	return part
}

// firstImport keeps the setting that an import is known by from limiting anything.
const firstImport = 1_000_000

// importNumber tells which import a server goes on from, 0 for none.
func importNumber(t *testing.T, info control.Info) int {
	t.Helper()
	var settings struct{ RateLimit int }
	status, body, err := call(http.DefaultClient, "GET", info.Control+"/settings/infisical", "", "")
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, body, err)
	}
	if err := json.Unmarshal(body, &settings); err != nil {
		t.Fatal(err)
	}
	return max(0, settings.RateLimit-firstImport)
}

// TestTerminate stops a server that is in the middle of a hundred calls.
func TestTerminate(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a program of its own")
	}
	state := filepath.Join(t.TempDir(), "state")
	first := startProcess(t, "--state", state)
	const calls = 100
	// Each waits in the server until all are there.
	fault := fmt.Sprintf(`{"operation":"infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets","delay":"30s","times":%d}`, calls)
	if status, body, err := call(http.DefaultClient, "POST", first.info.Control+"/faults", "", fault); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %s %v", status, body, err)
	}
	var (
		running sync.WaitGroup
		failed  atomic.Int64
		told    [calls]minted
	)
	client := &http.Client{Transport: &http.Transport{}}
	for i := range calls {
		running.Go(func() {
			var err error
			if told[i], err = mint(client, first.info); err != nil {
				failed.Add(1)
			}
		})
	}
	for {
		status, body, err := call(http.DefaultClient, "GET", first.info.Control+"/faults", "", "")
		if err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, body, err)
		}
		if string(bytes.TrimSpace(body)) == `{"faults":[]}` {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	running.Wait()
	if err := first.Wait(); err != nil {
		t.Errorf("the process ended with %v: %s", err, first.errors)
	}
	if n := failed.Load(); n > 0 {
		t.Fatalf("%d of %d calls were not answered", n, calls)
	}
	second := startProcess(t, "--state", state)
	checkMinted(t, second.info, told[:])
}

// TestStateMistakes tells of files that cannot be used.
func TestStateMistakes(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "foreign")
	if err := os.WriteFile(foreign, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	free := []string{"serve", "--listen", "127.0.0.1:0", "--state"}
	understudy(t, append(free, foreign)...).check(t, 1, "", "state file "+foreign+": it is no state file, or its header is damaged")
	used := filepath.Join(t.TempDir(), "used")
	s := serve(t, "--listen", "127.0.0.1:0", "--log-level", "off", "--state", used)
	understudy(t, append(free, used)...).check(t, 1, "", "state file "+used+": another process has it open")
	s.stop().check(t, 0, "gateway", "")
}

// TestStateLost removes the file of a server that runs: it says so and ends.
func TestStateLost(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	p := startProcess(t, "--state", state)
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err == nil || p.ProcessState.ExitCode() != 1 {
		t.Errorf("it ends with %v", err)
	}
	if want := "it was removed while the server ran: nothing is saved any more"; !bytes.Contains(p.errors.Bytes(), []byte(want)) {
		t.Errorf("it says %s, want %s", p.errors, want)
	}
}

// TestTerminateAtTheEndOfTime stops servers whose clocks cannot go further.
func TestTerminateAtTheEndOfTime(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a program of its own")
	}
	for _, at := range []string{"9999-12-31T20:00:00Z", "0001-01-01T00:00:01Z"} {
		state := filepath.Join(t.TempDir(), "state")
		p := startProcess(t, "--state", state)
		if status, body, err := call(http.DefaultClient, "POST", p.info.Control+"/clock/set", "", `{"to":"`+at+`"}`); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, body, err)
		}
		// A token that lives for twelve hours more, and an answer with timestamps of
		// protocol buffers.
		zitadel := p.info.Providers["zitadel"]
		answer, err := http.PostForm(zitadel.URL+"/oauth/v2/token", url.Values{
			"grant_type": {"client_credentials"}, "scope": {"openid urn:zitadel:iam:org:project:id:zitadel:aud"}, "client_id": {zitadel.Credentials["clientId"]}, "client_secret": {zitadel.Credentials["clientSecret"]},
		})
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer, err)
		}
		var token struct {
			Access string `json:"access_token"`
		}
		if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		for _, c := range []struct{ method, url, token, body string }{
			{"POST", zitadel.URL + "/zitadel.user.v2.UserService/AddSecret", token.Access, `{"userId":"` + zitadel.Credentials["userId"] + `"}`},
			{"POST", zitadel.URL + "/zitadel.application.v2.ApplicationService/ListApplications", token.Access, "{}"},
			{"GET", p.info.Control + "/state", "", ""},
		} {
			if status, body, err := call(http.DefaultClient, c.method, c.url, c.token, c.body); err != nil || status != http.StatusOK {
				t.Errorf("%s: %s: %d %s %v", at, c.url, status, body, err)
			}
		}
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil || p.errors.Len() > 0 {
			t.Errorf("%s: it ends with %v: %s", at, err, p.errors)
		}
		startProcess(t, "--state", state)
	}
}

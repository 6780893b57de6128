package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
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

// TestKill kills a server while clients write. What they were told more than a
// second earlier is there when it comes back.
func TestKill(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	first := startProcess(t, "--state", state, "--seed", "kill")
	const writers = 4
	var (
		writing sync.WaitGroup
		told    [writers][]minted
	)
	client := &http.Client{Transport: &http.Transport{}}
	for i := range writers {
		writing.Go(func() {
			for {
				m, err := mint(client, first.info)
				if err != nil {
					return // the server is gone
				}
				told[i] = append(told[i], m)
			}
		})
	}
	time.Sleep(2500 * time.Millisecond)
	killed := time.Now()
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	writing.Wait()
	_ = first.Wait()

	var due []minted
	all := 0
	for _, list := range told {
		all += len(list)
		for i, m := range list {
			if killed.Sub(m.at) > time.Second && i%10 == 0 { // a part, to be done soon
				due = append(due, m)
			}
		}
	}
	if len(due) == 0 {
		t.Fatal("nothing was written a second before")
	}
	t.Logf("%d secrets were made, %d of them are looked for", all, len(due))
	second := startProcess(t, "--state", state, "--seed", "other")
	if got, want := second.info.Providers["infisical"].Credentials, first.info.Providers["infisical"].Credentials; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the credentials are %v, and were %v", got, want)
	}
	if first.errors.Len() > 0 {
		t.Errorf("the first server says %s", first.errors)
	}
	checkMinted(t, second.info, due)
	if err := second.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = second.Wait() // its log is whole
	if !bytes.Contains(second.errors.Bytes(), []byte("ignored=--seed")) {
		t.Errorf("no warning: %s", second.errors)
	}
}

// TestTerminate stops a server that is in the middle of a hundred calls.
func TestTerminate(t *testing.T) {
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

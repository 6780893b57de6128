package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	soakWindow = 20 * time.Second
	soakFault  = "soaked" // what the injected errors say
	// soakGoroutines is what a server without connections may have, and one more for
	// each core, of the collector's. After a start it is about 18.
	soakGoroutines = 30
)

// A soak keeps one server busy for long: conversations with every provider on
// connections that stay open, while faults, clock, settings and state change.
// Whatever goes wrong without a fault or a change that explains it is counted.
type soak struct {
	server *understudy
	// upheavals is odd while the world is being changed under the callers' feet,
	// and another number afterwards.
	upheavals atomic.Int64

	mu        sync.Mutex
	owed      map[string]int // connections that faults have still to break, by provider
	broken    int            // by faults
	faulted   int            // answers that faults replaced
	disturbed int            // calls that a change of the world explains
	strange   []string       // what nothing explains
	latencies []float64      // of the window, in microseconds
}

// A window is what was seen in some seconds.
type window struct {
	calls, rate, p50, p99, cpu float64
	rss, fds, threads          float64
	faulted, broken, disturbed int
	strange                    int
}

// soak runs for a time and prints what it saw.
func (b *bench) soak(ctx context.Context, most time.Duration) (err error) {
	if most < 4*soakWindow {
		return fmt.Errorf("a soak of %s is too short to compare its thirds; it takes %s at least", most, 4*soakWindow)
	}
	if b.connections < 8 {
		return errors.New("a soak takes 8 connections at least")
	}
	stderr, err := os.Create(filepath.Join(b.folder, "stderr"))
	if err != nil {
		return err
	}
	defer func() { _ = stderr.Close() }()
	b.stderr = stderr
	u, err := b.startCommand(ctx)
	if err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended {
			err = errors.Join(err, u.stop())
		}
	}()
	s := &soak{server: u, owed: map[string]int{}}
	work, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	var group sync.WaitGroup
	// One connection each: two for sandboxes, one that reads the journal, one that
	// changes the world, and the rest for the providers. The stream is another.
	for i := range b.connections - 4 {
		name := []string{"infisical", "workos", "zitadel", "ocs"}[i%4]
		base := u.Providers[name].URL
		if i%8 > 3 {
			base = u.Gateway + "/" + name
		}
		group.Go(func() {
			w := s.worker(work, name, base)
			for work.Err() == nil {
				w.converse(u.Providers[name].Credentials)
			}
		})
	}
	for i := range 2 {
		group.Go(func() { s.sandboxes(work, i) })
	}
	group.Go(func() { s.read(work) })
	group.Go(func() { s.follow(work) })
	group.Go(func() { s.change(work) })

	var windows []window
	for work.Err() == nil {
		w, err := s.watch(work)
		if err != nil {
			return errors.Join(err, ctx.Err())
		}
		if work.Err() == nil { // the last is cut short
			windows = append(windows, w)
		}
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	pause(ctx, 2*time.Second) // in which the server sees its connections closed
	ended = true
	goroutines, err := u.goroutines(stderr.Name())
	if err != nil {
		return err
	}
	printWindows(os.Stdout, windows)
	fmt.Println()
	printTable(os.Stdout, append(s.verdict(windows), atMost(float64(soakGoroutines+runtime.NumCPU()), "%.0f").line("goroutines, connections closed", float64(goroutines), "in the trace that SIGQUIT makes")))
	for _, text := range s.strange[:min(len(s.strange), 20)] {
		fmt.Println("unexpected:", text)
	}
	return nil
}

// goroutines ends the server in the way that makes the runtime write the stack of
// every goroutine, and counts them.
func (u *understudy) goroutines(stderr string) (int, error) {
	if err := u.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		return 0, err
	}
	_ = u.cmd.Wait() // says that it was killed
	trace, err := os.ReadFile(stderr)
	if n := bytes.Count(trace, []byte("\ngoroutine ")); n > 0 || err != nil {
		return n, err
	}
	return 0, errors.New("the server left no trace")
}

// watch waits for the end of a window.
func (s *soak) watch(ctx context.Context) (window, error) {
	pid := s.server.cmd.Process.Pid
	s.mu.Lock()
	s.latencies = nil
	faulted, broken, disturbed, strange := s.faulted, s.broken, s.disturbed, len(s.strange)
	s.mu.Unlock()
	cpu, err := cpuTime(pid)
	if err != nil {
		return window{}, err
	}
	begin := time.Now()
	select {
	case <-ctx.Done():
	case <-time.After(soakWindow):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	after, err := cpuTime(pid)
	if err != nil {
		return window{}, err
	}
	slices.Sort(s.latencies)
	n := len(s.latencies)
	w := window{
		calls: float64(n), rate: float64(n) / time.Since(begin).Seconds(), cpu: microseconds(after-cpu) / float64(n),
		faulted: s.faulted - faulted, broken: s.broken - broken, disturbed: s.disturbed - disturbed, strange: len(s.strange) - strange,
	}
	if n > 0 {
		w.p50, w.p99 = s.latencies[n/2], s.latencies[n*99/100]
	}
	rss, err := residentMemory(pid)
	w.rss = float64(rss) / (1 << 20)
	fds, err2 := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	threads, err3 := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	w.fds, w.threads = float64(len(fds)), float64(len(threads))
	return w, errors.Join(err, err2, err3)
}

// A worker has one connection and one provider.
type worker struct {
	s              *soak
	ctx            context.Context
	client         *http.Client
	provider, base string
	// own: nobody else changes this world, so that nothing excuses a refusal.
	own bool

	n      int
	epoch  int64
	failed bool // the conversation is over
}

func (s *soak) worker(ctx context.Context, provider, base string) *worker {
	transport := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}
	context.AfterFunc(ctx, transport.CloseIdleConnections)
	return &worker{s: s, ctx: ctx, client: &http.Client{Transport: transport}, provider: provider, base: base}
}

// An answer is a JSON object.
type answer map[string]any

// text follows the keys to a string.
func (a answer) text(keys ...string) string {
	var v any = map[string]any(a)
	for _, key := range keys {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	text, _ := v.(string)
	return text
}

// call sends JSON, or a form, unless the conversation has failed.
func (w *worker) call(method, path, bearer string, body any) answer {
	if w.failed || w.ctx.Err() != nil {
		return nil
	}
	media, text := mediaJSON, ""
	switch b := body.(type) {
	case url.Values:
		media, text = "application/x-www-form-urlencoded", b.Encode()
	case string:
		text = b
	}
	r, err := http.NewRequestWithContext(w.ctx, method, w.base+path, strings.NewReader(text))
	if err != nil {
		panic(err) // a path that is none
	}
	if text != "" {
		r.Header.Set("Content-Type", media)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	begin := time.Now()
	status, got, err := w.send(r)
	took := microseconds(time.Since(begin))
	if w.ctx.Err() != nil {
		w.failed = true // cut short by the end
		return nil
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if w.provider != "" {
		w.s.latencies = append(w.s.latencies, took)
	}
	w.failed = err != nil || status/100 != 2
	switch changed := w.epoch%2 == 1 || w.epoch != w.s.upheavals.Load(); {
	case !w.failed:
	case err != nil && !w.own && w.s.owed[w.provider] > 0:
		w.s.owed[w.provider]--
		w.s.broken++
	case err == nil && !w.own && bytes.Contains(got, []byte(soakFault)):
		w.s.faulted++
	case err == nil && status/100 == 4 && changed && !w.own:
		w.s.disturbed++
	default:
		w.s.strange = append(w.s.strange, fmt.Sprintf("%s %s%s: %d %v %.300s", method, w.provider, path, status, err, got))
	}
	var a answer
	if !w.failed && bytes.HasPrefix(got, []byte("{")) {
		_ = json.Unmarshal(got, &a)
	}
	return a
}

func (w *worker) send(r *http.Request) (status int, body []byte, err error) {
	got, err := w.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = got.Body.Close() }()
	body, err = io.ReadAll(got.Body)
	return got.StatusCode, body, err
}

// converse makes something, uses it and removes it, so that no more is left than
// what faults have interrupted; a reset takes that away.
func (w *worker) converse(c map[string]string) {
	w.n++
	w.failed, w.epoch = false, w.s.upheavals.Load()
	switch w.provider {
	case "infisical":
		w.infisical(c)
	case "workos":
		w.workos(c)
	case "zitadel":
		w.zitadel(c)
	case "ocs":
		w.ocs(c)
	}
}

func (w *worker) infisical(c map[string]string) {
	t := c["accessToken"]
	id := w.call("POST", "/api/v1/identities", t, `{"name":"soak","role":"member","organizationId":"`+c["organizationId"]+`"}`).text("identity", "id")
	auth := "/api/v1/auth/universal-auth/identities/" + id
	client := w.call("POST", auth, t, `{}`).text("identityUniversalAuth", "clientId")
	for range 5 {
		made := w.call("POST", auth+"/client-secrets", t, secretBody)
		login := w.call("POST", "/api/v1/auth/universal-auth/login", "", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, client, made.text("clientSecret")))
		w.call("GET", auth+"/client-secrets", t, nil)
		w.call("POST", "/api/v1/auth/token/renew", "", fmt.Sprintf(`{"accessToken":%q}`, login.text("accessToken")))
		w.call("POST", auth+"/client-secrets/"+made.text("clientSecretData", "id")+"/revoke", t, `{}`)
	}
	in := `"workspaceId":"` + c["projectId"] + `","environment":"dev"`
	name := fmt.Sprintf("/api/v3/secrets/raw/SOAK_%p_%d", w, w.n)
	w.call("POST", name, t, `{`+in+`,"secretValue":"v"}`)
	w.call("GET", name+"?environment=dev&workspaceId="+c["projectId"], t, nil)
	w.call("PATCH", name, t, `{`+in+`,"secretValue":"w"}`)
	w.call("DELETE", name, t, `{`+in+`}`)
	w.call("DELETE", "/api/v1/identities/"+id, t, nil)
}

func (w *worker) workos(c map[string]string) {
	t := c["apiKey"]
	app := w.call("POST", "/connect/applications", t, `{"name":"soak","application_type":"m2m","organization_id":"`+c["organizationId"]+`","scopes":["a"]}`)
	path := "/connect/applications/" + app.text("id")
	for range 4 {
		made := w.call("POST", path+"/client_secrets", t, `{}`)
		by := url.Values{"client_id": {app.text("client_id")}, "client_secret": {made.text("secret")}, "grant_type": {"client_credentials"}}
		by.Set("token", w.call("POST", "/oauth2/token", "", by).text("access_token"))
		by.Del("grant_type")
		w.call("POST", "/oauth2/introspection", "", by)
		w.call("GET", path+"/client_secrets", t, nil)
		w.call("DELETE", "/connect/client_secrets/"+made.text("id"), t, nil)
	}
	w.call("DELETE", path, t, nil)
}

func (w *worker) zitadel(c map[string]string) {
	t := c["accessToken"]
	const rpc = "/zitadel.application.v2.ApplicationService/"
	name := fmt.Sprintf("soak-%p-%d", w, w.n)
	user := "/management/v1/users/" + w.call("POST", "/management/v1/users/machine", t, `{"userName":"`+name+`","name":"soak"}`).text("userId")
	apps := "/management/v1/projects/" + c["projectId"] + "/apps"
	app := w.call("POST", apps+"/api", t, `{"name":"`+name+`"}`)
	of := fmt.Sprintf(`{"projectId":%q,"applicationId":%q}`, c["projectId"], app.text("appId"))
	for range 3 {
		form := url.Values{
			"grant_type": {"client_credentials"}, "client_id": {name}, "scope": {"openid urn:zitadel:iam:org:project:id:" + c["projectId"] + ":aud"},
			"client_secret": {w.call("PUT", user+"/secret", t, `{}`).text("clientSecret")},
		}
		token := w.call("POST", "/oauth/v2/token", "", form).text("access_token")
		secret := w.call("POST", rpc+"GenerateClientSecret", t, of).text("clientSecret")
		w.call("POST", "/oauth/v2/introspect", "", url.Values{"client_id": {app.text("clientId")}, "client_secret": {secret}, "token": {token}})
		w.call("POST", rpc+"GetApplication", t, of)
		pat := w.call("POST", user+"/pats", t, `{}`)
		w.call("POST", user+"/pats/_search", t, `{}`)
		w.call("DELETE", user+"/pats/"+pat.text("tokenId"), t, nil)
	}
	w.call("DELETE", apps+"/"+app.text("appId"), t, nil)
	w.call("DELETE", user, t, nil)
}

func (w *worker) ocs(c map[string]string) {
	t := c["accessToken"]
	clients := "/api/v1/Tenants/" + c["tenantId"] + "/ClientCredentialClients"
	made := w.call("POST", clients, t, `{"Name":"soak","RoleIds":["`+c["memberRoleId"]+`"]}`)
	path := clients + "/" + made.text("Client", "Id")
	for range 4 {
		secret := w.call("POST", path+"/Secrets", t, `{"Description":"soak","Expires":false}`)
		token := w.call("POST", "/identity/connect/token", "", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {made.text("Client", "Id")}, "client_secret": {secret.text("Secret")},
		}).text("access_token")
		w.call("GET", "/api/v1/Tenants/"+c["tenantId"], token, nil)
		w.call("GET", path+"/Secrets", t, nil)
		w.call("DELETE", fmt.Sprintf("%s/Secrets/%s", path, number(secret["Id"])), t, nil)
	}
	w.call("DELETE", path, t, nil)
}

// number writes an id that may be a JSON number.
func number(v any) string {
	if f, ok := v.(float64); ok {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprint(v)
}

// sandboxes makes worlds, uses each provider in them and ends them.
func (s *soak) sandboxes(ctx context.Context, i int) {
	control := s.worker(ctx, "", s.server.Gateway)
	control.own = true
	for ctx.Err() == nil {
		control.failed = false
		place := fmt.Sprintf("/~soak-%d", i)
		control.call("PUT", place+"/_understudy", "", `{"seed":"soak"}`)
		info := control.call("GET", place+"/_understudy/info", "", nil)
		providers, _ := info["providers"].(map[string]any)
		for name := range providers {
			credentials := map[string]string{}
			of, _ := providers[name].(map[string]any)
			values, _ := of["credentials"].(map[string]any)
			for key, value := range values {
				credentials[key] = fmt.Sprint(value)
			}
			w := *control
			w.provider, w.base = name, s.server.Gateway+place+"/"+name
			w.converse(credentials)
		}
		control.call("POST", place+"/_understudy/clock/advance", "", `{"by":"48h"}`)
		control.call("DELETE", place+"/_understudy", "", nil)
	}
}

// read reads what a test would.
func (s *soak) read(ctx context.Context) {
	w := s.worker(ctx, "", s.server.Gateway+"/_understudy")
	for ctx.Err() == nil {
		w.failed = false
		for _, path := range []string{"/journal?limit=20", "/journal?provider=zitadel&status=200&limit=5", "/faults", "/clock", "/info", "/health"} {
			w.call("GET", path, "", nil)
			pause(ctx, 10*time.Millisecond)
		}
	}
}

// follow listens to the journal and comes back when the stream ends, which only a
// change of the world may bring about.
func (s *soak) follow(ctx context.Context) {
	w := s.worker(ctx, "", "")
	for ctx.Err() == nil {
		epoch := s.upheavals.Load()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.Gateway+"/_understudy/journal/stream?provider=ocs", nil)
		if err != nil {
			panic(err)
		}
		got, err := w.client.Do(r)
		if err == nil {
			in := bufio.NewReader(got.Body)
			for err == nil {
				_, err = in.ReadSlice('\n')
				if errors.Is(err, bufio.ErrBufferFull) {
					err = nil
				}
			}
			_ = got.Body.Close()
		}
		if ctx.Err() == nil && epoch == s.upheavals.Load() {
			s.mu.Lock()
			s.strange = append(s.strange, fmt.Sprintf("the stream ended: %v", err))
			s.mu.Unlock()
		}
	}
}

// soakFaults are what calls are made to meet.
var soakFaults = []struct {
	fault  string
	breaks bool
}{
	{`"status":503,"message":"` + soakFault + `","undocumented":true`, false},
	{`"status":500,"message":"` + soakFault + `","undocumented":true,"after":true`, false},
	{`"delay":"5ms"`, false},
	{`"drop":true`, true},
	{`"drop":true,"after":true`, true},
	{`"truncate":true`, true},
}

// soakTargets are the operations they are set on: only such as are called by POST,
// which a client does not send again by itself when its connection breaks.
var soakTargets = [][2]string{
	{"infisical", "POST /api/v1/auth/universal-auth/login"},
	{"infisical", "POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets"},
	{"workos", "POST /oauth2/token"},
	{"workos", "POST /connect/applications/{id}/client_secrets"},
	{"zitadel", "POST /oauth/v2/token"},
	{"zitadel", "/zitadel.application.v2.ApplicationService/GetApplication"},
	{"ocs", "POST /identity/connect/token"},
	{"ocs", "POST /api/v1/Tenants/{tenantId}/ClientCredentialClients/{clientId}/Secrets"},
}

// change sets faults all the time and turns the world upside down now and then.
func (s *soak) change(ctx context.Context) {
	w := s.worker(ctx, "", s.server.Gateway+"/_understudy")
	upheaval := func(do func()) {
		w.failed = false
		s.upheavals.Add(1)
		do()
		s.upheavals.Add(1)
	}
	// Another state takes the counter of identifiers back with it, so that they come
	// again: what began before must be over before strangers are told apart.
	replace := func(do func()) func() {
		return func() {
			upheaval(func() { do(); pause(ctx, 2*time.Second) })
		}
	}
	advance := func(by string) func() {
		return func() { upheaval(func() { w.call("POST", "/clock/advance", "", `{"by":"`+by+`"}`) }) }
	}
	// For a moment, another setting.
	set := func(provider, other, back string) func() {
		return func() {
			upheaval(func() {
				w.call("PATCH", "/settings/"+provider, "", other)
				pause(ctx, 100*time.Millisecond)
				w.call("PATCH", "/settings/"+provider, "", back)
				pause(ctx, 20*time.Millisecond)
			})
		}
	}
	chores := []func(){
		advance("1m"), advance("90m"),
		set("workos", `{"tokenLifetime":"10m"}`, `{"tokenLifetime":"5m"}`), set("zitadel", `{"lag":"20ms"}`, `{"lag":"0s"}`),
		replace(func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/state", nil)
			if err != nil {
				panic(err)
			}
			if _, state, err := w.send(r); err == nil {
				w.call("PUT", "/state", "", string(state))
			}
		}),
		advance("72h"),
		set("ocs", `{"strictRoles":true}`, `{"strictRoles":false}`), set("infisical", `{"rateLimit":50}`, `{"rateLimit":0}`),
		func() {
			upheaval(func() {
				w.call("POST", "/clock/freeze", "", `{}`)
				pause(ctx, 50*time.Millisecond)
				w.call("POST", "/clock/resume", "", `{}`)
			})
		},
		advance("720h"),
		replace(func() { w.call("POST", "/reset", "", `{}`) }),
	}
	next := time.Now()
	for n, chore := 0, 0; ctx.Err() == nil; n++ {
		f, target := soakFaults[n%len(soakFaults)], soakTargets[n/len(soakFaults)%len(soakTargets)]
		if f.breaks {
			s.mu.Lock()
			s.owed[target[0]]++
			s.mu.Unlock()
		}
		w.failed = false
		w.call("POST", "/faults", "", fmt.Sprintf(`{"provider":%q,"operation":%q,%s}`, target[0], target[1], f.fault))
		pause(ctx, 20*time.Millisecond)
		if time.Now().After(next) {
			chores[chore%len(chores)]()
			chore++
			next = time.Now().Add(time.Minute / time.Duration(len(chores)))
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func printWindows(w io.Writer, windows []window) {
	fmt.Fprintln(w, "| from | calls/s | p50 | p99 | CPU a call | RSS | files | threads | by fault: refused | broken | by change | unexpected |\n|---|---|---|---|---|---|---|---|---|---|---|---|")
	for i, v := range windows {
		fmt.Fprintf(w, "| %s | %.0f | %.0f µs | %.1f ms | %.0f µs | %.1f MiB | %.0f | %.0f | %d | %d | %d | %d |\n", time.Duration(i)*soakWindow,
			v.rate, v.p50, v.p99/1000, v.cpu, v.rss, v.fds, v.threads, v.faulted, v.broken, v.disturbed, v.strange)
	}
}

// verdict holds the last third of the windows to the middle one; the first is for
// warming up.
func (s *soak) verdict(windows []window) []line {
	third := len(windows) / 3
	of := func(from []window, what func(window) float64) float64 {
		var values []float64
		for _, w := range from {
			values = append(values, what(w))
		}
		return median(values)
	}
	var lines []line
	for _, v := range []struct {
		what, format string
		limit        float64
		value        func(window) float64
	}{
		{"resident memory", "%.1f MiB", 1.1, func(w window) float64 { return w.rss }},
		{"open files", "%.0f", 1.1, func(w window) float64 { return w.fds }},
		{"threads", "%.0f", 1.2, func(w window) float64 { return w.threads }},
		{"median latency", "%.0f µs", 1.2, func(w window) float64 { return w.p50 }},
		{"CPU a call", "%.0f µs", 1.2, func(w window) float64 { return w.cpu }},
	} {
		middle, last := of(windows[third:2*third], v.value), of(windows[len(windows)-third:], v.value)
		lines = append(lines, atMost(v.limit, "%.2f").line(v.what+", last third over middle third", last/middle, v.format+" after "+v.format, last, middle))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls float64
	for _, w := range windows {
		calls += w.calls
	}
	left := 0
	for _, n := range s.owed {
		left += n
	}
	return append(lines, atMost(0, "%.0f").line("unexpected", float64(len(s.strange)),
		"%s calls; faults refused %d and broke %d, %d more were not met; a changed world refused %d",
		thousands(int(calls)), s.faulted, s.broken, left, s.disturbed))
}

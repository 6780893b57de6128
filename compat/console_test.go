package compat

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/emulator/population"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// A console is a server's console, open in a browser.
type console struct {
	*chromium
	srv  *emulator.Server
	inf  *infisical.Provider
	info emulator.Info

	mu       sync.Mutex
	problems []string // what the browser complained of
	hosts    map[string]bool
}

// openConsole opens the console of a new server. When the test ends, the browser must
// have complained of nothing and asked no other host.
func openConsole(t *testing.T, scheme string, width, height int) *console {
	t.Helper()
	c := &console{chromium: startChromium(t), inf: infisical.New(), hosts: map[string]bool{}}
	var err error
	c.srv, err = emulator.New(c.inf, workos.New(), zitadel.New(), ocs.New(), emulator.WithAnswerChecks(), population.Of(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.srv.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.srv.Close() })
	c.info = c.srv.Info()
	c.watch(c.hear)
	for _, domain := range []string{"Runtime", "Log", "Network"} {
		c.call(t, domain+".enable", nil, nil)
	}
	c.call(t, "Emulation.setFocusEmulationEnabled", map[string]any{"enabled": true}, nil)
	c.call(t, "Browser.grantPermissions", map[string]any{"permissions": []string{"clipboardReadWrite", "clipboardSanitizedWrite"}}, nil)
	c.show(t, scheme, width, height)
	c.open(t, c.info.Gateway+"/")
	c.until(t, `document.querySelector('.link.on')`)
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, problem := range c.problems {
			t.Errorf("the browser complains: %s", problem)
		}
		own, _ := url.Parse(c.info.Gateway)
		delete(c.hosts, own.Host)
		if len(c.hosts) > 0 {
			t.Errorf("the page asks other hosts: %v", c.hosts)
		}
	})
	return c
}

// hear keeps what must not happen.
func (c *console) hear(method string, params json.RawMessage) {
	var event struct {
		Type             string
		Entry            struct{ Level, Text, URL string }
		ExceptionDetails json.RawMessage
		Request          struct{ URL string }
	}
	_ = json.Unmarshal(params, &event)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case method == "Network.requestWillBeSent":
		if u, err := url.Parse(event.Request.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws") {
			c.hosts[u.Host] = true
		}
	case strings.HasSuffix(event.Entry.URL, "/favicon.ico"): // asked for beside what is no page
	case method == "Log.entryAdded" && event.Entry.Level == "error":
		c.problems = append(c.problems, event.Entry.Text+" "+event.Entry.URL)
	case method == "Runtime.exceptionThrown", method == "Runtime.consoleAPICalled" && (event.Type == "error" || event.Type == "assert"):
		c.problems = append(c.problems, string(params))
	}
}

// show sets what the page is shown on.
func (b *chromium) show(t *testing.T, scheme string, width, height int) {
	t.Helper()
	b.call(t, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}}}, nil)
	b.call(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// view goes to a view and waits until what shows that it is there.
func (c *console) view(t *testing.T, hash, there string) {
	t.Helper()
	c.eval(t, fmt.Sprintf("location.hash = %q", "#/"+hash), nil)
	c.until(t, there)
}

// click clicks what has the text or the label.
func (c *console) click(t *testing.T, text string) {
	t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('button, a, summary')].findLast((e) => e.checkVisibility() && (e.textContent.trim() === %[1]q || e.ariaLabel === %[1]q))`, text)
	c.until(t, find)
	c.eval(t, find+".click()", nil)
}

// says waits until the page shows a text.
func (c *console) says(t *testing.T, text string) {
	t.Helper()
	c.until(t, fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// login makes the call that programs begin with.
func (c *console) login(t *testing.T, base, secret string) string {
	t.Helper()
	id := c.info.Providers["infisical"].Credentials["clientId"]
	return curl(t, "-d", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, id, secret), "-H", "Content-Type: application/json", base+"/api/v1/auth/universal-auth/login")
}

// mint makes a client secret.
func (c *console) mint(t *testing.T, body string) {
	t.Helper()
	at := c.info.Providers["infisical"]
	curl(t, "-d", body, "-H", "Authorization: Bearer "+at.Credentials["accessToken"], "-H", "Content-Type: application/json",
		at.URL+"/api/v1/auth/universal-auth/identities/"+at.Credentials["identityId"]+"/client-secrets")
}

// lived makes calls such as a program makes in its first minutes: good ones, some that
// are refused, and one that a fault strikes.
func (c *console) lived(t *testing.T) {
	t.Helper()
	at, zi, wo := c.info.Providers["infisical"], c.info.Providers["zitadel"], c.info.Providers["workos"]
	c.login(t, at.URL, at.Credentials["clientSecret"])
	for _, body := range []string{`{"description":"nightly","ttl":3600}`, `{"description":"deploy","ttl":2592000,"numUsesLimit":5}`, `{"ttl":60}`} {
		c.mint(t, body)
	}
	c.login(t, at.URL, "wrong")
	curl(t, "-d", "grant_type=client_credentials", "-u", zi.Credentials["clientId"]+":"+zi.Credentials["clientSecret"], "-d", "scope=openid", zi.URL+"/oauth/v2/token")
	curl(t, at.URL+"/api/v1/auth/nowhere")
	curl(t, "-d", `{"by":"90m"}`, "-H", "Content-Type: application/json", c.info.Control+"/clock/advance")
	curl(t, "-d", `{"operation":"infisical POST /api/v1/auth/universal-auth/login","status":503,"after":true}`, "-H", "Content-Type: application/json", c.info.Control+"/faults")
	c.login(t, at.URL, at.Credentials["clientSecret"])
	curl(t, "-d", `{}`, "-H", "Authorization: Bearer "+wo.Credentials["apiKey"], "-H", "Content-Type: application/json", wo.URL+"/connect/applications/"+wo.Credentials["applicationId"]+"/client_secrets")
	c.until(t, `document.querySelectorAll('.journal [role=row]').length >= 9`)
}

// curl makes a call with curl and returns the answer's body, whatever its status.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-sS", "--noproxy", "*", "--max-time", "30"}, args...)...).Output()
	if err != nil {
		t.Fatalf("curl %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// TestConsole walks through the console as somebody does who tries it.
func TestConsole(t *testing.T) {
	c := openConsole(t, "light", 1280, 800)
	at := c.info.Providers["infisical"]
	secret := at.Credentials["clientSecret"]

	// A call arrives, and says why it was refused.
	c.says(t, "Nothing has called yet")
	c.login(t, at.URL, "wrong")
	c.until(t, `document.querySelector('[role=row] .pill.warn')?.textContent === '401'`)
	c.eval(t, `document.querySelector('[role=row]').click()`, nil)
	c.says(t, "no such client secret")
	c.says(t, "The true cause")
	c.click(t, "Copy as curl")
	c.says(t, "Copied")
	var command string
	c.eval(t, "navigator.clipboard.readText()", &command)
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", command).Output(); err != nil || !strings.Contains(string(out), "Invalid credentials") {
		t.Errorf("the call as curl: %v, %s\n%s", err, out, command)
	}

	// A credential is copied.
	c.view(t, "providers", `document.querySelector('.pairs')`)
	c.click(t, "Copy clientSecret") // of the last provider
	c.says(t, "Copied clientSecret")
	var copied string
	c.eval(t, "navigator.clipboard.readText()", &copied)
	if want := c.info.Providers["zitadel"].Credentials["clientSecret"]; copied != want {
		t.Errorf("%q is copied, not %q", copied, want)
	}

	// A setting is changed, and the others stay.
	c.click(t, "Settings") // of the last provider
	c.until(t, `document.querySelector('details[open] .settings input')`)
	c.eval(t, `[...document.querySelectorAll('details[open] .settings label')].find((l) => l.textContent === 'lag').querySelector('input').value = '5s'`, nil)
	c.click(t, "Save")
	c.says(t, "The settings of zitadel hold")
	if got := curl(t, c.info.Control+"/settings/zitadel"); !strings.Contains(got, `"lag":"5s"`) {
		t.Errorf("the settings after the change: %s", got)
	}

	// A secret dies as the clock goes on.
	c.mint(t, `{"ttl":3600}`)
	c.view(t, "inventory", `document.querySelector('.state.good')`)
	c.says(t, "works, expires in 59 min")
	c.view(t, "clock", `document.getElementById('ahead')`)
	c.click(t, "+1 d")
	c.says(t, "1 d ahead of real time")
	c.view(t, "inventory", `document.querySelector('.state.bad')`)
	c.says(t, "expired")
	c.until(t, `document.querySelector('.lifeline circle.expired')`)

	// A fault is picked from the list, and strikes.
	c.view(t, "faults", `document.querySelectorAll('#operations option').length > 20`)
	c.eval(t, `{const s = document.querySelector('input[type=search]'); s.value = 'universal-auth/login'; s.dispatchEvent(new Event('input'));}`, nil)
	c.until(t, `document.querySelectorAll('#operations option').length === 1 && document.querySelector('.chip input[value="500"]')`)
	c.eval(t, `document.querySelector('.chip input[value="500"]').click()`, nil)
	c.click(t, "Fail the next call")
	c.until(t, `document.getElementById('waiting').textContent.startsWith('1')`)
	c.login(t, at.URL, secret)
	c.until(t, `document.getElementById('waiting').hidden`)
	c.view(t, "journal", `document.querySelector('[role=row] .pill.fault')?.textContent === '500'`)

	// The next one fails like this one.
	c.eval(t, `document.querySelector('[role=row]').click()`, nil)
	c.click(t, "Fail the next one like this")
	c.until(t, `document.querySelector('.chip input:checked')?.value === '500'`)
	c.click(t, "Fail the next call")
	c.until(t, `document.querySelectorAll('.waiting li').length === 1`)
	c.click(t, "Remove all")
	c.says(t, "No fault waits")

	// A sandbox is made and entered, and has its own journal.
	c.view(t, "sandboxes", `document.querySelector('main form')`)
	c.says(t, "There is no sandbox")
	c.eval(t, `document.querySelector('main form input').value = 'mine'`, nil)
	c.click(t, "Make a sandbox")
	c.click(t, "Enter")
	c.until(t, `document.querySelector('.tag.sandbox b')?.textContent === 'mine' && document.querySelector('.link.on')`)
	c.says(t, "Nothing has called yet")
	c.login(t, c.info.Gateway+"/~mine/infisical", secret)
	c.until(t, `document.querySelectorAll('[role=row]').length === 1`)

	// The world is taken out and put back.
	c.open(t, c.info.Gateway+"/#/world")
	c.until(t, `document.querySelector('.link.on')`)
	folder := t.TempDir()
	c.call(t, "Browser.setDownloadBehavior", map[string]any{"behavior": "allow", "downloadPath": folder}, nil)
	before := len(c.srv.Inventory())
	c.click(t, "Export the state")
	file := filepath.Join(folder, "understudy-state.json")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if at, err := os.Stat(file); err == nil && at.Size() > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no file was exported")
		}
	}
	c.mint(t, `{}`)
	var input struct{ Result struct{ ObjectID string } }
	c.call(t, "Runtime.evaluate", map[string]any{"expression": `document.querySelector('input[type=file]')`}, &input)
	c.call(t, "DOM.setFileInputFiles", map[string]any{"files": []string{file}, "objectId": input.Result.ObjectID}, nil)
	c.click(t, "Import")
	c.until(t, `document.querySelector('dialog[open]')`)
	c.click(t, "Import") // the last such button is the dialog's
	c.says(t, "The state is imported")
	if after := len(c.srv.Inventory()); after != before {
		t.Errorf("%d credentials after the import, %d before the export", after, before)
	}

	// It starts over, filled with invented rows.
	c.eval(t, `document.querySelector('input[type=number]').value = 20`, nil)
	c.click(t, "Start over")
	c.until(t, `document.querySelector('dialog[open]')`)
	c.click(t, "Start over") // the dialog's
	c.says(t, "The world has started over")
	if after := len(c.srv.Inventory()); after < before+20 {
		t.Errorf("%d credentials after filling the world, %d before", after, before)
	}
}

// typed writes into what has the focus.
func (c *console) typed(t *testing.T, text string) {
	t.Helper()
	c.call(t, "Input.insertText", map[string]any{"text": text}, nil)
}

// tab presses the tab key until the focus is on what a selector finds.
func (c *console) tab(t *testing.T, selector string) {
	t.Helper()
	for range 120 {
		c.press(t, "Tab", 9)
		var there bool
		c.eval(t, fmt.Sprintf("document.activeElement.matches(%q)", selector), &there)
		if there {
			return
		}
	}
	t.Fatalf("the keyboard does not reach %s", selector)
}

// TestConsoleKeyboard does by the keyboard alone what people do: reading a call,
// moving the clock, planting a fault, making a sandbox.
func TestConsoleKeyboard(t *testing.T) {
	c := openConsole(t, "dark", 1280, 800)
	at := c.info.Providers["infisical"]
	c.login(t, at.URL, "wrong")
	c.login(t, at.URL, at.Credentials["clientSecret"])
	c.until(t, `document.querySelectorAll('[role=row]').length === 2`)
	c.tab(t, ".skip")
	c.press(t, "Enter", 13)
	c.until(t, `document.activeElement.id === 'main'`)
	c.tab(t, "[role=grid]")
	c.press(t, "ArrowDown", 40)
	c.press(t, "ArrowDown", 40)
	c.until(t, `document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.textContent.includes('401')`)
	c.press(t, "Enter", 13)
	c.until(t, `document.activeElement.matches('.detail') && document.activeElement.textContent.includes('no such client secret')`)
	c.press(t, "Escape", 27)
	c.until(t, `document.activeElement.matches('[role=grid]') && document.querySelector('.detail').hidden`)

	c.tab(t, `nav a[href="#/clock"]`)
	c.press(t, "Enter", 13)
	c.until(t, `document.getElementById('ahead')`)
	was := c.srv.Clock.Now()
	c.tab(t, "#ahead")
	for range 3 {
		c.press(t, "PageUp", 33)
	}
	c.tab(t, "button")
	c.press(t, "Enter", 13)
	c.says(t, "The clock went forward")
	if moved := c.srv.Clock.Now().Sub(was); moved < time.Minute {
		t.Errorf("the clock went forward by %s", moved)
	}

	c.tab(t, `nav a[href="#/faults"]`)
	c.press(t, "Enter", 13)
	c.until(t, `document.querySelectorAll('#operations option').length > 20`)
	c.tab(t, "input[type=search]")
	c.typed(t, "universal-auth/login")
	c.until(t, `document.querySelectorAll('#operations option').length === 1`)
	c.tab(t, ".chip input")
	c.press(t, "ArrowRight", 39)
	c.tab(t, "form button")
	c.press(t, "Enter", 13)
	c.until(t, `document.querySelectorAll('.waiting li').length === 1`)
	c.tab(t, ".waiting button")
	c.press(t, "Enter", 13)
	c.says(t, "No fault waits")

	c.tab(t, `nav a[href="#/sandboxes"]`)
	c.press(t, "Enter", 13)
	c.until(t, `document.querySelector('main form input')`)
	c.tab(t, "main form input")
	c.typed(t, "keys")
	c.press(t, "Enter", 13)
	c.until(t, `document.activeElement.textContent === 'Enter'`)
	c.press(t, "Enter", 13)
	c.until(t, `document.querySelector('.tag.sandbox b')?.textContent === 'keys'`)
}

// consoleViews are the views, and what shows that each is there.
var consoleViews = []struct{ name, hash, there string }{
	{"journal", "journal", `document.querySelectorAll('.journal [role=row]').length > 5`},
	{"refusal", "journal/5", `document.querySelector('.journal .fact.warn')`},
	{"fault", "journal/8", `document.querySelector('.journal .fact.fault')`},
	{"inventory", "inventory", `document.querySelectorAll('.inventory [role=row]').length > 4`},
	{"credential", "inventory", `document.querySelector('.inventory .events') || document.querySelector('.inventory [role=row]')?.click()`},
	{"clock", "clock", `document.querySelector('.lane circle')`},
	{"faults", "faults?operation=infisical%20POST%20/api/v1/auth/universal-auth/login", `document.querySelector('.chip')`},
	{"providers", "providers", `document.querySelector('.pairs')`},
	{"settings", "providers", `document.querySelectorAll('details').forEach((d) => { d.open = true; }) ||
		document.querySelectorAll('.settings input').length > 8 && (document.querySelector('.settings').scrollIntoView({block: 'center'}), true)`},
	{"sandboxes", "sandboxes", `document.querySelector('.waiting, .empty')`},
	{"world", "world", `document.querySelector('.card')`},
	{"rehearsal", "rehearsal", `document.querySelector('.empty')`},
}

// TestConsoleLooks goes through all views, light and dark, wide and at 360 px: nothing
// is cut off, and axe-core finds nothing that keeps people out. Where SCREENSHOTS
// names a folder, it keeps what each looks like, and makes the pictures of docs/ anew.
func TestConsoleLooks(t *testing.T) {
	axe := axeCore(t)
	c := openConsole(t, "light", 1280, 800)
	c.screenshot(t, "empty")
	c.show(t, "light", 1280, 800)
	c.lived(t)
	curl(t, "-X", "PUT", c.info.Gateway+"/~pull-request-42/_understudy")
	curl(t, "-d", `{"operation":"workos GET /connect/applications/{id}","delay":"2s","times":3}`, "-H", "Content-Type: application/json", c.info.Control+"/faults")
	if axe != "" {
		c.eval(t, axe+"; 0", nil)
	}
	for _, size := range []struct {
		name          string
		width, height int
	}{{"", 1280, 800}, {"narrow-", 360, 740}} {
		for _, scheme := range []string{"light", "dark"} {
			c.show(t, scheme, size.width, size.height)
			for _, v := range consoleViews {
				c.view(t, v.hash, v.there)
				if v.name == "clock" {
					c.eval(t, "{const a = document.getElementById('ahead'); a.value = 560; a.dispatchEvent(new Event('input'));}", nil)
				}
				if folder := os.Getenv("SCREENSHOTS"); folder != "" {
					c.capture(t, filepath.Join(folder, size.name+v.name+"-"+scheme+".png"))
				}
				if picture := map[string]string{"inventory-light": "console-inventory.png", "refusal-dark": "console-journal.png"}[size.name+v.name+"-"+scheme]; picture != "" && os.Getenv("SCREENSHOTS") != "" {
					c.capture(t, filepath.Join(repository, "docs", picture))
				}
				var wide []string
				c.eval(t, `[document.documentElement, document.querySelector('main')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.tagName + ' ' + e.scrollWidth)`, &wide)
				if len(wide) > 0 {
					t.Errorf("%s at %d px is wider than the window: %v", v.name, size.width, wide)
				}
				if axe == "" {
					continue
				}
				var found []string
				c.eval(t, `axe.run().then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.html.slice(0, 200) + ' ' + n.failureSummary)))`, &found)
				for _, violation := range found {
					t.Errorf("%s, %s, %d px: %s", v.name, scheme, size.width, violation)
				}
			}
		}
	}
}

// axeCore returns the script of axe-core, or "" with the reason in the log.
func axeCore(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Logf("SKIP axe-core: %v", err)
		return ""
	}
	run(t, "node-axe", nil, "npm", "ci", "--no-audit", "--no-fund")
	script, err := os.ReadFile("node-axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// TestConsoleHostile sends texts that try to be more than texts.
func TestConsoleHostile(t *testing.T) {
	c := openConsole(t, "light", 1280, 800)
	at := c.info.Providers["infisical"]
	const markup = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	const marks = "a\u202Egnp.exe\u2066\u200F"
	c.inf.SeedIdentity(infisical.Identity{Name: markup})
	c.inf.SeedIdentity(infisical.Identity{Name: marks + strings.Repeat("n", 64<<10)})
	c.login(t, at.URL, markup+marks)
	curl(t, at.URL+"/"+url.PathEscape(markup+marks))
	curl(t, at.URL+"/"+strings.Repeat("p", 60<<10))
	c.until(t, `document.querySelectorAll('[role=row]').length === 3`)
	for seq := 1; seq <= 3; seq++ {
		c.view(t, fmt.Sprintf("journal/%d", seq), fmt.Sprintf(`document.querySelector('.detail .seq')?.textContent === '#%d'`, seq))
		c.eval(t, `document.querySelectorAll('details').forEach((d) => { d.open = true; })`, nil)
	}
	c.view(t, "journal/1", `document.querySelector('.detail pre')?.textContent.includes('<script>')`)
	c.view(t, "inventory", `document.querySelectorAll('.inventory [role=row]').length > 4`)
	c.says(t, markup)
	var got struct {
		Title             string
		Images, Loose, Hi int
	}
	c.eval(t, `({title: document.title, images: document.querySelectorAll('main img, main script').length,
		loose: [...document.querySelectorAll('bdi')].filter((e) => getComputedStyle(e).unicodeBidi !== 'isolate').length,
		hi: Math.max(...[...document.querySelectorAll('[role=row]')].map((e) => e.offsetHeight))})`, &got)
	if got.Title != "Understudy" || got.Images != 0 || got.Loose != 0 || got.Hi > 120 {
		t.Errorf("a text is more than that: %+v", got)
	}
}

// TestConsoleForeign lets a page of another origin try to drive the console's server.
func TestConsoleForeign(t *testing.T) {
	c := openConsole(t, "light", 800, 600)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Elsewhere</title><iframe name=frame></iframe><form method=post target=frame action=%q></form>`, c.info.Control+"/clock/freeze")
	}))
	t.Cleanup(page.Close)
	c.watch(nil) // it may well complain
	c.open(t, strings.Replace(page.URL, "127.0.0.1", "localhost", 1))
	was := c.srv.Clock.Now()
	var read []string
	c.eval(t, fmt.Sprintf(`(async () => {
		const control = %q, read = [];
		const post = (path, body, type) => fetch(control + path, {method: 'POST', mode: 'no-cors', body, headers: {'Content-Type': type}}).catch(() => {});
		await post('/clock/advance', '{"by":"720h"}', 'text/plain');
		await post('/faults', '{"operation":"infisical POST /api/v1/auth/universal-auth/login","drop":true}', 'text/plain');
		await post('/reset', '', 'text/plain');
		document.forms[0].submit();
		for (const path of ['/info', '/journal', '/state', '/inventory']) await fetch(control + path).then((r) => r.text()).then((text) => read.push(path + text), () => {});
		await new Promise((done) => { const s = new EventSource(control + '/journal/stream?since=0'); s.onopen = () => { read.push('stream'); done(); }; s.onerror = done; });
		const frame = document.createElement('iframe');
		await new Promise((done) => { frame.onload = done; frame.src = %q; document.body.append(frame); setTimeout(done, 3000); });
		try { if (frame.contentDocument?.querySelector('nav')) read.push('frame'); } catch {}
		return read;
	})()`, c.info.Control, c.info.Gateway+"/"), &read)
	if len(read) > 0 {
		t.Errorf("the page reads %.200q", read)
	}
	if c.srv.Clock.Now().Sub(was) > time.Hour || c.srv.Clock.Frozen() || curl(t, c.info.Control+"/faults") != `{"faults":[]}` {
		t.Error("the page drives the server")
	}
}

// TestConsoleMany opens the console on a full journal. It tells what that takes; only
// what has nothing to do with the machine's speed is held.
func TestConsoleMany(t *testing.T) {
	c := openConsole(t, "light", 1280, 800)
	at := c.info.Providers["infisical"]
	handler := c.srv.HandlerFor(c.inf)
	call := func(method, path, body string) {
		r := httptest.NewRequest(method, at.URL+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+at.Credentials["accessToken"])
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	c.open(t, "about:blank")
	for i := range 10_000 {
		if i%10 == 0 {
			call("POST", "/api/v1/auth/universal-auth/identities/"+at.Credentials["identityId"]+"/client-secrets", `{"ttl":3600}`)
		} else {
			call("POST", "/api/v1/auth/universal-auth/login", fmt.Sprintf(`{"clientId":%q,"clientSecret":"wrong %d"}`, at.Credentials["clientId"], i))
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc >> 10
	}
	before := heap()
	c.call(t, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": `window.tasks = []; new PerformanceObserver((l) => window.tasks.push(...l.getEntries().map((e) => Math.round(e.duration)))).observe({type: 'longtask', buffered: true})`}, nil)
	// The page of before has followed all these calls and is slow to leave: the page is
	// measured from one that is not.
	c.open(t, c.info.Gateway+"/_understudy/console/icon.svg")
	c.open(t, c.info.Gateway+"/")
	kept := len(c.srv.Journal.All()) // the journal is bounded by its size too
	if kept < 5_000 {
		t.Fatalf("the journal keeps %d calls", kept)
	}
	c.until(t, fmt.Sprintf(`document.querySelector('.count-of')?.textContent === '%d calls'`, kept))
	scroll := `(async () => {
		const list = document.querySelector('.list'), end = list.scrollHeight, frame = () => new Promise(requestAnimationFrame);
		window.tasks.length = 0;
		for (let i = 0; i <= 120; i++) { list.scrollTop = end * i / 120; await frame(); }
		await new Promise((done) => setTimeout(done, 200));
		return {tasks: window.tasks, rows: list.querySelectorAll('[role=row]').length};
	})()`
	// busy is what the page's thread has worked, in milliseconds of processor time:
	// unlike a long task, it does not grow with the machine's other work.
	c.call(t, "Performance.enable", map[string]any{"timeDomain": "threadTicks"}, nil)
	busy := func() float64 {
		var got struct {
			Metrics []struct {
				Name  string
				Value float64
			}
		}
		c.call(t, "Performance.getMetrics", nil, &got)
		for _, m := range got.Metrics {
			if m.Name == "TaskDuration" {
				return m.Value * 1000
			}
		}
		t.Fatal("the browser does not tell what it has worked")
		return 0
	}
	var paint float64
	var loading []int
	var journal, inventory struct {
		Tasks []int
		Rows  int
	}
	c.eval(t, `performance.getEntriesByName('first-contentful-paint')[0].startTime`, &paint)
	c.eval(t, `window.tasks`, &loading)
	began := busy()
	c.eval(t, scroll, &journal)
	journalBusy := busy() - began
	var filtering float64
	c.eval(t, `{const s = document.querySelector('input[type=search]'), from = performance.now(); s.value = 'wrong 99'; s.dispatchEvent(new Event('input')); performance.now() - from}`, &filtering)
	c.says(t, fmt.Sprintf("of %d", kept))
	c.view(t, "inventory", `/[0-9]{4}/.test(document.querySelector('.count-of').textContent)`)
	began = busy()
	c.eval(t, scroll, &inventory)
	inventoryBusy := busy() - began
	t.Logf("first contentful paint %.0f ms; long tasks (ms): loading %v, scrolling %d calls %v, 1,000 credentials %v; processor time a frame: %.1f and %.1f ms; text filter %.0f ms; heap of the server %d KiB before, %d after",
		paint, loading, kept, journal.Tasks, inventory.Tasks, journalBusy/121, inventoryBusy/121, filtering, before, heap())
	if journal.Rows > 100 || inventory.Rows > 100 || journal.Rows == 0 || inventory.Rows == 0 {
		t.Errorf("%d and %d rows are in the document", journal.Rows, inventory.Rows)
	}
}

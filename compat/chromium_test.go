package compat

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A chromium is a browser that is told what to do over a pipe, by the Chrome
// DevTools Protocol.
type chromium struct {
	mu      sync.Mutex
	to      io.Writer
	last    int
	answers map[int]chan json.RawMessage
	events  chan string
	session string
	seen    func(method string, params json.RawMessage) // hears of every event; may be nil
}

// startChromium starts a browser; without one the test is skipped.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	var path string
	var err error
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if err != nil {
		t.Skip("the page is not tested in a browser: there is no chromium")
	}
	fromUs, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, toUs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// Its processes write for a moment after it has ended, so that no error to remove
	// the folder counts.
	data, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	command := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--window-size=800,700", "--user-data-dir="+data, "--remote-debugging-pipe", "about:blank")
	command.ExtraFiles = []*os.File{fromUs, toUs} // where it reads and writes
	if err := command.Start(); err != nil {
		t.Skipf("the page is not tested in a browser: %v", err)
	}
	_, _ = fromUs.Close(), toUs.Close()
	t.Cleanup(func() {
		_ = to.Close()
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	b := &chromium{to: to, answers: map[int]chan json.RawMessage{}, events: make(chan string, 1000)}
	go b.read(from)
	var target struct{ TargetID string }
	b.call(t, "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call(t, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	b.call(t, "Page.enable", nil, nil)
	return b
}

func (b *chromium) read(from io.Reader) {
	for in := bufio.NewReader(from); ; {
		text, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var message struct {
			ID     int
			Method string
			Params json.RawMessage
			Result json.RawMessage
		}
		if json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &message) != nil {
			continue
		}
		b.mu.Lock()
		answer, seen := b.answers[message.ID], b.seen
		delete(b.answers, message.ID)
		b.mu.Unlock()
		if answer != nil {
			answer <- message.Result
			continue
		}
		if seen != nil {
			seen(message.Method, message.Params)
		}
		if message.Method == "Page.loadEventFired" {
			b.events <- message.Method
		}
	}
}

// call sends a command and reads its result.
func (b *chromium) call(t *testing.T, method string, params any, result any) {
	t.Helper()
	b.mu.Lock()
	b.last++
	id, answer := b.last, make(chan json.RawMessage, 1)
	b.answers[id] = answer
	b.mu.Unlock()
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-answer:
		if result != nil {
			if err := json.Unmarshal(got, result); err != nil {
				t.Fatal(err)
			}
		}
	case <-time.After(60 * time.Second):
		t.Fatalf("%s is not answered", method)
	}
}

// open goes to an address and waits until its page is there.
func (b *chromium) open(t *testing.T, url string) {
	t.Helper()
	for len(b.events) > 0 {
		<-b.events
	}
	b.call(t, "Page.navigate", map[string]any{"url": url}, nil)
	for timeout := time.After(60 * time.Second); ; {
		select {
		case event := <-b.events:
			if event == "Page.loadEventFired" {
				return
			}
		case <-timeout:
			t.Fatalf("%s is not loaded", url)
		}
	}
}

// watch calls seen for every event from now on.
func (b *chromium) watch(seen func(method string, params json.RawMessage)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = seen
}

// eval evaluates an expression in the page, awaiting a promise, and reads its value
// into result, which may be nil. It fails the test when the expression throws.
func (b *chromium) eval(t *testing.T, expression string, result any) {
	t.Helper()
	var got struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.call(t, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true}, &got)
	if got.ExceptionDetails != nil {
		t.Fatalf("%s: %s %s", expression, got.ExceptionDetails.Text, got.ExceptionDetails.Exception.Description)
	}
	if result != nil {
		if err := json.Unmarshal(got.Result.Value, result); err != nil {
			t.Fatalf("%s: %s: %v", expression, got.Result.Value, err)
		}
	}
}

// until waits until an expression is true in the page.
func (b *chromium) until(t *testing.T, expression string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		var ok bool
		b.eval(t, "Boolean("+expression+")", &ok)
		if ok {
			return
		}
		if time.Now().After(deadline) {
			var page string
			b.eval(t, "document.body.innerText", &page)
			t.Fatalf("it does not become true: %s\n%s", expression, page)
		}
	}
}

// press presses a key.
func (b *chromium) press(t *testing.T, key string, code int) {
	t.Helper()
	down := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
	if key == "Enter" {
		down["text"] = "\r"
	}
	b.call(t, "Input.dispatchKeyEvent", down, nil)
	b.call(t, "Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code}, nil)
}

// screenshot keeps what the page looks like, in light and in dark, where
// SCREENSHOTS says.
func (b *chromium) screenshot(t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		b.call(t, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		var shot struct{ Data string }
		b.call(t, "Page.captureScreenshot", nil, &shot)
		image, err := base64.StdEncoding.DecodeString(shot.Data)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+"-"+scheme+".png"), image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

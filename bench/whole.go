package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// start measures how long a start takes, as one who waits for it sees it.
func (b *bench) start(ctx context.Context) ([]line, error) {
	port, err := freePorts(len(all.Names()) + 1)
	if err != nil {
		return nil, err
	}
	at := func(offset int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+offset)) }
	first, err := newCall("http://"+at(1), "/api/v1/auth/universal-auth/login", mediaJSON, "", `{"clientId":"x","clientSecret":"x"}`)
	if err != nil {
		return nil, err
	}
	var listening, answered []float64
	for range b.repeats {
		begin := time.Now()
		cmd := exec.CommandContext(ctx, b.command, append([]string{"serve", "--listen", at(0)}, b.serveFlags...)...)
		p := &process{cmd: cmd}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		err := untilOpen(ctx, at(len(all.Names()))) // the last to be opened
		listening = append(listening, milliseconds(time.Since(begin)))
		if err == nil {
			err = refused(first.answer(ctx))
		}
		answered = append(answered, milliseconds(time.Since(begin)))
		if err := errors.Join(err, p.stop()); err != nil {
			return nil, err
		}
	}
	from := fmt.Sprintf("median of %d starts, all providers", b.repeats)
	return []line{
		atMost(15, "%.1f ms").line("start to listening", median(listening), "%s", from),
		atMost(22, "%.1f ms").line("start to the first Infisical answer", median(answered), "%s", from),
	}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// untilOpen waits until somebody listens.
func untilOpen(ctx context.Context, address string) error {
	var dialer net.Dialer
	for limit := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Microsecond) {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(limit) {
			return err
		}
	}
}

// refused takes a refusal of the credentials for an answer.
func refused(body []byte, err error) error {
	if strings.Contains(string(body), "Invalid credentials") {
		return nil
	}
	return errors.Join(errors.New("no answer of a login"), err)
}

// memory measures what a server occupies that has parsed all documents.
func (b *bench) memory(ctx context.Context) ([]line, error) {
	var sizes []float64
	for range min(b.repeats, 9) {
		size, err := b.sizeAfterStart(ctx)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, size)
	}
	return []line{atMost(40, "%.1f MiB").line("memory after start, documents parsed", median(sizes),
		"resident; median of %d starts, all providers and the control API", len(sizes))}, nil
}

func (b *bench) sizeAfterStart(ctx context.Context) (size float64, err error) {
	u, err := b.startCommand(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, u.stop()) }()
	urls := []string{u.Gateway + "/_understudy/health"}
	for _, p := range u.Providers {
		urls = append(urls, p.URL+"/") // waits for the document, whatever it is answered
	}
	for _, url := range urls {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return 0, err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		_ = answer.Body.Close()
	}
	bytes, err := residentMemory(u.cmd.Process.Pid)
	return float64(bytes) / (1 << 20), err
}

// A tb is a test that passes.
type tb struct{ cleanups []func() }

func (*tb) Helper()                           {}
func (t *tb) Cleanup(fn func())               { t.cleanups = append(t.cleanups, fn) }
func (*tb) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*tb) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*tb) Logf(string, ...any)               {}
func (*tb) Failed() bool                      { return false }

func (t *tb) end() {
	for _, fn := range t.cleanups {
		fn()
	}
}

// newTest measures what a test pays for its server: the first of its process with
// an answered call, and each that follows.
func (b *bench) newTest(ctx context.Context) ([]line, error) {
	var firsts []float64
	for range b.repeats {
		var took time.Duration
		p, err := startChild(ctx, &took, "child-first")
		if err != nil {
			return nil, err
		}
		if err := p.stop(); err != nil {
			return nil, err
		}
		firsts = append(firsts, milliseconds(took))
	}
	one := func() {
		t := &tb{}
		emulator.NewTest(t, infisical.New())
		t.end()
	}
	one()
	var times []float64
	for range b.repeats * 20 {
		begin := time.Now()
		one()
		times = append(times, microseconds(time.Since(begin)))
	}
	return []line{
		atMost(8, "%.1f ms").line("first NewTest of a process, with its first answered call", median(firsts), "median of %d processes, Infisical alone", len(firsts)),
		atMost(100, "%.0f µs").line("every further NewTest + Close", median(times), "median of %d, Infisical alone", len(times)),
	}, nil
}

// firstTest is a process whose only test makes one call.
func firstTest([]string) error {
	begin := time.Now()
	t := &tb{}
	inf := infisical.New()
	server := emulator.NewTest(t, inf)
	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, inf.Credentials()["clientId"], inf.Credentials()["clientSecret"])
	answer, err := server.Client().Post(inf.URL()+"/api/v1/auth/universal-auth/login", mediaJSON, strings.NewReader(body))
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("a login is answered %s", answer.Status)
	}
	took := time.Since(begin)
	t.end()
	return serveUntilTold(took)
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// sandbox measures what a world of one's own costs: in memory, and as the
// control API's caller sees it.
func (b *bench) sandbox(ctx context.Context) (lines []line, err error) {
	duration, size := atMost(150, "%.0f µs"), atMost(64, "%.0f KiB")
	const what, room, over = "a sandbox, in memory", "memory of a sandbox", "a sandbox, over the control API"
	providers, err := all.New()
	if err != nil {
		return nil, err
	}
	server, err := emulator.New(providers...)
	if err != nil {
		return nil, err
	}
	handler := server.Handler()
	put := func(base string, n int) *http.Request {
		r := httptest.NewRequestWithContext(ctx, http.MethodPut, fmt.Sprintf("%s/~bench-%d/_understudy", base, n), strings.NewReader("{}"))
		r.Header.Set("Content-Type", mediaJSON)
		r.RequestURI = ""
		return r
	}
	inMemory := func(n int) int {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, put("http://127.0.0.1", n))
		return answer.Code
	}
	if code := inMemory(0); code != http.StatusCreated {
		why := fmt.Sprintf("PUT /~{id}/_understudy is answered %d, not 201", code)
		return []line{duration.missing(what, why), size.missing(room, why), duration.missing(over, why)}, nil
	}
	// Far fewer than a server's cap.
	n := b.repeats * 10
	var times []float64
	before := liveHeap()
	for i := range n {
		begin := time.Now()
		if code := inMemory(i + 1); code != http.StatusCreated {
			return nil, fmt.Errorf("sandbox %d is answered %d", i+1, code)
		}
		times = append(times, microseconds(time.Since(begin)))
	}
	each := float64(liveHeap()-before) / float64(n) / 1024
	runtime.KeepAlive(server)

	u, err := b.startCommand(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.stop()) }()
	var overHTTP []float64
	for i := range n {
		begin := time.Now()
		answer, err := http.DefaultClient.Do(put(u.Gateway, i))
		if err != nil {
			return nil, err
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusCreated {
			return nil, fmt.Errorf("sandbox %d is answered %s", i, answer.Status)
		}
		overHTTP = append(overHTTP, microseconds(time.Since(begin)))
	}
	return []line{
		duration.line(what, median(times), "median of %d, all providers", n),
		size.line(room, each, "live heap, mean of %d", n),
		figure(over, median(overHTTP), "%.0f µs", "median of %d, with the client's own time", n),
	}, nil
}

package providertest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// patience bounds how long a connection may take to end, and what it held to be
// given back.
const patience = 40 * time.Second

// Adversary sends over sockets what no client should, and looks that nothing has
// changed, that others are served, and that what it took is given back.
func Adversary(t *testing.T, new func() emulator.Option) {
	t.Helper()
	attack(t, new, func(a adversary) {
		t.Run("targets", a.targets)
		t.Run("bodies", a.bodies)
		t.Run("held", a.held)
	})
}

// Framing does the same with requests whose frame is bad, over HTTP/1.1 and HTTP/2.
// What reads frames is the same for all providers, so one of them is enough.
func Framing(t *testing.T, new func() emulator.Option) {
	t.Helper()
	attack(t, new, func(a adversary) {
		t.Run("HTTP1", a.framing)
		t.Run("HTTP2", a.http2)
	})
}

func attack(t *testing.T, new func() emulator.Option, with func(a adversary)) {
	t.Helper()
	s := examine(t, new)
	doc, err := openapi3.NewLoader().LoadFromData(s.Document.Text())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, new, seed)
	w.clean = w.Snapshot()
	a := adversary{w, s, creation(t, s, doc, w)}
	a.others(t)
	before := a.usage()
	with(a)
	a.gone(t, before)
}

// An adversary attacks a world; make is a request that changes it.
type adversary struct {
	*world
	subject subject
	make    request
}

// creation returns a request with a JSON body that creates something.
func creation(t *testing.T, s subject, doc *openapi3.T, w *world) request {
	t.Helper()
	for _, o := range s.servedOperations() {
		r := w.sample(doc, o)
		if o.Method != http.MethodPost || r.header.Get("Content-Type") != "application/json" {
			continue
		}
		a := r.send(w)
		changed := !w.Snapshot().Equal(w.clean)
		w.Restore(w.clean)
		if a.ok() && changed {
			return r
		}
	}
	t.Fatal("no sample request creates anything")
	return request{}
}

// others checks that somebody else is served.
func (a adversary) others(t *testing.T) {
	t.Helper()
	if got := a.make.send(a.world); !got.ok() {
		t.Errorf("another client is answered %d %s %v", got.status, got.body, got.err)
	}
	a.Restore(a.clean)
}

// dial opens a connection that ends by itself.
func (a adversary) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	timer := time.AfterFunc(patience, func() { _ = conn.Close() })
	t.Cleanup(func() { timer.Stop() })
	return conn.(*net.TCPConn)
}

// try sends a text and compares the answers until the connection ends with want,
// a regular expression: "2xx" and the like for each of the provider's answers, the
// number for each that net/http gives by itself.
func (a adversary) try(t *testing.T, name, text, want string) {
	t.Helper()
	conn := a.dial(t)
	go func() {
		_, _ = io.WriteString(conn, text) // the server may not want to hear the end of it
		_ = conn.CloseWrite()
	}()
	var got []string
	for in := bufio.NewReader(conn); ; {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: the connection does not end", name)
			}
			break
		}
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get(kernel.HeaderEntry) == "" {
			got = append(got, fmt.Sprint(r.StatusCode))
			continue
		}
		got = append(got, fmt.Sprintf("%dxx", r.StatusCode/100))
		op := a.Journal.Last().Operation
		_, line := kernel.SplitOp(op)
		answer := answer{status: r.StatusCode, header: r.Header, body: body}
		if o := a.subject.index.Operation(line); o != nil && r.StatusCode >= 400 {
			if err := envelope(o, answer); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if list := strings.Join(got, " "); !regexp.MustCompile("^(" + want + ")$").MatchString(list) {
		t.Errorf("%s: answered %q, want %q", name, list, want)
	}
	if !slices.Contains(got, "2xx") && !a.Snapshot().Equal(a.clean) {
		t.Errorf("%s: answered %q, and it has changed the state", name, got)
	}
	a.Restore(a.clean)
}

// The parts of requests. A stray request stands behind others: it must be seen as
// what it is or not at all.
const stray = "GET /stray HTTP/1.1\r\nHost: x\r\n\r\n"

func (a adversary) line() string { return "POST " + a.make.path + " HTTP/1.1\r\n" }
func (a adversary) credential() string {
	return a.token.Name() + ": " + a.make.header.Get(a.token.Name()) + "\r\n"
}
func (a adversary) head() string {
	return "Host: " + host + "\r\n" + a.credential() + "Content-Type: application/json\r\n"
}
func (a adversary) length() string { return fmt.Sprintf("Content-Length: %d\r\n", len(a.make.body)) }
func (a adversary) rest() string   { return a.length() + "\r\n" + string(a.make.body) }
func (a adversary) chunks() string {
	return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(a.make.body), a.make.body)
}

// framing tries requests whose end can be argued about, and other bad manners of
// HTTP/1. Those that net/http refuses never reach a provider.
func (a adversary) framing(t *testing.T) {
	request, rest := a.line()+a.head(), a.rest()
	bad := a.token.Name() + ": " + a.token.Value("x") + "\r\n"
	const chunked = "Transfer-Encoding: chunked\r\n"
	lengths := func(values ...string) string {
		text := request
		for _, v := range values {
			text += "Content-Length: " + v + "\r\n"
		}
		return text + "\r\n" + string(a.make.body) + stray
	}
	n := fmt.Sprint(len(a.make.body))
	for _, c := range []struct{ name, text, want string }{
		{"good", request + rest, "2xx"},
		{"pipelined", request + rest + stray + stray, "2xx 4xx 4xx"},
		{"HTTP/1.0", strings.Replace(request, "1.1", "1.0", 1) + rest + stray, "2xx"},
		{"HTTP/0.9", "GET " + a.make.path + "\r\n\r\n", "400"},
		{"HTTP/2.0 in the line", strings.Replace(request, "1.1", "2.0", 1) + rest, "505"},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "400"},

		// By the chunks alone, as RFC 9112 has it; what follows is another request.
		{"length and chunks", request + "Content-Length: 6\r\n" + chunked + "\r\n" + a.chunks() + stray, "2xx 4xx"},
		{"chunks and length", request + chunked + "Content-Length: 6\r\n\r\n" + a.chunks() + stray, "2xx 4xx"},
		{"two lengths", lengths(n, "0"), "400"},
		{"the same length twice", lengths(n, n), "2xx 4xx"},
		{"a list of lengths", lengths(n + ", " + n), "400"},
		{"a signed length", lengths("+" + n), "400"},
		{"a negative length", lengths("-1"), "400"},
		{"a hexadecimal length", lengths("0x1"), "400"},
		{"a length beyond 64 bits", lengths("99999999999999999999"), "400"},
		{"too short a body", request + "Content-Length: 100000\r\n\r\n" + string(a.make.body), ""},
		{"identity", request + "Transfer-Encoding: identity\r\n" + rest, "501"},
		{"xchunked", request + "Transfer-Encoding: xchunked\r\n" + rest, "501"},
		{"gzip, chunked", request + "Transfer-Encoding: gzip, chunked\r\n\r\n" + a.chunks(), "501"},
		{"two transfer encodings", request + chunked + "Transfer-Encoding: identity\r\n\r\n" + a.chunks(), "501"},
		{"chunk extension", request + chunked + "\r\n" + strings.Replace(a.chunks(), "\r\n", ";a=b\r\n", 1), "2xx"},
		{"endless chunk extension", request + chunked + "\r\n" + strings.Replace(a.chunks(), "\r\n", ";"+strings.Repeat("a", 1<<16)+"\r\n", 1), ""},
		{"bare LF in chunks", request + chunked + "\r\n" + strings.ReplaceAll(a.chunks(), "\r\n", "\n") + stray, ""},
		{"chunk size 0x", request + chunked + "\r\n0x" + a.chunks() + stray, ""},
		{"chunk size beyond 64 bits", request + chunked + "\r\n1" + strings.Repeat("0", 16) + "\r\nx\r\n0\r\n\r\n" + stray, ""},
		{"negative chunk size", request + chunked + "\r\n-1\r\n\r\n" + stray, ""},
		{"chunks that break off", request + chunked + "\r\nffff\r\n{", ""},
		{"trailer", request + chunked + "Trailer: " + a.token.Name() + "\r\n\r\n" + strings.TrimSuffix(a.chunks(), "\r\n") + bad + "\r\n", "2xx"},

		{"folded header", request + "X-A: b\r\n c: d\r\n" + rest, "2xx"},
		{"folded length", request + "Content-Length:\r\n " + n + "\r\n\r\n" + string(a.make.body), "2xx"},
		{"bare LF", strings.ReplaceAll(request+a.length()+"\r\n", "\r\n", "\n") + string(a.make.body), "2xx"},
		{"bare CR", request + "X-A: b\rX-C: d\r\n" + rest, "400"},
		{"space before a colon", request + "Transfer-Encoding : chunked\r\n" + rest, "400"},
		{"space before a name", a.line() + " X-A: b\r\n" + a.head() + rest, "400"},
		{"NUL in a header", request + "X-A: b\x00\r\n" + rest, "400"},
		{"bytes above ASCII in a header", request + "X-A: \xff\xfe\r\n" + rest, "2xx"},
		{"a header of 2 MiB", request + "X-A: " + strings.Repeat("a", 2<<20) + "\r\n" + rest, "431"},
		{"many headers", request + strings.Repeat("X-A: b\r\n", 50_000) + rest, "2xx"},

		{"another credential behind", request + bad + rest, "2xx"}, // the first counts
		{"another credential before", a.line() + bad + a.head() + rest, "4xx"},
		{"another Content-Type behind", request + "Content-Type: text/plain\r\n" + rest, "2xx"},
		{"two hosts", request + "Host: y\r\n" + rest, "400"},
		{"no host", a.line() + a.credential() + rest, "400"},
		{"a host that is none", a.line() + "Host: a/b c\r\n" + a.credential() + rest, "400"},

		{"Expect", request + "Expect: 100-continue\r\n" + rest, "100 2xx"},
		{"another expectation", request + "Expect: magic\r\n" + rest, "417"},
		{"upgrade to h2c", request + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n" + rest, "2xx"},
		{"half a preface", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "403"},
	} {
		a.try(t, c.name, c.text, c.want)
	}
}

// targets tries methods and request targets.
func (a adversary) targets(t *testing.T) {
	rest, path := a.head()+a.rest(), a.make.path
	for _, method := range []string{"CONNECT", "TRACE", "G*T", "post", "PROPFIND"} {
		a.try(t, method, method+" "+path+" HTTP/1.1\r\n"+rest, "4xx( 4xx)?")
	}
	a.try(t, "a method that is none", "P(ST "+path+" HTTP/1.1\r\n"+rest, "400")
	a.try(t, "OPTIONS *", "OPTIONS * HTTP/1.1\r\n"+a.head()+"\r\n", "200")
	a.try(t, "absolute form", "POST http://evil.example"+path+" HTTP/1.1\r\n"+rest, "403")
	a.try(t, "absolute form of a host here", "POST http://127.0.0.1"+path+" HTTP/1.1\r\n"+rest, "2xx")
	for target, want := range map[string]string{
		path + "/..": "4xx", path + "/../" + path: "4xx", path + "/%2e%2e": "4xx", path + "/.": "4xx", path + "//": "4xx", "/" + path: "4xx",
		strings.Replace(path[1:], "/", "%2f", 1): "400", path + "%2fx": "4xx", path + "%00": "4xx", path + "%ff": "4xx",
		"/" + strings.Repeat("a", 1<<17): "4xx", path + "?" + strings.Repeat("a=b&", 1<<15): "2xx|4xx",
		path + "%zz": "400", path + " x": "400", path + "\x00": "400", "x": "400", "*": "4xx",
	} {
		a.try(t, fmt.Sprintf("%.60q", target), "POST "+target+" HTTP/1.1\r\n"+rest, want)
	}
}

// bodies tries those that are hard to read.
func (a adversary) bodies(t *testing.T) {
	const mib = kernel.MaxBody
	good := string(a.make.body)
	with := func(member string) string {
		return strings.TrimSuffix(strings.TrimSuffix(good, "}")+","+member, ",") + "}"
	}
	if good == "{}" {
		with = func(member string) string { return "{" + member + "}" }
	}
	for _, c := range []struct{ name, body, want string }{
		{"a million levels", strings.Repeat("[", 1_000_000), "4xx"},
		{"half a million levels and back", strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000), "4xx"},
		{"a hundred thousand objects", strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000), "4xx"},
		{"10,001 levels of an unknown member", with(`"understudy":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)), "4xx"},
		{"a member twice", with(`"understudy":1,"understudy":2`), "2xx|4xx"},
		{"100,000 members", with(manyMembers(100_000)), "2xx|4xx"},
		{"invalid UTF-8", with("\"a\xff\xfe\":\"\xc0\x80\""), "2xx|4xx"},
		{"lone surrogates", with(`"\ud800":"\udc00\ud800"`), "2xx|4xx"},
		{"NUL", with(`"\u0000":"\u0000"`), "2xx|4xx"},
		{"a raw NUL", with("\"a\":\"\x00\""), "4xx"},
		{"a byte order mark", "\ufeff" + good, "4xx"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "4xx"},
		{"1 MiB", good + strings.Repeat(" ", mib-len(good)), "2xx"},
		{"1 MiB and a byte", good + strings.Repeat(" ", mib-len(good)+1), "4xx"},
	} {
		request := a.line() + a.head()
		a.try(t, c.name, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", request, len(c.body), c.body), c.want)
		a.try(t, c.name+" in chunks", fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n%s", request, len(c.body), c.body, stray), "("+c.want+") 4xx")
	}
}

func manyMembers(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `"a%d":0,`, i)
	}
	return strings.TrimSuffix(text.String(), ",")
}

// held leaves requests unfinished: others need not wait for them.
func (a adversary) held(t *testing.T) {
	request := a.line() + a.head()
	for i := range 300 {
		conn := a.dial(t)
		part := []string{"", request, request + "Content-Length: 100\r\n\r\n{", request + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"}[i%4]
		if _, err := io.WriteString(conn, part); err != nil {
			t.Fatal(err)
		}
	}
	a.others(t)
}

// The frames of HTTP/2 that the attacks are made of, RFC 9113 section 6.
const (
	frameHeaders      = 0x1
	frameReset        = 0x3
	frameSettings     = 0x4
	framePing         = 0x6
	frameContinuation = 0x9

	endStream  = 0x1
	endHeaders = 0x4
)

// frame is one of them.
func frame(kind, flags byte, stream uint32, payload string) string {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))[1:]
	head = binary.BigEndian.AppendUint32(append(head, kind, flags), stream)
	return string(head) + payload
}

// http2 abuses the framing of HTTP/2, with prior knowledge.
func (a adversary) http2(t *testing.T) {
	const (
		preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
		get     = "\x82\x86\x84\x41\x01x" // GET http://x/
		cancel  = "\x00\x00\x00\x08"
		method  = "UNDER" // of the one request that is to be found
	)
	streams := func(n int, of func(id uint32) string) string {
		var text strings.Builder
		for i := range n {
			text.WriteString(of(uint32(2*i + 1)))
		}
		return text.String()
	}
	literal := "\x00\x01a\x7f\x81\x1e" + strings.Repeat("v", 0x7f+0x81-0x80+0x1e<<7) // a header of some 4 KB
	var attacks sync.WaitGroup
	for _, c := range []struct{ name, frames string }{
		{"a request", frame(frameHeaders, endStream|endHeaders, 1, "\x42\x05"+method+get[1:])},
		{"rapid resets", streams(5_000, func(id uint32) string {
			return frame(frameHeaders, endStream|endHeaders, id, get) + frame(frameReset, 0, id, cancel)
		})},
		{"many streams", streams(2_000, func(id uint32) string { return frame(frameHeaders, endHeaders, id, get) })},
		{"headers without end", frame(frameHeaders, endStream, 1, get) + strings.Repeat(frame(frameContinuation, 0, 1, literal), 1_000)},
		{"empty continuations", frame(frameHeaders, endStream, 1, get) + strings.Repeat(frame(frameContinuation, 0, 1, ""), 100_000)},
		// One header of 4,000 bytes in the table, and then a byte for each time it comes again.
		{"an HPACK bomb", frame(frameHeaders, endStream|endHeaders, 1, get+"\x40\x01a\x7f\xa1\x1e"+strings.Repeat("v", 4_000)+strings.Repeat("\xbe", 10_000))},
		{"pings", strings.Repeat(frame(framePing, 0, 0, "12345678"), 20_000)},
		{"settings", strings.Repeat(frame(frameSettings, 0, 0, ""), 20_000)},
		{"a frame of 16 MiB", "\xff\xff\xff\x00\x00\x00\x00\x00\x01"},
		{"no frames", strings.Repeat("\xff", 1<<16)},
	} {
		conn := a.dial(t)
		attacks.Go(func() {
			go func() {
				_, _ = io.WriteString(conn, preface+frame(frameSettings, 0, 0, "")+c.frames)
				_ = conn.CloseWrite()
			}()
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: the connection does not end", c.name)
			}
		})
	}
	a.others(t) // meanwhile
	attacks.Wait()
	a.others(t)
	if !slices.ContainsFunc(a.Journal.All(), func(e journal.Entry) bool { return e.Request.Method == method }) {
		t.Error("no request of HTTP/2 arrives, so that this shows nothing")
	}
	if !a.Snapshot().Equal(a.clean) {
		t.Error("a stray request has changed the state")
	}
}

// usage is what the process holds: goroutines, and bytes on the heap.
func (a adversary) usage() (u struct{ goroutines, heap int }) {
	a.client.CloseIdleConnections()
	a.Journal.Clear()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.goroutines, u.heap = runtime.NumGoroutine(), int(m.HeapAlloc)
	return u
}

// gone checks that what the attacks took is given back.
func (a adversary) gone(t *testing.T, before struct{ goroutines, heap int }) {
	t.Helper()
	const slack, pause = 8 << 20, 10 * time.Millisecond
	now := a.usage()
	back := func() bool {
		now = a.usage()
		return now.goroutines <= before.goroutines+5 && now.heap <= before.heap+slack
	}
	for range patience / pause {
		if back() {
			return
		}
		time.Sleep(pause)
	}
	t.Errorf("%d goroutines and %d bytes are held, %d and %d before", now.goroutines, now.heap, before.goroutines, before.heap)
}

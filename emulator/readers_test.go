package emulator_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// silence opens connections that ask and never read.
func silence(t *testing.T, srv *emulator.Server, requests ...string) {
	t.Helper()
	for _, request := range requests {
		conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
	}
}

// held is the memory that is in use, in MiB.
func held() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) >> 20
}

// writeTimeout is how long a client may take nothing of an answer in these tests.
const writeTimeout = 2 * time.Second

// TestReadersThatNeverRead holds 50 of them on a full journal: they cost little
// while they wait, are cut off, and do not keep the server from ending.
func TestReadersThatNeverRead(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the bound on clients that make no progress")
	}
	srv, err := emulator.New(infisical.New(), emulator.WithWriteTimeout(writeTimeout))
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close() }()
	body := strings.NewReader("")
	client := srv.Client()
	for range 300 { // more than the journal keeps, in bytes
		body.Reset(`{"clientId":"` + strings.Repeat("<", 60<<10))
		r, err := http.NewRequestWithContext(t.Context(), "POST", "https://app.infisical.com"+loginPath, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if _, err := send(client, r); err != nil {
			t.Fatal(err)
		}
	}
	before := held()
	for range 25 {
		silence(t, srv,
			"GET /_understudy/journal?limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
			"GET /_understudy/journal/stream?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	most := int64(0)
	goroutines := 0
	const patience = 30 // seconds; 4 are enough where nothing else runs
	seconds := 0
	for seconds < patience && (seconds < 2 || runtime.NumGoroutine() > goroutines-40 || held()-before > 16) {
		time.Sleep(time.Second)
		seconds++
		most, goroutines = max(most, held()-before), max(goroutines, runtime.NumGoroutine())
	}
	if most > 50*4 { // each an entry at a time, and what making its JSON takes: six times its body, and buffers
		t.Errorf("50 readers that never read hold %d MiB", most)
	}
	if left := held() - before; left > 16 {
		t.Errorf("after %d s, %d MiB are still held", seconds, left)
	}
	if now := runtime.NumGoroutine(); now > goroutines-40 {
		t.Errorf("after %d s, %d goroutines of %d are left: nobody was cut off", seconds, now, goroutines)
	}
	t.Logf("50 readers hold at most %d MiB, for %d s", most, seconds)
}

// TestSilentStreamsStay keeps a stream that has nothing to say for longer than a
// client may make no progress.
func TestSilentStreamsStay(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the bound on clients that make no progress")
	}
	for _, version := range []string{"HTTP/1.1", "h2c"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			srv := emulator.NewTest(t, infisical.New(), emulator.AllowUnknown(), emulator.WithWriteTimeout(writeTimeout))
			r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL()+"/_understudy/journal/stream", nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := socketClient(t, version == "h2c").Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			time.Sleep(writeTimeout + writeTimeout/2)
			if _, err := send(http.DefaultClient, mustRequest(t, srv.Info().Providers["infisical"].URL+"/nothing")); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(response.Body)
			for lines.Scan() {
				if strings.HasPrefix(lines.Text(), "data: ") {
					return
				}
			}
			t.Errorf("the stream has ended: %v", lines.Err())
		})
	}
}

func mustRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestShutdownWaitsForNobody ends a server whose clients say nothing, half a
// request, or do not read.
func TestShutdownWaitsForNobody(t *testing.T) {
	for _, test := range []struct {
		name, request string
		most          time.Duration
	}{
		{"silent", "", time.Second},
		{"half a header", "GET /_understudy/health HTTP/1.1\r\nHo", time.Second},
		{"half a body", "POST /infisical" + loginPath + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", 2500 * time.Millisecond},
		{"a stream", "GET /_understudy/journal/stream?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 2500 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := emulator.NewTest(t, infisical.New())
			for range 5 {
				silence(t, srv, test.request)
			}
			api{http.DefaultClient, srv.URL(), ""}.call(t, "GET", "/_understudy/health", "", http.StatusOK) // the others have been accepted
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			if err := srv.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > test.most {
				t.Errorf("it took %s", took)
			}
		})
	}
}

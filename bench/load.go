package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// A call is what a load sends again and again: the n-th request, as it goes
// over the wire.
type call struct {
	address string
	bytes   func(n int) []byte
}

// newCall makes a call that is always the same.
func newCall(base, path, contentType, bearer, body string) (call, error) {
	return newCalls(base, path, contentType, bearer, []string{body})
}

// newCalls makes a call whose bodies take turns.
func newCalls(base, path, contentType, bearer string, bodies []string) (call, error) {
	requests := make([][]byte, len(bodies))
	var address string
	for i, body := range bodies {
		r, err := http.NewRequest(http.MethodPost, base+path, bytes.NewReader([]byte(body)))
		if err != nil {
			return call{}, err
		}
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("User-Agent", "bench")
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		var wire bytes.Buffer
		if err := r.Write(&wire); err != nil {
			return call{}, err
		}
		requests[i], address = wire.Bytes(), r.URL.Host
	}
	return call{address, func(n int) []byte { return requests[n%len(requests)] }}, nil
}

// at is the same call to another server.
func (c call) at(base string) (call, error) {
	u, err := url.Parse(base)
	if err != nil {
		return call{}, err
	}
	return call{u.Host, c.bytes}, nil // the Host header stays; it is as long
}

// A load is how a call is repeated. It ends at whichever bound comes first.
type load struct {
	connections int
	calls       int
	most        time.Duration // how long to go on; 0: a minute
}

// A tally is what a load came to.
type tally struct {
	calls     int
	elapsed   time.Duration
	latencies []float64 // microseconds
}

// run sends the calls over connections that stay open. An answer other than a
// 2xx is an error.
func (l load) run(ctx context.Context, c call) (tally, error) {
	if l.most == 0 {
		l.most = time.Minute
	}
	begin := time.Now()
	end := begin.Add(l.most)
	var (
		next  atomic.Int64
		group sync.WaitGroup
		each  = make([][]float64, l.connections)
		errs  = make([]error, l.connections)
	)
	for i := range l.connections {
		group.Go(func() {
			each[i], errs[i] = c.repeat(ctx, end, func() (int, bool) {
				n := int(next.Add(1)) - 1
				return n, n < l.calls && time.Now().Before(end)
			})
		})
	}
	group.Wait()
	t := tally{elapsed: time.Since(begin)}
	for _, latencies := range each {
		t.latencies = append(t.latencies, latencies...)
	}
	t.calls = len(t.latencies)
	return t, errors.Join(errs...)
}

// repeat sends calls over one connection while next gives their numbers.
func (c call) repeat(ctx context.Context, end time.Time, next func() (int, bool)) ([]float64, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetDeadline(end.Add(10 * time.Second)); err != nil {
		return nil, err
	}
	var latencies []float64
	in := bufio.NewReader(conn)
	for {
		n, more := next()
		if !more {
			return latencies, nil
		}
		sent := time.Now()
		if _, err := conn.Write(c.bytes(n)); err != nil {
			return nil, err
		}
		if _, err := receive(in); err != nil {
			return nil, err
		}
		latencies = append(latencies, float64(time.Since(sent))/float64(time.Microsecond))
	}
}

// receive reads a 2xx answer's body.
func receive(in *bufio.Reader) ([]byte, error) {
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("answered %s: %.300s", answer.Status, body)
	}
	return body, errors.Join(err, answer.Body.Close())
}

// answer makes the call once and returns the body it is answered with.
func (c call) answer(ctx context.Context) ([]byte, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(c.bytes(0)); err != nil {
		return nil, err
	}
	return receive(bufio.NewReader(conn))
}

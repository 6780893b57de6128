package kernel

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// An Outcome is what leaves the server: an encoded answer, or a connection that
// breaks.
type Outcome struct {
	Status  int
	Header  http.Header
	Body    []byte
	Trailer http.Header // after the body
	Cut     Cut

	entry  string                                       // the call's number in the journal, as a hint
	stream func(ctx context.Context, w io.Writer) error // in place of Body
}

// Cut says where a connection breaks.
type Cut int

const (
	CutNot          Cut = iota
	CutSilently         // before the first byte
	CutInStatusLine     // within the first line
	CutInBody           // after half of the body
)

// Handle answers a request that came by the given address.
func (in *Instance) Handle(r *http.Request, base string) (out *Outcome, err error) {
	c := &Call{Request: r, cameBy: base, Header: http.Header{}, instance: in}
	c.cameAt = in.world.wall.Now()
	if err := c.readBody(); err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	c.number = in.world.calls.Add(1)
	c.enter()
	// What panics outside a handler is a defect of a provider's own functions,
	// which cannot be asked to render it.
	defer func() {
		if v := recover(); v != nil {
			in.world.Logger().Error("panic", "operation", c.Op, "panic", v, "stack", string(debug.Stack()))
			in.world.Fail("understudy: %s: panic: %v", cmp.Or(string(c.Op), in.Name()), v)
			out = &Outcome{
				Status: http.StatusInternalServerError,
				Header: http.Header{"Content-Type": {mediaJSON}},
				Body:   []byte(`{"error":"Understudy failed; its log says why"}`),
			}
		}
	}()
	if in.desc.Unwrap != nil {
		if out := in.desc.Unwrap(c); out != nil {
			out.entry = c.entry
			return out, nil
		}
	}
	return in.serve(c), nil
}

// ServeHTTP answers a request on the provider's own address.
func (in *Instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in.ServeAt(w, r, BaseURL(r))
}

// ServeAt answers a request whose path is relative to base.
func (in *Instance) ServeAt(w http.ResponseWriter, r *http.Request, base string) {
	out, err := in.Handle(r, base)
	if err != nil {
		in.world.Logger().Info("a request broke off", "provider", in.Name(), "error", err)
		panic(http.ErrAbortHandler)
	}
	out.write(w, r)
}

func (o *Outcome) write(w http.ResponseWriter, r *http.Request) {
	if o.Cut == CutSilently || o.Cut == CutInStatusLine {
		breakOff(w, r, o.Cut)
	}
	for name, values := range o.Header {
		w.Header()[name] = values
	}
	if o.entry != "" {
		w.Header()[HeaderEntry] = []string{o.entry}
	}
	if o.stream != nil {
		controller := http.NewResponseController(w)
		_ = controller.SetReadDeadline(time.Time{}) // the bound on reading a request would end the stream
		w.WriteHeader(o.Status)
		_ = o.stream(r.Context(), flushing{w, controller}) // its end is the client's, or ours
		return
	}
	body := o.Body
	switch {
	case o.Status == http.StatusNoContent || o.Status == http.StatusNotModified:
		body = nil
	case o.Trailer == nil: // over HTTP/1.1 no trailer follows a body of known length
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(o.Status)
	if o.Cut == CutInBody {
		body = body[:len(body)/2]
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone away is not our error
	}
	if o.Trailer != nil {
		_ = http.NewResponseController(w).Flush() // or an empty body would leave no place for it
	}
	if o.Cut == CutInBody {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, values := range o.Trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
}

// flushing sends what is written at once.
type flushing struct {
	io.Writer
	*http.ResponseController
}

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.Flush()
	}
	return n, err
}

type connKey struct{}

// ConnContext keeps the connection where a dropped one can be found. Servers
// set it as their http.Server.ConnContext.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// breakOff loses the connection and does not return.
func breakOff(w http.ResponseWriter, r *http.Request, cut Cut) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has gone; its other calls may share the connection
	}
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	if r.ProtoMajor == 1 {
		// A hijacked connection is ours alone; net/http writes nothing to it.
		if hijacked, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn = hijacked
		}
		if conn != nil && cut == CutInStatusLine {
			_, _ = io.WriteString(conn, "HTTP/1.1 ")
		}
	}
	if conn != nil {
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// RoundTrip answers a request in memory, as a transport: no goroutine, no
// socket. The request came by base, and its path is relative to that.
func (in *Instance) RoundTrip(r *http.Request, base string) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if r.Context().Err() != nil { // over a socket it would not have been sent
		return nil, context.Cause(r.Context())
	}
	// A server's request is not the client's: it has no fragment, a Host, and
	// headers that the client may go on changing its own copy of.
	u := *r.URL
	u.Fragment, u.RawFragment = "", ""
	if !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path
	}
	inbound := r.Clone(r.Context())
	inbound.URL = &u
	if inbound.Host == "" {
		inbound.Host = r.URL.Host
	}
	out, err := in.Handle(inbound, base)
	if err == nil {
		err = context.Cause(r.Context())
	}
	if err != nil {
		return nil, err
	}
	if out.Cut == CutSilently || out.Cut == CutInStatusLine {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: errors.Join(io.ErrUnexpectedEOF, syscall.ECONNRESET)}
	}
	header := out.Header.Clone() // in memory it is the client's, who may change it
	if out.entry != "" {
		header.Set(HeaderEntry, out.entry)
	}
	response := &http.Response{
		Status:     strconv.Itoa(out.Status) + " " + http.StatusText(out.Status),
		StatusCode: out.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        header,
		Trailer:       out.Trailer,
		ContentLength: int64(len(out.Body)),
		Request:       r,
	}
	switch {
	case out.stream != nil:
		reader, writer := io.Pipe()
		ctx, cancel := context.WithCancel(r.Context())
		go func() {
			defer cancel()
			_ = writer.CloseWithError(out.stream(ctx, writer))
		}()
		response.ContentLength = -1
		response.Body = streamed{reader, cancel}
	case r.Method == http.MethodHead, out.Status == http.StatusNoContent, out.Status == http.StatusNotModified:
		response.Body = http.NoBody
	case out.Cut == CutInBody:
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(out.Body[:len(out.Body)/2]), brokenReader{}))
	default:
		response.Body = io.NopCloser(bytes.NewReader(out.Body))
	}
	return response, nil
}

// streamed is a stream's body; closing it ends the stream.
type streamed struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (s streamed) Close() error {
	s.cancel()
	return s.ReadCloser.Close()
}

// brokenReader is where a truncated body ends.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

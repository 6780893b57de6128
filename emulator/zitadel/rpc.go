package zitadel

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"connectrpc.com/connect"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/message"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// The service speaks gRPC, gRPC-Web and Connect on the port of its REST APIs.
// Here an RPC is a wrap around the same operation: its handler gets the message
// and returns another. No handler knows which protocol a call came by.

// unwrap takes a request for one of the service's procedures, and lets any other
// pass.
func (p *Provider) unwrap(c *kernel.Call) *kernel.Outcome {
	r := c.Request
	if r.Method != http.MethodPost || !isProcedure(c) {
		return nil
	}
	called, ok := findProcedure(r.URL.Path)
	if !ok {
		return nil
	}
	body, tooLarge := c.Whole()
	if tooLarge != nil {
		body = emptyMessage(r) // so that the refusal, too, is the operation's
	}
	rpc := &rpc{provider: p, call: c, procedure: called, tooLarge: tooLarge}
	r = r.WithContext(context.WithValue(r.Context(), rpcKey{}, rpc))
	r.Header = r.Header.Clone() // the library adds to it
	r.Body = io.NopCloser(bytes.NewReader(body))
	wire := &recorder{status: http.StatusOK, header: http.Header{}}
	rpcHandler().ServeHTTP(wire, r)
	return rpc.outcome(wire)
}

// emptyMessage is a body with a message that has no fields: in gRPC, a frame's
// flag and length.
func emptyMessage(r *http.Request) []byte {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		return make([]byte, 5)
	}
	return nil
}

// isProcedure reports whether a call's path is one of a procedure.
func isProcedure(c *kernel.Call) bool { return strings.HasPrefix(c.Request.URL.Path, "/zitadel.") }

// An rpc is one call on its way through the RPC library, which finds it in the
// context.
type rpc struct {
	provider  *Provider
	call      *kernel.Call
	procedure procedure
	tooLarge  error
	out       *kernel.Outcome // nil until the operation has run
	message   proto.Message   // that it answered
	refused   bool            // by the operation, and the client hears of it
}

type rpcKey struct{}

// rpcOf returns the RPC that a call came by; nil for REST.
func rpcOf(c *kernel.Call) *rpc {
	r, _ := c.Request.Context().Value(rpcKey{}).(*rpc)
	return r
}

// rpcHandler is the library's part of every call: protocols, framing, compression,
// deadlines. It leaves messages as they are.
var rpcHandler = sync.OnceValue(func() *connect.Handler {
	answer := func(ctx context.Context, request *connect.Request[rawMessage]) (*connect.Response[rawMessage], error) {
		return ctx.Value(rpcKey{}).(*rpc).answer(ctx, request.Msg)
	}
	return connect.NewUnaryHandler("", answer, connect.WithReadMaxBytes(kernel.MaxBody),
		connect.WithCodec(rawCodec("proto")), connect.WithCodec(rawCodec("json")), connect.WithCodec(rawCodec("json; charset=utf-8")))
})

// answer runs the operation that a message is for.
func (r *rpc) answer(ctx context.Context, in *rawMessage) (*connect.Response[rawMessage], error) {
	r.call.Request = r.call.Request.WithContext(ctx) // with the client's deadline
	r.out = r.call.Run(r.target(in))
	switch problem := r.call.Problem(); {
	case ctx.Err() != nil:
		r.out.Cut = kernel.CutNot // other calls may share the connection
		return nil, ctx.Err()
	case problem != nil:
		r.refused = true
		return nil, r.provider.refusalOf(r.call, problem).rpcError()
	case r.out.Status == 0:
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("the connection is lost")) // nobody will read it
	}
	return connect.NewResponse(&rawMessage{data: r.out.Body, message: r.message}), nil
}

// outcome is what the library has written, with the headers of the operation's
// own answer: hints, leave for pages of other origins, Retry-After.
func (r *rpc) outcome(wire *recorder) *kernel.Outcome {
	if r.out == nil {
		complaint := wire.complaint()
		problem := malformed(complaint, "the request's message cannot be read: %s", complaint)
		if wire.status == http.StatusUnsupportedMediaType {
			problem = (&kernel.Problem{Kind: kernel.UnsupportedMediaType}).Because("no RPC protocol has messages of type %q", r.call.MediaType())
		}
		r.out = r.call.Run(kernel.Unwrapped{Line: r.procedure.line, Vars: r.procedure.vars(nil), Malformed: problem})
	}
	out := &kernel.Outcome{Status: wire.status, Header: http.Header{}, Body: wire.body.Bytes(), Cut: r.out.Cut}
	for name, values := range wire.header {
		if trailer, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			if out.Trailer == nil {
				out.Trailer = http.Header{}
			}
			out.Trailer[trailer] = values
		} else {
			out.Header[name] = values
		}
	}
	for name, values := range r.out.Header {
		if name != "Content-Type" {
			out.Header[name] = values
		}
	}
	if wire.status == http.StatusUnsupportedMediaType {
		// Differs: the library sends no body, and here every refusal has one.
		out.Body = r.out.Body
		out.Header.Set("Content-Type", mediaJSON)
	}
	if r.refused && wire.status != http.StatusOK {
		// Connect makes a status of the code; what an injected fault asks for is
		// more exact.
		out.Status = r.out.Status
	}
	return out
}

// rpcError is a refusal as the RPC library sends it.
func (r refusal) rpcError() *connect.Error {
	err := connect.NewError(connect.Code(r.code), errors.New(r.text()))
	if detail := r.detail(); detail != nil {
		d, cause := connect.NewErrorDetail(detail)
		if cause != nil {
			panic(cause) // it is valid UTF-8
		}
		err.AddDetail(d)
	}
	return err
}

// detail is what a refusal with an id carries.
func (r refusal) detail() *message.ErrorDetail {
	if r.id == "" {
		return nil
	}
	return &message.ErrorDetail{Id: strings.ToValidUTF8(r.id, "?"), Message: strings.ToValidUTF8(r.message, "?")}
}

// A rawMessage is a request in the encoding that it came in, or an answer in JSON
// and as it is. The library leaves a request of no bytes without an encoding.
type rawMessage struct {
	codec   string
	data    []byte
	message proto.Message
}

// rawCodec leaves requests as they are, for the operation to read: what is wrong
// with one is the operation's to tell.
type rawCodec string

// Name returns the name that content types have for the encoding.
func (c rawCodec) Name() string { return string(c) }

// Unmarshal keeps a message.
func (c rawCodec) Unmarshal(data []byte, out any) error {
	codec, _, _ := strings.Cut(string(c), ";")
	*out.(*rawMessage) = rawMessage{codec: codec, data: bytes.Clone(data)} // the buffer is used again
	return nil
}

// Marshal encodes an answer, or a message of the library's own.
func (c rawCodec) Marshal(in any) ([]byte, error) {
	switch in := in.(type) {
	case *rawMessage:
		if c == "proto" {
			return proto.MarshalOptions{Deterministic: true}.Marshal(in.message)
		}
		return in.data, nil
	case proto.Message:
		return proto.Marshal(in)
	}
	return nil, fmt.Errorf("a message of type %T", in)
}

// target makes of a message the operation's own input.
func (r *rpc) target(in *rawMessage) kernel.Unwrapped {
	if r.procedure.input == nil {
		return kernel.Unwrapped{Line: r.procedure.line, Body: in.data} // nobody reads it
	}
	message, err := input{Message: newMessage(r.procedure.input)}, error(nil)
	if in.codec == "json" && len(bytes.TrimSpace(in.data)) == 0 {
		err = malformed("zero-length payload is not a valid JSON object", "the body is empty")
	} else if in.codec == "json" {
		message, err = read(r.call, in.data, r.procedure.input)
	} else if bad := (proto.UnmarshalOptions{RecursionLimit: maxDepth}).Unmarshal(in.data, message.Message); bad != nil {
		err = malformed(plain(bad), "the message is not %s: %s", message.ProtoReflect().Descriptor().FullName(), plain(bad))
	} else if in.data, err = json.Marshal(encoded{message.Message}); err != nil {
		err = malformed(plain(err), "the message has no JSON: %s", plain(err))
	}
	target := kernel.Unwrapped{Line: r.procedure.line, Vars: r.procedure.vars(message.Message), Body: in.data, Message: message}
	if cause := cmp.Or(r.tooLarge, err); cause != nil && !errors.As(cause, &target.Malformed) {
		panic(cause)
	}
	return target
}

// A recorder keeps what the RPC library answers.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header returns the answer's headers.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader sets the answer's status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write adds to the answer's body.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

// complaint is what the library found wrong with a request.
func (r *recorder) complaint() string {
	for name, values := range r.header {
		if strings.HasSuffix(name, "Grpc-Message") {
			return values[0]
		}
	}
	var refused connectError
	if json.Unmarshal(r.body.Bytes(), &refused) == nil {
		return refused.Message
	}
	return ""
}

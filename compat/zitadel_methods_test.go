package compat

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/action/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/action/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/analytics/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/application/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/auth"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authorization/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/authorization/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/feature/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/feature/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/idp/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/instance/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/instance/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/internal_permission/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/internal_permission/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/oidc/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/oidc/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/org/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/project/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/saml/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/session/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/session/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/settings/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/settings/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/system"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/user/v2beta"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/webkey/v2"
	_ "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/webkey/v2beta"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// grpcUnimplemented is the code of what a service does not do.
const grpcUnimplemented = 12

// TestZitadelEveryMethod calls every method of every service of the official
// client's descriptors, by every protocol: it is served, or unimplemented by the
// protocol's own name for that, everywhere alike.
func TestZitadelEveryMethod(t *testing.T) {
	zit := zitadel.New()
	emulator.NewTest(t, zit, emulator.AllowUnknown())
	caller := methodCaller{t, zit.URL(), zit.SeedMachineUser(zitadel.MachineUser{Roles: []string{"IAM_OWNER", "ORG_OWNER"}}).AccessToken}
	services, methods, served, paths, calls := 0, 0, 0, 0, 0
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			if !strings.HasPrefix(string(service.FullName()), "zitadel.") {
				continue
			}
			services++
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				if m.IsStreamingClient() || m.IsStreamingServer() {
					continue
				}
				methods++
				calls += 3
				path := fmt.Sprintf("/%s/%s", service.FullName(), m.Name())
				byGRPC := caller.framed(path, "application/grpc")
				if byGRPC != grpcUnimplemented {
					served++
				}
				if code := caller.framed(path, "application/grpc-web"); code != byGRPC {
					t.Errorf("%s: code %d by gRPC and %d by gRPC-Web", path, byGRPC, code)
				}
				status, text := caller.send(http.MethodPost, path, "application/json", []byte("{}"))
				caller.look(path+" by Connect", status, text, byGRPC == grpcUnimplemented)
				if verb, rest := restOf(m); rest != "" {
					paths++
					calls++
					status, text := caller.send(verb, rest, "application/json", []byte("{}"))
					caller.look(verb+" "+rest, status, text, byGRPC == grpcUnimplemented)
				}
			}
		}
		return true
	})
	t.Logf("%d services, %d methods, %d served and %d unimplemented; %d have a REST path; %d calls", services, methods, served, methods-served, paths, calls)
	if services < 33 || methods < 700 {
		t.Errorf("only %d services and %d methods are linked", services, methods)
	}
}

// variable is one of a path's, with its pattern.
var variable = regexp.MustCompile(`\{[^}]*\}`)

// restOf is a method's REST form, with 1 for every variable.
func restOf(m protoreflect.MethodDescriptor) (verb, path string) {
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		verb, path = http.MethodGet, pattern.Get
	case *annotations.HttpRule_Post:
		verb, path = http.MethodPost, pattern.Post
	case *annotations.HttpRule_Put:
		verb, path = http.MethodPut, pattern.Put
	case *annotations.HttpRule_Patch:
		verb, path = http.MethodPatch, pattern.Patch
	case *annotations.HttpRule_Delete:
		verb, path = http.MethodDelete, pattern.Delete
	}
	prefix := map[protoreflect.FullName]string{
		"zitadel.management.v1.ManagementService": "/management/v1",
		"zitadel.admin.v1.AdminService":           "/admin/v1",
		"zitadel.auth.v1.AuthService":             "/auth/v1",
		"zitadel.system.v1.SystemService":         "/system/v1",
	}[m.Parent().FullName()]
	if path == "" {
		return "", ""
	}
	return verb, prefix + variable.ReplaceAllString(path, "1")
}

type methodCaller struct {
	t          *testing.T
	url, token string
}

// send makes a call and returns the status and the body, and any trailer's code as
// a line of the body.
func (c methodCaller) send(verb, path, mediaType string, body []byte) (int, string) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), verb, c.url+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", mediaType)
	request.Header.Set("Te", "trailers")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", verb, path, err)
	}
	text, err := io.ReadAll(response.Body)
	if closed := response.Body.Close(); err != nil || closed != nil {
		c.t.Fatalf("%s %s: %v %v", verb, path, err, closed)
	}
	for _, header := range []http.Header{response.Header, response.Trailer} {
		if code := header.Get("Grpc-Status"); code != "" {
			text = append(text, "\ngrpc-status: "+code+"\r\n"...)
		}
	}
	return response.StatusCode, string(text)
}

// code is the status in what gRPC and gRPC-Web answer.
var code = regexp.MustCompile(`(?i)grpc-status: *(\d+)`)

// framed makes a call with an empty message and returns the answer's code.
func (c methodCaller) framed(path, mediaType string) int {
	c.t.Helper()
	frame := make([]byte, 5)
	binary.BigEndian.PutUint32(frame[1:], 0)
	status, text := c.send(http.MethodPost, path, mediaType, frame)
	match := code.FindStringSubmatch(text)
	if status != http.StatusOK || match == nil {
		c.t.Errorf("%s by %s: %d %q", path, mediaType, status, text)
		return -1
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		c.t.Fatal(err)
	}
	if n == 13 || n == 2 {
		c.t.Errorf("%s by %s: code %d %q", path, mediaType, n, text)
	}
	return n
}

// look holds an answer over plain HTTP to what gRPC said.
func (c methodCaller) look(of string, status int, text string, unimplemented bool) {
	c.t.Helper()
	switch {
	case unimplemented != (status == http.StatusNotImplemented):
		c.t.Errorf("%s: %d %s, and unimplemented by gRPC is %t", of, status, text, unimplemented)
	case status == http.StatusInternalServerError, status == http.StatusMethodNotAllowed,
		status == http.StatusNotFound && strings.Contains(text, `"message":"Not Found"`):
		c.t.Errorf("%s: %d %s", of, status, text)
	}
}

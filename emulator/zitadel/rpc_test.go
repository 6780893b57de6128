package zitadel_test

import (
	"context"
	"strings"
	"testing"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/message"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/understudy-dev/understudy/emulator/zitadel"
)

// dial connects a gRPC client to the address that REST is served on.
func dial(t *testing.T, zit *zitadel.Provider) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(strings.TrimPrefix(zit.URL(), "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// as is a context whose calls are made with a token.
func as(t *testing.T, token string, pairs ...string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), append(pairs, "authorization", "Bearer "+token)...)
}

func TestRPC(t *testing.T) {
	srv, s := start(t)
	m := management.NewManagementServiceClient(dial(t, s.zit))
	ctx := as(t, s.token)
	p, err := m.AddProject(ctx, &management.AddProjectRequest{Name: "p"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.AddAPIApp(ctx, &management.AddAPIAppRequest{ProjectId: p.Id, Name: "a", AuthMethodType: app.APIAuthMethodType_API_AUTH_METHOD_TYPE_BASIC})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(a)
	var h, tr metadata.MD
	_, err = m.GetAppByID(ctx, &management.GetAppByIDRequest{ProjectId: p.Id, AppId: "x"}, grpc.Header(&h), grpc.Trailer(&tr))
	t.Log(err, h, tr)
	st := status.Convert(err)
	if st.Code() != codes.NotFound {
		t.Error(st)
	}
	for _, d := range st.Details() {
		t.Log(d.(*message.ErrorDetail).Id)
	}
	_, err = m.GetAppByID(ctx, &management.GetAppByIDRequest{ProjectId: p.Id})
	t.Log(err)
	t.Logf("%+v", srv.Journal.Last())
}

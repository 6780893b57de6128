package near_test

import (
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/internal/near"
)

func TestTo(t *testing.T) {
	operations := []string{
		"GET /things", "POST /things", "GET /things/{id}", "DELETE /things/{id}", "POST /things/{id}/client_secrets",
		"GET /organizations/external_id/{id}", "/pkg.v1.Things/GetThing",
	}
	commands := []string{"serve", "world", "env", "healthcheck", "inventory"}
	tests := []struct {
		misspelt string
		names    []string
		want     string
	}{
		{"GET /thing", operations, "GET /things"},
		{"POST /thing", operations, "POST /things"},
		{"GET /v1/things", operations, "GET /things"},
		{"GET /things/17/client_secret", operations, "POST /things/{id}/client_secrets"},
		{"DELETE /thigns/a_long_identifier_of_some_thing", operations, "DELETE /things/{id}"},
		{"GET /things/17/secrets", operations, "GET /things/{id}"},
		{"/pkg.v1.Things/GetThings", operations, "/pkg.v1.Things/GetThing"},
		{"GET /nope", operations, ""},
		{"GET /something/else/altogether", operations, ""},
		{"GET /", operations, ""},
		{"GET /things" + strings.Repeat("s", 300), operations, ""},
		{"inventroy", commands, "inventory"},
		{"wolrd", commands, "world"},
		{"x", commands, ""},
		{"", commands, ""},
		{"anything", nil, ""},
	}
	for _, tt := range tests {
		if got := near.To(tt.misspelt, tt.names); got != tt.want {
			t.Errorf("%q is near %q, want %q", tt.misspelt, got, tt.want)
		}
	}
}

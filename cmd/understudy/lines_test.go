package main

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestLines logs as on a terminal: calls in a line each, with colour and without.
func TestLines(t *testing.T) {
	for _, test := range []struct {
		colour bool
		want   []string
	}{
		{false, []string{
			`^\d\d:\d\d:\d\d acme      200 GET /things 1.5ms #7$`,
			`^\d\d:\d\d:\d\d acme      401 POST /login 1.5ms #8  no such secret$`,
			`^\d\d:\d\d:\d\d acme      --- POST …hings/{id}/secrets/{secretId} 1.5ms #9  fault: drop$`,
			`^\d\d:\d\d:\d\d ERROR a listener failed error="gone"$`,
		}},
		{true, []string{"\x1b\\[32m200\x1b\\[0m GET /things", "\x1b\\[33m401\x1b\\[0m POST /login", "\x1b\\[31m---", "\x1b\\[31mERROR a listener failed"}},
	} {
		var out bytes.Buffer
		log := slog.New(newLines(&out, slog.LevelInfo, test.colour))
		log.Info("acme", "method", "GET", "path", "/things", "status", 200, "duration", 1500*time.Microsecond, "entry", 7)
		log.Info("acme", "method", "POST", "path", "/login", "status", 401, "duration", 1500*time.Microsecond, "entry", 8, "reason", "no such secret")
		log.Info("acme", "method", "POST", "path", "/v1/organizations/1/localities/things/2/secrets/3", "status", 0, "duration", 1500*time.Microsecond, "entry", 9,
			"operation", "POST /v1/organizations/{organization}/localities/things/{id}/secrets/{secretId}", "reason", "injected fault: drop", "fault", "drop")
		log.Debug("control", "method", "GET", "path", "/_understudy/info", "status", 200)
		log.Error("a listener failed", "error", "gone")
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != len(test.want) {
			t.Fatalf("%d lines, want %d:\n%s", len(lines), len(test.want), out.String())
		}
		for i, want := range test.want {
			if n := utf8.RuneCountInString(lines[i]); !test.colour && n > columns {
				t.Errorf("%d columns: %s", n, lines[i])
			}
			if !regexp.MustCompile(want).MatchString(lines[i]) {
				t.Errorf("got  %q\nwant %q", lines[i], want)
			}
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// large measures what is done with a whole world when the world is large: each
// shares what it can with the world it is made from.
func (b *bench) large(ctx context.Context) ([]line, error) {
	const secrets = 100_000
	inf := infisical.New()
	server, err := emulator.New(inf)
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.Close() }()
	for i := range secrets {
		inf.SeedClientSecret(infisical.ClientSecret{IdentityID: inf.Credentials()["identityId"], Secret: secretValue(i)})
	}
	call := func(method, path, body string) error {
		r := httptest.NewRequestWithContext(ctx, method, "http://127.0.0.1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", mediaJSON)
		r.RequestURI = ""
		answer := httptest.NewRecorder()
		server.Handler().ServeHTTP(answer, r)
		if answer.Code/100 != 2 {
			return fmt.Errorf("%s %s is answered %d: %s", method, path, answer.Code, answer.Body)
		}
		return nil
	}
	// A write after each: what is shared until then is copied by it, where it is changed.
	write := func() error {
		inf.SeedClientSecret(infisical.ClientSecret{IdentityID: inf.Credentials()["identityId"]})
		return nil
	}
	var (
		snapshot  = server.Snapshot()
		snapshots []emulator.Snapshot // all are kept
		sandboxes int
	)
	var lines []line
	for _, of := range []struct {
		what string
		do   func() error
	}{
		{"a snapshot", func() error { snapshots = append(snapshots, server.Snapshot()); return nil }},
		{"a restore", func() error { server.Restore(snapshot); return nil }},
		{"a sandbox", func() error {
			sandboxes++
			return call(http.MethodPut, fmt.Sprintf("/~large-%d/_understudy", sandboxes), "{}")
		}},
		{"a reset", func() error { return call(http.MethodPost, "/_understudy/reset", "{}") }},
	} {
		server.Restore(snapshot)
		before := liveHeap()
		var times, withWrite []float64
		for range b.repeats {
			begin := time.Now()
			err := of.do()
			times = append(times, milliseconds(time.Since(begin)))
			if err := errors.Join(err, write()); err != nil {
				return nil, err
			}
			withWrite = append(withWrite, milliseconds(time.Since(begin)))
		}
		kept := float64(liveHeap()-before) / float64(b.repeats) / 1024
		lines = append(lines, atMost(1, "%.3f ms").line(of.what+" of a world of "+thousands(secrets)+" secrets", median(times),
			"median of %d; with a write behind it %.3f ms; live heap of each %.0f KiB", b.repeats, median(withWrite), kept))
	}
	return lines, nil
}

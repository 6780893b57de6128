package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/emulator/journal"
)

// growth measures how the cost of a call grows with what else a server has to do.
func (b *bench) growth(ctx context.Context) (lines []line, err error) {
	cost := func(u *understudy) ([]float64, error) {
		inf := u.Providers["infisical"]
		create, err := newCall(inf.URL, fmt.Sprintf(secretsPath, inf.Credentials["identityId"]), mediaJSON, inf.Credentials["accessToken"], secretBody)
		if err != nil {
			return nil, err
		}
		figures, err := b.interleave(b.cpuPerCall(ctx, u.process, create, b.calls/4))
		if err != nil {
			return nil, err
		}
		return figures[0], nil
	}
	add := func(what string, before, after []float64, detail string, args ...any) {
		lines = append(lines, figure("create client secret "+what, ratio(after, before), "%.2f ×", "CPU a call %.1f µs, was %.1f µs; %s",
			median(after), median(before), fmt.Sprintf(detail, args...)))
	}
	with := func(environment string, flags []string, measure func(u *understudy) error) (err error) {
		bare := b.serveFlags
		b.serveFlags = append(flags, bare...)
		defer func() { b.serveFlags = bare }()
		u, err := b.startCommand(ctx, environment)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, u.stop()) }()
		return measure(u)
	}

	var alone []float64
	if err := with("", []string{"--sandboxes=1000"}, func(u *understudy) error {
		b.rounds, b.calls = min(b.rounds, 3), min(b.calls, journal.MaxEntries)
		if alone, err = cost(u); err != nil { // fewer calls than fill the journal
			return err
		}
		full, err := cost(u)
		if err != nil {
			return err
		}
		add("with a full journal", alone, full, "%d entries", journal.MaxEntries)
		before, err := residentMemory(u.cmd.Process.Pid)
		if err != nil {
			return err
		}
		for i := range 1000 {
			if err := b.enter(ctx, u, i); err != nil {
				return err
			}
		}
		after, err := residentMemory(u.cmd.Process.Pid)
		if err != nil {
			return err
		}
		many, err := cost(u)
		if err != nil {
			return err
		}
		add("beside 1,000 sandboxes, each with a call", full, many, "resident %d MiB more", (after-before)>>20)
		return nil
	}); err != nil {
		return nil, err
	}

	if err := with("", nil, func(u *understudy) error {
		before, err := residentMemory(u.cmd.Process.Pid)
		if err != nil {
			return err
		}
		var dialer net.Dialer
		const idle = 10_000
		for range idle {
			conn, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(u.Gateway, "http://"))
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
		}
		many, err := cost(u)
		if err != nil {
			return err
		}
		after, err := residentMemory(u.cmd.Process.Pid)
		if err != nil {
			return err
		}
		add(fmt.Sprintf("beside %s idle connections", thousands(idle)), alone, many, "resident %d MiB more, with the load's", (after-before)>>20)
		return nil
	}); err != nil {
		return nil, err
	}

	return lines, with("GOMAXPROCS=1", nil, func(u *understudy) error {
		one, err := cost(u)
		if err == nil {
			add("on one core", alone, one, "GOMAXPROCS=1")
		}
		return err
	})
}

// enter makes a sandbox and a call in it.
func (b *bench) enter(ctx context.Context, u *understudy, n int) error {
	base := fmt.Sprintf("%s/~growth-%d", u.Gateway, n)
	for _, of := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodPut, "/_understudy", "{}", http.StatusCreated},
		{http.MethodPost, "/infisical/api/v1/auth/universal-auth/login", `{"clientId":"x","clientSecret":"x"}`, http.StatusUnauthorized},
	} {
		r, err := http.NewRequestWithContext(ctx, of.method, base+of.path, strings.NewReader(of.body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", mediaJSON)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.StatusCode != of.want {
			return fmt.Errorf("%s %s is answered %s", of.method, r.URL, answer.Status)
		}
	}
	return nil
}

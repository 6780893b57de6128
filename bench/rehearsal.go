package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/rehearse"
)

// rehearsal measures a rotation of 12 calls under pairs of faults, in memory and
// over sockets. It counts the CPU time of this process, in which all happens, so that
// others' load matters little. In memory, what the rotation itself takes, its HTTP client
// and its JSON, is taken off: as much as for so many calls to a server that costs nothing.
func (b *bench) rehearsal(ctx context.Context) ([]line, error) {
	kinds := []rehearse.Kind{rehearse.Statuses, rehearse.Lost, rehearse.AnswerLost, rehearse.Cut, rehearse.Dies, rehearse.Expired}
	if b.repeats < full.repeats {
		kinds = []rehearse.Kind{"503", rehearse.AnswerLost, rehearse.DiesAfter}
	}
	own, err := rotationsOwn(ctx, b.repeats*100)
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, place := range []struct {
		name    string
		sockets bool
	}{{"in memory", false}, {"over sockets", true}} {
		var calls atomic.Int64
		config := rehearse.Config{Kinds: kinds, Pairs: true, Stage: func() (*rehearse.Case, error) { return stageRotation(place.sockets, &calls) }}
		var report *rehearse.Report
		began := time.Now()
		each, err := cpuOf(os.Getpid(), func() (int, error) {
			report = rehearse.Run(ctx, config)
			return len(report.Cases), nil
		})
		wall := time.Since(began)
		if err != nil {
			return nil, err
		}
		each /= 1000 // milliseconds a case
		if report.Problem != "" || !report.OK() || len(report.Calls) != 12 {
			return nil, fmt.Errorf("the rehearsal, %s: %d calls, %d broken, %s", place.name, len(report.Calls), report.Count(rehearse.Broken), report.Problem)
		}
		n := float64(len(report.Cases))
		ofCalls := float64(calls.Load()) / n
		if !place.sockets {
			lines = append(lines, atMost(2, "%.2f ms").line("a case of a rehearsal, "+place.name, each-ofCalls*own/1000,
				"CPU, mean of %d; with the rotation's own, %.1f calls of %.0f µs, %.2f ms", len(report.Cases), ofCalls, own, each))
		} else {
			lines = append(lines, figure("a case of a rehearsal, "+place.name, each, "%.2f ms", "CPU, mean of %d, with the rotation's own", len(report.Cases)))
		}
		lines = append(lines,
			figure("1,000 cases, "+place.name, wall.Seconds()*1000/n, "%.1f s", "elapsed, with the rotation's own; CPU %.1f s", each),
			figure("pairs of faults of 12 calls, "+place.name, each*n/1000, "%.1f s", "CPU; it took %.1f s, %d kinds of faults", wall.Seconds(), len(kinds)),
		)
	}
	return lines, nil
}

// A tape is what calls were answered.
type tape []struct {
	body   string
	header http.Header
}

// A player answers calls as they were answered on a tape, over and over.
type player struct {
	tape tape
	next int
}

func (p *player) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil { // as every server reads it
		return nil, err
	}
	was := p.tape[p.next%len(p.tape)]
	p.next++
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Header: was.header, Request: r,
		Body: io.NopCloser(strings.NewReader(was.body)), ContentLength: int64(len(was.body)),
	}, nil
}

// A recorder notes what a transport answers, and counts its calls.
type recorder struct {
	http.RoundTripper
	calls *atomic.Int64
	tape  *tape // nil: only counts
}

func (rec recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	rec.calls.Add(1)
	response, err := rec.RoundTripper.RoundTrip(r)
	if err != nil || rec.tape == nil {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	*rec.tape = append(*rec.tape, tape{{string(body), response.Header}}...)
	return response, nil
}

// CloseIdleConnections closes those of the transport.
func (rec recorder) CloseIdleConnections() {
	if t, ok := rec.RoundTripper.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// rotationsOwn measures the CPU time of a call of the rotation to a server that costs
// nothing, in microseconds.
func rotationsOwn(ctx context.Context, times int) (float64, error) {
	var calls atomic.Int64
	var recorded tape
	rotation, server, err := newRotation(false, func(t http.RoundTripper) http.RoundTripper { return recorder{t, &calls, &recorded} })
	if err != nil {
		return 0, err
	}
	defer func() { _ = server.Close() }()
	if err := rotation.rotate(ctx); err != nil {
		return 0, err
	}
	rotation.client = &http.Client{Transport: &player{tape: recorded}}
	return cpuOf(os.Getpid(), func() (int, error) {
		for range times {
			if err := rotation.rotate(ctx); err != nil {
				return 0, err
			}
		}
		return times * len(recorded), nil
	})
}

// stageRotation makes a case: a rotation that looks at its secrets often.
func stageRotation(sockets bool, calls *atomic.Int64) (*rehearse.Case, error) {
	rotation, server, err := newRotation(sockets, func(t http.RoundTripper) http.RoundTripper { return recorder{t, calls, nil} })
	if err != nil {
		return nil, err
	}
	return &rehearse.Case{
		World:      server.World(),
		Acts:       []rehearse.Step{{Name: "rotate", Do: rotation.rotate}},
		Always:     []rehearse.Step{{Name: "it can log in", Do: rotation.logIn}},
		Complaints: func() []string { return nil },
		Close: func() {
			rotation.client.CloseIdleConnections()
			_ = server.Close()
		},
	}, nil
}

// newRotation returns a rotation and its server; its calls go through what wrap returns.
func newRotation(sockets bool, wrap func(http.RoundTripper) http.RoundTripper) (*rotation, *host.Host, error) {
	inf := infisical.New()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	server, err := host.New(inf, emulator.WithClock(at))
	if err != nil {
		return nil, nil, err
	}
	server.World().Clock.Freeze()
	server.World().Clock.Set(at)
	var transport http.RoundTripper = server
	if sockets {
		if err := server.Listen("127.0.0.1:0"); err != nil {
			return nil, nil, err
		}
		transport = &http.Transport{}
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
	url := inf.URL() + "/api/v1/auth/universal-auth"
	return &rotation{
		client: &http.Client{Transport: wrap(transport)}, url: url, secrets: url + "/identities/" + id.ID + "/client-secrets",
		clientID: id.ClientID, stored: id.ClientSecretID, secret: id.ClientSecret,
	}, server, nil
}

type rotation struct {
	client                 *http.Client
	url, secrets, clientID string
	stored, secret         string // what it logs in with
	token                  string
}

func (r *rotation) call(ctx context.Context, method, url string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", mediaJSON)
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s %s: %s", method, url, response.Status))
	}
	return json.Unmarshal(text, out)
}

func (r *rotation) logIn(ctx context.Context) error {
	var out struct{ AccessToken string }
	r.token = "" // an expired one would be refused
	err := r.call(ctx, http.MethodPost, r.url+"/login", map[string]string{"clientId": r.clientID, "clientSecret": r.secret}, &out)
	if err == nil {
		r.token = out.AccessToken
	}
	return err
}

// rotate makes 12 calls when one secret is there: two log-ins, one creation, one
// revocation, and reads.
func (r *rotation) rotate(ctx context.Context) error {
	if err := r.logIn(ctx); err != nil {
		return err
	}
	var made struct {
		ClientSecret     string
		ClientSecretData struct{ ID string }
	}
	if err := r.call(ctx, http.MethodPost, r.secrets, struct{}{}, &made); err != nil {
		return err
	}
	r.stored, r.secret = made.ClientSecretData.ID, made.ClientSecret
	if err := r.logIn(ctx); err != nil {
		return err
	}
	var list struct{ ClientSecretData []struct{ ID string } }
	for range 8 {
		if err := r.call(ctx, http.MethodGet, r.secrets, struct{}{}, &list); err != nil {
			return err
		}
	}
	for _, s := range list.ClientSecretData {
		if s.ID != r.stored {
			if err := r.call(ctx, http.MethodPost, r.secrets+"/"+s.ID+"/revoke", struct{}{}, &struct{}{}); err != nil {
				return err
			}
		}
	}
	return nil
}

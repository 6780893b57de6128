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
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/rehearse"
)

// rehearsal measures a rotation of 12 calls under pairs of faults, in memory and
// over sockets. It counts the CPU time of this process, in which all happens, so that
// others' load matters little; the rotation's own work is in it.
func (b *bench) rehearsal(ctx context.Context) ([]line, error) {
	kinds := []rehearse.Kind{rehearse.Statuses, rehearse.Lost, rehearse.AnswerLost, rehearse.Cut, rehearse.Dies, rehearse.Expired}
	if b.repeats < full.repeats {
		kinds = []rehearse.Kind{"503", rehearse.AnswerLost, rehearse.DiesAfter}
	}
	var lines []line
	for _, place := range []struct {
		name    string
		sockets bool
		limit   float64 // CPU a case
	}{{"in memory", false, 2}, {"over sockets", true, 6}} {
		config := rehearse.Config{Kinds: kinds, Pairs: true, Stage: func() (*rehearse.Case, error) { return stageRotation(place.sockets) }}
		began := time.Now()
		used, err := cpuTime(os.Getpid())
		if err != nil {
			return nil, err
		}
		report := rehearse.Run(ctx, config)
		wall := time.Since(began)
		cpu, err := cpuTime(os.Getpid())
		if err != nil {
			return nil, err
		}
		cpu -= used
		if report.Problem != "" || !report.OK() || len(report.Calls) != 12 {
			return nil, fmt.Errorf("the rehearsal, %s: %d calls, %d broken, %s", place.name, len(report.Calls), report.Count(rehearse.Broken), report.Problem)
		}
		n := float64(len(report.Cases))
		each := milliseconds(cpu) / n
		lines = append(lines,
			atMost(place.limit, "%.2f ms").line("a case of a rehearsal, "+place.name, each, "CPU, mean of %d, with the rotation's own", len(report.Cases)),
			figure("1,000 cases, "+place.name, each, "%.1f s", "CPU; it took %.1f s", wall.Seconds()*1000/n),
			figure("pairs of faults of 12 calls, "+place.name, cpu.Seconds(), "%.1f s", "CPU; it took %.1f s, %d kinds of faults", wall.Seconds(), len(kinds)),
		)
	}
	return lines, nil
}

// stageRotation makes a case: a rotation that looks at its secrets often.
func stageRotation(sockets bool) (*rehearse.Case, error) {
	inf := infisical.New()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	server, err := host.New(inf, emulator.WithClock(at))
	if err != nil {
		return nil, err
	}
	server.World().Clock.Freeze()
	server.World().Clock.Set(at)
	rotation := &rotation{client: &http.Client{Transport: server}}
	if sockets {
		if err := server.Listen("127.0.0.1:0"); err != nil {
			return nil, err
		}
		rotation.client = &http.Client{Transport: &http.Transport{}}
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
	rotation.url, rotation.clientID, rotation.secret = inf.URL()+"/api/v1/auth/universal-auth", id.ClientID, id.ClientSecret
	rotation.stored, rotation.secrets = id.ClientSecretID, rotation.url+"/identities/"+id.ID+"/client-secrets"
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

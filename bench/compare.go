package main

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/understudy-dev/understudy/fixtures"
)

// A measure is one round of something; it returns its figure.
type measure func() (float64, error)

// interleave runs the measures in turn, so that each meets the machine in the
// same moods, and returns the figures of each.
func (b *bench) interleave(measures ...measure) ([][]float64, error) {
	figures := make([][]float64, len(measures))
	for range b.rounds {
		for i, m := range measures {
			figure, err := m()
			if err != nil {
				return nil, err
			}
			figures[i] = append(figures[i], figure)
		}
	}
	return figures, nil
}

// cpuPerCall measures the CPU time of a server a call, in microseconds.
func (b *bench) cpuPerCall(ctx context.Context, p *process, c call, calls int) measure {
	return func() (float64, error) {
		return cpuOf(p.cmd.Process.Pid, func() (int, error) {
			t, err := load{connections: b.connections, calls: calls}.run(ctx, c)
			return t.calls, err
		})
	}
}

// cpuOf returns the CPU time that a process uses while work is done, by the unit
// of work, in microseconds.
func cpuOf(pid int, work func() (int, error)) (float64, error) {
	before, err := cpuTime(pid)
	if err != nil {
		return 0, err
	}
	n, err := work()
	if err != nil {
		return 0, err
	}
	after, err := cpuTime(pid)
	return float64(after-before) / float64(time.Microsecond) / float64(n), err
}

// medianLatency measures a call over one connection, in microseconds.
func (b *bench) medianLatency(ctx context.Context, c call) measure {
	return func() (float64, error) {
		t, err := load{connections: 1, calls: b.calls / 4}.run(ctx, c)
		return median(t.latencies), err
	}
}

// A pair is the ceiling and Understudy, side by side.
type pair struct {
	ceiling    *process
	ceilingURL string
	understudy *understudy
}

func (b *bench) startPair(ctx context.Context) (pair, error) {
	var ready struct{ URL string }
	ceiling, err := startChild(ctx, &ready, "child-ceiling")
	if err != nil {
		return pair{}, err
	}
	u, err := b.startCommand(ctx)
	if err != nil {
		return pair{}, errors.Join(err, ceiling.stop())
	}
	return pair{ceiling, ready.URL, u}, nil
}

func (p pair) stop() error { return errors.Join(p.ceiling.stop(), p.understudy.stop()) }

const (
	mediaJSON  = "application/json"
	tokenBody  = `{"name":"bench"}`
	secretBody = `{"description":"bench","numUsesLimit":0,"ttl":0}`
)

// calls makes the call of a path with an identity in it to both, which must
// answer alike: else the ceiling would be that of another house.
func (p pair) calls(ctx context.Context, path, body string) (ceiling, own call, err error) {
	inf := p.understudy.Providers["infisical"]
	path = fmt.Sprintf(path, inf.Credentials["identityId"])
	if own, err = newCall(inf.URL, path, mediaJSON, inf.Credentials["accessToken"], body); err != nil {
		return
	}
	if ceiling, err = own.at(p.ceilingURL); err != nil {
		return
	}
	theirs, err := ceiling.answer(ctx)
	if err != nil {
		return
	}
	ours, err := own.answer(ctx)
	if err != nil {
		return
	}
	return ceiling, own, alike(theirs, ours)
}

// alike fails unless two JSON answers have the same keys and about the same size.
func alike(a, b []byte) error {
	var x, y any
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		return err
	}
	if !slices.Equal(keys(x), keys(y)) || math.Abs(float64(len(a)-len(b))) > float64(len(b))/50 {
		return fmt.Errorf("the ceiling answers unlike Understudy:\n%s\n%s", a, b)
	}
	return nil
}

// keys lists the keys of a JSON value's objects, sorted.
func keys(v any) []string {
	var list []string
	object, _ := v.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		list = append(list, key)
		list = append(list, keys(object[key])...)
	}
	return list
}

func (b *bench) createToken(ctx context.Context) ([]line, error) {
	return b.againstCeiling(ctx, "Infisical create token, against its ceiling", tokensPath, tokenBody)
}

func (b *bench) createSecret(ctx context.Context) ([]line, error) {
	return b.againstCeiling(ctx, "Infisical create client secret, against its ceiling", secretsPath, secretBody)
}

func (b *bench) againstCeiling(ctx context.Context, what, path, body string) (lines []line, err error) {
	p, err := b.startPair(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	theirs, ours, err := p.calls(ctx, path, body)
	if err != nil {
		return nil, err
	}
	figures, err := b.interleave(b.cpuPerCall(ctx, p.ceiling, theirs, b.calls), b.cpuPerCall(ctx, p.understudy.process, ours, b.calls))
	if err != nil {
		return nil, err
	}
	return []line{atLeast(0.65, "%.2f").line(what, ratio(figures[0], figures[1]),
		"CPU a call: ceiling %.1f µs, Understudy %.1f µs", median(figures[0]), median(figures[1]))}, nil
}

func (b *bench) latency(ctx context.Context) (lines []line, err error) {
	p, err := b.startPair(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	for _, of := range []struct{ what, path, body string }{
		{"create token", tokensPath, tokenBody},
		{"create client secret", secretsPath, secretBody},
	} {
		theirs, ours, err := p.calls(ctx, of.path, of.body)
		if err != nil {
			return nil, err
		}
		figures, err := b.interleave(b.medianLatency(ctx, theirs), b.medianLatency(ctx, ours))
		if err != nil {
			return nil, err
		}
		lines = append(lines, atMost(1.5, "%.2f").line("one connection, median latency of "+of.what+", × the ceiling's", ratio(figures[1], figures[0]),
			"ceiling %.0f µs, Understudy %.0f µs", median(figures[0]), median(figures[1])))
	}
	return lines, nil
}

// rs256 compares the token endpoint of OCS, whose tokens are signed with RS256,
// with nothing but signatures.
func (b *bench) rs256(ctx context.Context) (lines []line, err error) {
	u, err := b.startCommand(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.stop()) }()
	ocs := u.Providers["ocs"]
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {ocs.Credentials["clientId"]}, "client_secret": {ocs.Credentials["clientSecret"]}}
	token, err := newCall(ocs.URL, "/identity/connect/token", "application/x-www-form-urlencoded", "", form.Encode())
	if err != nil {
		return nil, err
	}
	sign := func() (float64, error) {
		return cpuOf(os.Getpid(), func() (int, error) { return b.tokens, signOnly(b.tokens) })
	}
	figures, err := b.interleave(sign, b.cpuPerCall(ctx, u.process, token, b.tokens))
	if err != nil {
		return nil, err
	}
	return []line{atLeast(0.9, "%.2f").line("RS256 token endpoint (OCS), against rsa.SignPKCS1v15 alone", ratio(figures[0], figures[1]),
		"CPU a token: signature %.0f µs, Understudy %.0f µs", median(figures[0]), median(figures[1]))}, nil
}

// signOnly makes n signatures on all cores.
func signOnly(n int) error {
	key := fixtures.RSAKey(0).Private
	sum := sha256.Sum256([]byte("what a token says"))
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				_, errs[w] = rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// million compares a world of many client secrets with one of few.
func (b *bench) million(ctx context.Context) (lines []line, err error) {
	const few = 1000
	start := func(n int) (p *process, c crowd, err error) {
		p, err = startChild(ctx, &c, "child-secrets", fmt.Sprint(n))
		return p, c, err
	}
	small, smallWorld, err := start(few)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, small.stop()) }()
	large, largeWorld, err := start(b.secrets)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, large.stop()) }()
	for _, of := range []struct {
		what string
		call func(w crowd, secrets int) (call, error)
	}{
		{"login", login},
		{"create client secret", func(w crowd, _ int) (call, error) { return w.create(secretsPath, secretBody) }},
		{"create token", func(w crowd, _ int) (call, error) { return w.create(tokensPath, tokenBody) }},
	} {
		toSmall, err := of.call(smallWorld, few)
		if err != nil {
			return nil, err
		}
		toLarge, err := of.call(largeWorld, b.secrets)
		if err != nil {
			return nil, err
		}
		figures, err := b.interleave(b.cpuPerCall(ctx, small, toSmall, b.calls), b.cpuPerCall(ctx, large, toLarge, b.calls))
		if err != nil {
			return nil, err
		}
		lines = append(lines, atLeast(0.95, "%.2f").line(fmt.Sprintf("%s with %s live secrets, against %s", of.what, thousands(b.secrets), thousands(few)),
			ratio(figures[0], figures[1]), "CPU a call: %.1f µs with few, %.1f µs with many", median(figures[0]), median(figures[1])))
	}
	resident, err := residentMemory(large.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	return append(lines, atMost(600, "%.0f B").line("memory a client secret", largeWorld.BytesPerSecret,
		"live heap; resident with %s secrets, the loads' and what the collector leaves free: %d MiB", thousands(b.secrets), resident>>20)), nil
}

// login exchanges secrets from all over the world's, by turns.
func login(w crowd, secrets int) (call, error) {
	bodies := make([]string, min(secrets, 20_000))
	for i := range bodies {
		bodies[i] = fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, w.Credentials["clientId"], secretValue(i*(secrets/len(bodies))))
	}
	return newCalls(w.URL, "/api/v1/auth/universal-auth/login", mediaJSON, "", bodies)
}

func (w crowd) create(path, body string) (call, error) {
	return newCall(w.URL, fmt.Sprintf(path, w.Credentials["identityId"]), mediaJSON, w.Credentials["accessToken"], body)
}

// thousands writes a number with its thousands apart.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// peers are other servers, by name, that answer at the same paths.
type peers []struct{ name, url string }

// String is for flag.Value.
func (p *peers) String() string { return fmt.Sprint(*p) }

// Set adds NAME=URL.
func (p *peers) Set(text string) error {
	name, url, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("not of the form NAME=URL")
	}
	*p = append(*p, struct{ name, url string }{name, url})
	return nil
}

// peers compares other servers with the ceiling, at creating a client secret.
func (b *bench) peers(ctx context.Context) (lines []line, err error) {
	p, err := b.startPair(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	ceiling, own, err := p.calls(ctx, secretsPath, secretBody)
	if err != nil {
		return nil, err
	}
	names, calls := []string{"ceiling", "Understudy"}, []call{ceiling, own}
	for _, peer := range b.against {
		c, err := own.at(peer.url)
		if err != nil {
			return nil, err
		}
		if _, err := c.answer(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", peer.name, err)
		}
		names, calls = append(names, peer.name), append(calls, c)
	}
	const span = 3 * time.Second
	var rates, latencies []measure
	for _, c := range calls {
		rates = append(rates, func() (float64, error) {
			t, err := load{b.connections, math.MaxInt, span}.run(ctx, c)
			return float64(t.calls) / t.elapsed.Seconds(), err
		})
		latencies = append(latencies, func() (float64, error) {
			t, err := load{1, b.calls / 4, span}.run(ctx, c)
			return median(t.latencies), err
		})
	}
	b.rounds = min(b.rounds, 5)
	rate, err := b.interleave(rates...)
	if err != nil {
		return nil, err
	}
	latency, err := b.interleave(latencies...)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		lines = append(lines,
			figure(name+", calls a second", ratio(rate[i], rate[0]), "%.2f",
				"%.0f a second over %d connections, client and server on the same cores", median(rate[i]), b.connections),
			figure(name+", median latency", ratio(latency[i], latency[0]), "%.1f ×", "%.0f µs over one connection", median(latency[i])))
	}
	return lines, nil
}

package conform

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	callTimeout = 30 * time.Second // for one call
	answerLimit = 16 << 20         // bytes of an answer
	tries       = 3                // of a call that is answered 429
	longestWait = time.Minute      // that a Retry-After is obeyed
	ownToken    = "\x00token"      // stands for the credential that calls carry
)

// A Side is what conversations are played against.
type Side struct {
	URL         string
	Elsewhere   map[string]string // other addresses, by the beginning of the path
	Credentials map[string]string
	Transport   http.RoundTripper
}

// A player is one side of a conversation that is on.
type player struct {
	Side
	client *http.Client
	vars   map[string]string
	now    func() time.Time
	last   answer
	remove []made // to be done at the end, the last first
}

// A made is something that a conversation has to remove.
type made struct{ method, path string }

// An answer is what a side said.
type answer struct {
	at     time.Time // when it was asked
	status int
	header http.Header
	body   []byte
}

func (a answer) ok() bool { return a.status/100 == 2 }

func newPlayer(side Side, name string, now func() time.Time) *player {
	p := &player{Side: side, vars: map[string]string{"name": name, "url": side.URL}, now: now}
	for key, value := range side.Credentials {
		p.vars[key] = value
	}
	transport := side.Transport
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	}
	p.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return p
}

// expand puts variables into a word, unless it is quoted.
func (p *player) expand(word string) string {
	if strings.HasPrefix(word, "'") {
		return strings.Trim(word, "'")
	}
	return os.Expand(word, func(name string) string { return p.vars[name] })
}

// token is the credential that calls carry when the script says nothing else.
func (p *player) token() string {
	for _, name := range []string{"accessToken", "apiKey"} {
		if p.vars[name] != "" {
			return p.vars[name]
		}
	}
	return ""
}

// An unusable error says that a side cannot be played with.
type unusable struct{ error }

// ask makes a call and keeps its answer.
func (p *player) ask(ctx context.Context, c call) error {
	header := http.Header{}
	switch c.token {
	case "":
	case ownToken:
		header.Set("Authorization", "Bearer "+p.token())
	default:
		header.Set("Authorization", "Bearer "+p.vars[c.token])
	}
	var body []byte
	if c.hasBody {
		body = []byte(p.expand(c.body))
		header.Set("Content-Type", "application/json")
	}
	for _, h := range c.header {
		name, value := h[0], h[1]
		if strings.HasPrefix(name, "$") {
			name, value, _ = strings.Cut(p.expand(name), ":")
		}
		header.Set(strings.Trim(name, "'"), strings.TrimSpace(p.expand(strings.Trim(value, "'"))))
	}
	path := p.expand(c.path)
	for try := 1; ; try++ {
		err := p.send(ctx, c.method, path, header, body)
		if err != nil {
			return unusable{fmt.Errorf("%s %s: %w", c.method, path, err)}
		}
		if p.last.status != http.StatusTooManyRequests || try == tries {
			return nil
		}
		if err := sleep(ctx, retryAfter(p.last.header)); err != nil {
			return err
		}
	}
}

// retryAfter is how long a 429 wants to be left alone.
func retryAfter(h http.Header) time.Duration {
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil && seconds >= 0 {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	return time.Second
}

func (p *player) send(ctx context.Context, method, path string, header http.Header, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	base := p.URL
	for prefix, at := range p.Elsewhere {
		if strings.HasPrefix(path, prefix) {
			base = at
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body == nil {
		r.Body, r.GetBody = nil, nil
	}
	r.Header = header
	r.Header.Set("User-Agent", "understudy-conform")
	at := p.now()
	response, err := p.client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return err
	}
	p.last = answer{at: at, status: response.StatusCode, header: response.Header, body: text}
	return nil
}

// sleep waits, unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// keep sets a variable from the last answer. It reports whether there was one.
func (p *player) keep(s step) bool {
	name, value := s.args[0], ""
	switch s.name {
	case "json":
		value = pointer(p.last.body, p.expand(s.args[1]))
	case "header":
		value = p.last.header.Get(s.args[1])
	case "match":
		if found := regexp.MustCompile(p.expand(s.args[1])).FindStringSubmatch(p.last.header.Get("Location") + "\n" + string(p.last.body)); len(found) == 2 {
			value = found[1]
		}
	case "escape":
		value = url.QueryEscape(p.expand(s.args[1]))
	}
	p.vars[name] = value
	return value != ""
}

// pointer returns what a JSON pointer finds, as text.
func pointer(body []byte, at string) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return ""
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(at, "/"), "/") {
		switch container := v.(type) {
		case map[string]any:
			v = container[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(container) {
				return ""
			}
			v = container[i]
		default:
			return ""
		}
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, _ := json.Marshal(v)
	return string(text)
}

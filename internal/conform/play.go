package conform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
)

const (
	cleanUpTime = time.Minute     // for what is left to remove when it ends early
	shortWait   = 5 * time.Second // longer ones need Config.Slow
)

// A Config says what is played.
type Config struct {
	Conversations []*Conversation
	Target, Ours  Side
	// Advance moves the clock of our side; Now tells it.
	Advance func(time.Duration)
	Now     func() time.Time
	// Row names what SUPPORTED.md says of a call and its status, and is asked for
	// each difference.
	Row func(method, path string, status int) string
	// Slow plays conversations that wait more than 5 s in all. Waiting is real
	// time at the target.
	Slow bool
	// Name makes what is made recognizable.
	Name string
}

// A Result is what came of playing.
type Result struct {
	Played      []string     `json:"played"`
	Skipped     []string     `json:"skipped"` // with the reason
	Calls       int          `json:"calls"`   // at the target
	Differences []Difference `json:"differences"`
	Left        []string     `json:"left"` // what could not be removed
	// Unusable says why it ended early; "" when it did not.
	Unusable string `json:"unusable,omitempty"`
}

// Unexplained counts the differences that no row explains.
func (r *Result) Unexplained() int {
	n := 0
	for _, d := range r.Differences {
		if !d.Explained {
			n++
		}
	}
	return n
}

// Play plays conversations one after the other, and removes what each has made,
// whatever came of it: when ctx ends, too.
func Play(ctx context.Context, config Config) *Result {
	r := &Result{Played: []string{}, Skipped: []string{}, Differences: []Difference{}, Left: []string{}}
	for _, c := range config.Conversations {
		if wait := c.waits(); wait > shortWait && !config.Slow {
			r.Skipped = append(r.Skipped, fmt.Sprintf("%s: it waits %v", c.Name, wait))
			continue
		}
		if need := c.needs(config); need != "" {
			r.Skipped = append(r.Skipped, fmt.Sprintf("%s: the credentials have no %s", c.Name, need))
			continue
		}
		if err := config.play(ctx, c, r); err != nil {
			r.Unusable = fmt.Sprintf("%s: %v", c.Name, err)
			return r
		}
		r.Played = append(r.Played, c.Name)
	}
	if len(r.Played) == 0 {
		r.Unusable = "no conversation can be played"
	}
	return r
}

// needs is a credential that the conversation uses and the target's have not.
func (c *Conversation) needs(config Config) string {
	for name := range config.Ours.Credentials {
		if config.Target.Credentials[name] != "" {
			continue
		}
		for _, s := range c.steps {
			if mentions(strings.Join(s.args, " "), map[string]bool{name: true}) {
				return name
			}
		}
	}
	return ""
}

// play plays one conversation. An error means that there is no use in going on.
func (config Config) play(ctx context.Context, c *Conversation, r *Result) error {
	target := newPlayer(config.Target, config.Name, clock.New().Now)
	ours := newPlayer(config.Ours, config.Name, config.Now)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
		defer cancel()
		for _, m := range slices.Backward(target.remove) {
			if err := target.undo(ctx, m); err != nil {
				r.Left = append(r.Left, fmt.Sprintf("%s %s: %v", m.method, m.path, err))
			}
		}
	}()
	var vary []string
	for _, s := range c.steps {
		switch s.name {
		case "http":
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			call, _ := s.call()
			for _, p := range []*player{target, ours} {
				if err := p.ask(ctx, call); err != nil {
					return err
				}
			}
			r.Calls++
			if status := target.last.status; status >= 500 && ours.last.status < 500 || status == http.StatusTooManyRequests {
				return fmt.Errorf("line %d: %s %s is answered %d: %.200s", s.line, call.method, target.expand(call.path), status, target.last.body)
			}
			found := compare(target, ours, vary)
			vary = nil
			for _, d := range found {
				d.Conversation, d.Line, d.Call = c.Name, s.line, call.method+" "+call.path
				d.Row, d.Explained = config.row(call, target, ours)
				r.Differences = append(r.Differences, d)
			}
			if target.last.ok() != ours.last.ok() {
				return nil // the two are no longer in the same state
			}
		case "json", "header", "match", "escape":
			if !target.keep(s) || !ours.keep(s) {
				return nil // told already: the answers differ
			}
		case "env":
			for _, arg := range s.args {
				name, value, _ := strings.Cut(strings.Trim(arg, "'"), "=")
				target.vars[name], ours.vars[name] = target.expand(value), ours.expand(value)
			}
		case "vary":
			vary = s.args
		case "remove":
			target.remove = append(target.remove, made{s.args[0], target.expand(s.args[1])})
		case "advance":
			d, _ := s.wait()
			if err := sleep(ctx, d); err != nil {
				return err
			}
			config.Advance(d)
		}
	}
	return nil
}

// row is what SUPPORTED.md says where the two differ.
func (config Config) row(c call, target, ours *player) (row string, explained bool) {
	if differs := ours.last.header.Get("X-Understudy-Differs"); differs != "" {
		return "difference " + differs, true
	}
	return config.Row(c.method, ours.expand(c.path), ours.last.status), false
}

// undo removes what was made; that it is gone already is as good.
func (p *player) undo(ctx context.Context, m made) error {
	if err := p.ask(ctx, call{method: m.method, path: "'" + m.path + "'", token: ownToken}); err != nil {
		return err
	}
	if s := p.last.status; !p.last.ok() && s != http.StatusNotFound && s != http.StatusGone {
		return errors.New(http.StatusText(s))
	}
	return nil
}

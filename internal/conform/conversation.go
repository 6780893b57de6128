package conform

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// Mark is the first line of a script that may be played against a service.
const Mark = "# conform: safe"

// A Conversation is a script that may be played against a service.
type Conversation struct {
	Name  string
	steps []step
}

// A step is a command of a script.
type step struct {
	line    int
	comment string // what stands above it
	refused bool   // a refusal is expected
	name    string
	args    []string
}

// Parse reads a script. It fails on a script without the mark, on commands that
// make no sense against a service, and on calls that would change what the
// conversation has not made.
func Parse(name string, text string) (*Conversation, error) {
	script, _, _ := strings.Cut(text, "\n-- ")
	if first, _, _ := strings.Cut(script, "\n"); first != Mark {
		return nil, fmt.Errorf("%s: the first line is not %q", name, Mark)
	}
	c := &Conversation{Name: name}
	comment := ""
	for i, line := range strings.Split(script, "\n") {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "#"); ok {
			comment = strings.TrimSpace(comment + text)
			continue
		}
		if line == "" {
			comment = ""
			continue
		}
		s := step{line: i + 1, comment: comment}
		line, s.refused = strings.CutPrefix(line, "! ")
		words, err := split(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, s.line, err)
		}
		s.name, s.args = words[0], words[1:]
		c.steps = append(c.steps, s)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return c, nil
}

// split cuts a line into words; what stands between quotes is one, and keeps its
// mark, because nothing is expanded in it.
func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		end := strings.IndexByte(line, ' ')
		if line[0] == '\'' {
			closing := strings.IndexByte(line[1:], '\'')
			if closing < 0 {
				return nil, errors.New("a quote is not closed")
			}
			end = closing + 2
		}
		if end < 0 {
			end = len(line)
		}
		words = append(words, line[:end])
		line = line[end:]
	}
	return words, nil
}

// check holds the script to what can be played and to changing nothing of others.
func (c *Conversation) check() error {
	made := map[string]bool{} // variables that this conversation's own answers gave
	for _, s := range c.steps {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("%d: %s", s.line, fmt.Sprintf(format, args...))
		}
		switch s.name {
		case "http":
			call, err := s.call()
			if err != nil {
				return fail("%v", err)
			}
			creates := call.method == http.MethodPost || call.method == http.MethodGet || call.method == http.MethodHead
			if !creates && !mentions(call.path, made) {
				return fail("%s %s changes what the conversation has not made", call.method, call.path)
			}
		case "remove":
			if len(s.args) != 2 || !mentions(s.args[1], made) {
				return fail("remove METHOD PATH names something that was made")
			}
		case "json", "match", "header":
			if len(s.args) != 2 {
				return fail("%s takes two words", s.name)
			}
			made[s.args[0]] = true
		case "escape":
			if len(s.args) != 2 {
				return fail("escape takes two words")
			}
			if mentions(s.args[1], made) {
				made[s.args[0]] = true
			}
		case "advance":
			if _, err := s.wait(); err != nil {
				return fail("%v", err)
			}
		case "vary":
			if len(s.args) == 0 {
				return fail("vary names members")
			}
		case "env":
			for _, arg := range s.args {
				if !strings.Contains(arg, "=") {
					return fail("env NAME=VALUE")
				}
			}
		case "cmp", "stdout": // what Understudy answers is held to them elsewhere
		default:
			return fail("%s cannot be played against a service", s.name)
		}
	}
	return nil
}

// mentions reports whether a text uses one of the variables.
func mentions(text string, made map[string]bool) bool {
	found := false
	os.Expand(text, func(name string) string {
		found = found || made[name]
		return ""
	})
	return found
}

// wait is how long an advance is.
func (s step) wait() (time.Duration, error) {
	if len(s.args) != 1 {
		return 0, errors.New("advance DURATION")
	}
	d, err := time.ParseDuration(s.args[0])
	if err == nil && d <= 0 {
		err = errors.New("time goes forward")
	}
	return d, err
}

// waits is how long the conversation waits in all.
func (c *Conversation) waits() time.Duration {
	var all time.Duration
	for _, s := range c.steps {
		if s.name == "advance" {
			d, _ := s.wait()
			all += d
		}
	}
	return all
}

// A call is an http command, not yet expanded.
type call struct {
	method, path string
	header       [][2]string
	token        string // the variable that it carries; "" for none
	body         string
	hasBody      bool
}

// call reads the flags of an http command.
func (s step) call() (call, error) {
	c := call{token: ownToken}
	args := s.args
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		flag, value := args[0], ""
		args = args[1:]
		if slices.Contains([]string{"-as", "-H", "-d", "-show"}, flag) {
			if len(args) == 0 {
				return c, fmt.Errorf("http: %s needs a value", flag)
			}
			value, args = args[0], args[1:]
		}
		switch flag {
		case "-anon":
			c.token = ""
		case "-as":
			c.token = value
		case "-H":
			name, content, ok := strings.Cut(value, ":")
			if !ok && !strings.HasPrefix(value, "$") {
				return c, errors.New("http: a header is 'Name: value'")
			}
			c.header = append(c.header, [2]string{name, content})
		case "-d":
			c.body, c.hasBody = value, true
		case "-show", "-changes":
		default:
			return c, fmt.Errorf("http: %s cannot be played against a service", flag)
		}
	}
	if len(args) != 2 {
		return c, errors.New("http [flags] METHOD PATH")
	}
	c.method, c.path = args[0], args[1]
	return c, nil
}

// Calls lists the calls that the conversation may make, as they are written.
func (c *Conversation) Calls() []string {
	var lines []string
	for _, s := range c.steps {
		switch s.name {
		case "http":
			call, _ := s.call()
			lines = append(lines, call.method+" "+call.path)
		case "remove":
			lines = append(lines, s.args[0]+" "+s.args[1]+" (removes what was made)")
		case "advance":
			lines = append(lines, "wait "+s.args[0])
		}
	}
	return lines
}

package providertest

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/internal/kernel"
)

var update = flag.Bool("update", false, "rewrite the golden files of scripts")

// shownHeaders are the headers that http prints.
var shownHeaders = []string{
	"Content-Type", "Cache-Control", "Retry-After", "Location", "WWW-Authenticate",
	kernel.HeaderReason, kernel.HeaderDiffers,
}

// A conversation is the state of one script.
type conversation struct {
	*world
	contract string // as the script has set it
	body     []byte // the last one
	header   http.Header
	moves    bool // whether the world is exported and imported before each call
	noted    int  // calls
	scenes   []*scene
	issuer   *Issuer // of the command issuer
	fail     func(format string, args ...any)
}

type conversationKey struct{}

// Scripts runs the scripts in dir, and logs which documented statuses of which
// operations they reach. It fails when no script reaches the success of an
// operation that is served. Each script runs a second time in a world that is
// exported and imported before every call, which must not show. Then the scripts'
// calls are made again in damaged worlds, and at the edges of time.
func Scripts(t *testing.T, dir string, new func() emulator.Option) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu      sync.Mutex
		reached []reach
		scenes  []*scene
		ended   int
	)
	run := func(t *testing.T, update, moves bool, end func(name string, c *conversation)) {
		testscript.Run(t, testscript.Params{
			Dir:                dir,
			UpdateScripts:      update,
			RequireUniqueNames: true,
			Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"http": httpCommand, "json": jsonCommand, "header": headerCommand, "escape": escapeCommand, "match": matchCommand, "set": setCommand,
				"advance": advanceCommand, "clock": clockCommand, "contract": contractCommand, "world": worldCommand,
				"remove": removeCommand, "vary": varyCommand,
				"verify": verifyCommand, "fault": faultCommand, "clearfaults": clearFaultsCommand, "journal": journalCommand,
				"issuer": issuerCommand, "sign": signCommand,
			},
			Setup: func(env *testscript.Env) error {
				w := newWorld(env.T().(emulator.TB), new, seed)
				c := &conversation{world: w, moves: moves, fail: env.T().(testing.TB).Errorf}
				env.Values[conversationKey{}] = c
				env.Setenv("url", "http://"+host)
				env.Setenv("name", "understudy-conform-script")
				for name, value := range w.credentials {
					env.Setenv(name, value)
				}
				name := env.T().(testing.TB).Name()
				name = name[strings.LastIndex(name, "/")+1:]
				env.Defer(func() { end(name, c) })
				return nil
			},
		})
	}
	// Tests of their own, because scripts run in parallel: each is over when they are.
	t.Run("script", func(t *testing.T) {
		run(t, *update, false, func(name string, c *conversation) {
			mu.Lock()
			defer mu.Unlock()
			ended++
			for _, scene := range c.scenes {
				scene.script = name
				scenes = append(scenes, scene)
			}
			for _, e := range c.Journal.All() {
				reached = append(reached, reach{name, e.Operation, e.Response.Status, e.Fault != ""})
			}
		})
	})
	if testing.Short() { // the rest is the same calls again, one after the other
		return
	}
	t.Run("moved", func(t *testing.T) { run(t, false, true, func(string, *conversation) {}) })
	if !t.Failed() && len(scenes) > 0 {
		t.Run("damaged", func(t *testing.T) { damaged(t, scenes, new) })
		t.Run("edges", func(t *testing.T) { edges(t, scenes, new) })
	}
	// A part of the scripts (go test -run) says nothing about all of them.
	if ended == len(files) && !t.Failed() {
		coverage(t, examine(t, new), reached)
	}
}

func of(ts *testscript.TestScript) *conversation {
	return ts.Value(conversationKey{}).(*conversation)
}

// positive refuses "!" for commands that have no failure to expect.
func positive(ts *testscript.TestScript, neg bool, args []string, want int, usage string) {
	if neg {
		ts.Fatalf("! does not go with this command; usage: %s", usage)
	}
	if len(args) != want {
		ts.Fatalf("usage: %s", usage)
	}
}

func httpCommand(ts *testscript.TestScript, neg bool, args []string) {
	c := of(ts)
	header := http.Header{}
	if token := c.good(); token != "" {
		c.carry(header, token)
	}
	var (
		body    []byte
		changes bool
		show    []string
	)
	next := func() string {
		if len(args) < 2 {
			ts.Fatalf("http: %s needs a value", args[0])
		}
		args = args[1:]
		return args[0]
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-anon":
			c.carry(header, "")
		case "-as":
			token := ts.Getenv(next())
			if token == "" {
				ts.Fatalf("http: $%s is empty", args[0])
			}
			c.carry(header, token)
		case "-changes":
			changes = true
		case "-show":
			show = append(show, next())
		case "-H":
			name, value, ok := strings.Cut(next(), ":")
			if !ok {
				ts.Fatalf("http: a header is 'Name: value'")
			}
			header.Set(name, strings.TrimSpace(value))
		case "-d":
			text := next()
			if file, ok := strings.CutPrefix(text, "@"); ok {
				text = ts.ReadFile(file)
			}
			body = []byte(text)
		default:
			ts.Fatalf("http: unknown flag %s", args[0])
		}
		args = args[1:]
	}
	if len(args) != 2 {
		ts.Fatalf("usage: http [flags] METHOD PATH")
	}
	if changes && !neg {
		ts.Fatalf("http: -changes goes with !")
	}
	// A request that cannot be made is a mistake in the script, not a refusal.
	_, err := http.NewRequest(args[0], c.url+args[1], nil)
	ts.Check(err)
	if body != nil && header["Content-Type"] == nil {
		header.Set("Content-Type", "application/json")
	}
	if header.Get("Content-Type") == "" {
		header.Del("Content-Type")
	}

	if c.moves {
		ts.Check(c.move())
	} else {
		ts.Check(c.note(request{method: args[0], path: args[1], header: header.Clone(), body: body}))
	}
	before := c.Snapshot()
	a := c.send(args[0], args[1], header, body)
	c.body, c.header = a.body, a.header
	c.print(ts, a, show)
	if a.ok() == neg {
		ts.Fatalf("unexpected answer: %s %s: %d %v\n%s%s", args[0], args[1], a.status, a.err, a.header.Get(kernel.HeaderReason), a.body)
	}
	switch changed := !c.Snapshot().Equal(before); {
	case neg && changed && !changes:
		ts.Fatalf("a refusal has changed the state")
	case neg && !changed && changes:
		ts.Fatalf("a refusal was to change the state and has not")
	}
}

func (c *conversation) print(ts *testscript.TestScript, a answer, show []string) {
	out := ts.Stdout()
	if a.status == 0 {
		_, _ = fmt.Fprintln(out, "connection lost")
		return
	}
	_, _ = fmt.Fprintln(out, "HTTP", a.status)
	for _, name := range append(show, shownHeaders...) {
		for _, value := range a.header.Values(name) {
			_, _ = fmt.Fprintf(out, "%s: %s\n", name, value)
		}
	}
	_, _ = fmt.Fprintf(out, "\n%s\n", a.body)
	if a.err != nil {
		_, _ = fmt.Fprintln(out, "connection lost")
	}
}

func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 2, "json NAME POINTER")
	var value any
	ts.Check(json.Unmarshal(of(ts).body, &value))
	for _, step := range strings.Split(args[1], "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		var ok bool
		switch container := value.(type) {
		case map[string]any:
			value, ok = container[step]
		case []any:
			i, err := strconv.Atoi(step)
			if ok = err == nil && i >= 0 && i < len(container); ok {
				value = container[i]
			}
		}
		if !ok {
			ts.Fatalf("the last body has no %s", args[1])
		}
	}
	text, ok := value.(string)
	if !ok {
		encoded, err := json.Marshal(value)
		ts.Check(err)
		text = string(encoded)
	}
	ts.Setenv(args[0], text)
}

// headerCommand keeps a header of the last answer.
func headerCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 2, "header NAME HEADER")
	value := of(ts).header.Get(args[1])
	if value == "" {
		ts.Fatalf("the last answer has no %s", args[1])
	}
	ts.Setenv(args[0], value)
}

// matchCommand keeps a part of where the last answer leads, or of its body.
func matchCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 2, "match NAME PATTERN")
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	c := of(ts)
	found := pattern.FindStringSubmatch(c.header.Get("Location") + "\n" + string(c.body))
	if len(found) != 2 {
		ts.Fatalf("the last answer has no one group of %s", pattern)
	}
	ts.Setenv(args[0], found[1])
}

// escapeCommand keeps a value as a form has it.
func escapeCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 2, "escape NAME VALUE")
	ts.Setenv(args[0], url.QueryEscape(args[1]))
}

// verifyCommand verifies a token as its users do: by the published keys, the
// world's time and nothing else.
func verifyCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: verify NAME PATH")
	}
	c := of(ts)
	var keys jose.JSONWebKeySet
	ts.Check(json.Unmarshal(c.send(http.MethodGet, args[1], http.Header{}, nil).body, &keys))
	token, err := jwt.ParseSigned(ts.Getenv(args[0]), []jose.SignatureAlgorithm{jose.RS256})
	ts.Check(err)
	var (
		times jwt.Claims
		all   json.RawMessage
	)
	if err = token.Claims(keys, &times, &all); err == nil {
		_, _ = fmt.Fprintf(ts.Stdout(), "%s\n", all)
		err = times.ValidateWithLeeway(jwt.Expected{Time: c.Clock.Now()}, 0)
	}
	switch {
	case err == nil && neg:
		ts.Fatalf("the token is good")
	case err != nil && !neg:
		ts.Fatalf("the token is bad: %v", err)
	case err != nil:
		_, _ = fmt.Fprintln(ts.Stdout(), err)
	}
}

// removeCommand removes at the end what a conversation has made, as understudy
// conform does it at a service. It may be gone by then.
func removeCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 2, "remove METHOD PATH")
	c := of(ts)
	ts.Defer(func() {
		if a := c.send(args[0], args[1], c.world.header(), nil); !a.ok() && a.status != http.StatusNotFound {
			c.fail("%s %s: %d %s", args[0], args[1], a.status, a.body)
		}
	})
}

// varyCommand names members of the next answer that understudy conform does not
// compare; here nothing varies.
func varyCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: vary POINTER...")
	}
}

// setCommand changes a setting of the provider over the control API.
func setCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 1, "set NAME=VALUE")
	name, value, ok := strings.Cut(args[0], "=")
	if !ok {
		ts.Fatalf("usage: set NAME=VALUE")
	}
	ts.Check(of(ts).set(name, value))
}

func advanceCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 1, "advance DURATION")
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	of(ts).Clock.Advance(d)
}

func clockCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 1, "clock TIME")
	to, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	of(ts).Clock.Set(to)
}

func contractCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 1, "contract live|documented")
	c := of(ts)
	if len(c.Journal.All()) > 0 {
		ts.Fatalf("contract comes before any request")
	}
	c.contract = args[0]
	ts.Check(c.startOver(map[string]any{"contract": c.contract}))
}

// worldCommand starts over with a world file.
func worldCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 1, "world FILE")
	c := of(ts)
	if len(c.Journal.All()) > 0 {
		ts.Fatalf("world comes before any request")
	}
	for name := range c.credentials {
		ts.Setenv(name, "")
	}
	// Another world comes with its own seed and contract.
	change := map[string]any{"world": ts.ReadFile(args[0]), "seed": seed}
	if c.contract != "" {
		change["contract"] = c.contract
	}
	ts.Check(c.startOver(change))
	for name, value := range c.credentials {
		ts.Setenv(name, value)
	}
}

func faultCommand(ts *testscript.TestScript, neg bool, args []string) {
	c := of(ts)
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fault OPERATION KEY[=VALUE]...")
	}
	var (
		f      fault.Fault
		always bool
	)
	for _, arg := range args[1:] {
		key, value, _ := strings.Cut(arg, "=")
		var err error
		switch key {
		case "status":
			f.Spec.Status, err = strconv.Atoi(value)
		case "skip":
			f.Spec.Skip, err = strconv.Atoi(value)
		case "times":
			f.Spec.Times, err = strconv.Atoi(value)
		case "delay":
			f.Spec.Delay, err = time.ParseDuration(value)
		case "retryAfter":
			f.Spec.RetryAfter, err = time.ParseDuration(value)
		case "code":
			f.Spec.Code = value
		case "message":
			f.Spec.Message = value
		case "drop":
			f.Spec.Drop = true
		case "truncate":
			f.Spec.Truncate = true
		case "silent":
			f.Spec.Silent = true
		case "after":
			f.Spec.After = true
		case "undocumented":
			f.Spec.Undocumented = true
		case "always":
			always = true
		default:
			ts.Fatalf("fault: unknown key %s", key)
		}
		ts.Check(err)
	}
	_, err := c.Faults.Add(kernel.ResolveOp(c.name, args[0]), f, always)
	ts.Check(err)
}

func clearFaultsCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 0, "clearfaults")
	of(ts).Faults.Clear()
}

func journalCommand(ts *testscript.TestScript, neg bool, args []string) {
	positive(ts, neg, args, 2, "journal OPERATION N")
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	c := of(ts)
	if got := len(c.Journal.For(kernel.ResolveOp(c.name, args[0]))); got != want {
		ts.Fatalf("the journal has %d entries for %s, want %d", got, args[0], want)
	}
}

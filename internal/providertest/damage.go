package providertest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/internal/kernel"
)

var (
	damages    = flag.Int("damaged", 60, "how many damaged states Scripts loads")
	damageSeed = flag.Uint64("damage-seed", 1, "which ones")
)

// hung is how long a load, or the calls after it, may take.
const hung = 30 * time.Second

// A scene is a world in the middle of a script, and the calls that the script goes
// on with.
type scene struct {
	script string
	state  []byte
	calls  []request
}

// everyNth call of a script, its world is kept as a scene.
const everyNth = 4

// note keeps the present world as a scene, and the call for all scenes so far.
func (c *conversation) note(r request) error {
	if c.noted%everyNth == 0 {
		state, err := c.ask(http.MethodGet, "/state", nil)
		if err != nil {
			return err
		}
		c.scenes = append(c.scenes, &scene{state: state})
	}
	c.noted++
	for _, s := range c.scenes {
		s.calls = append(s.calls, r)
	}
	return nil
}

// A stage is a server that scenes are played on again.
type stage struct {
	server   *emulator.Server
	provider emulator.Provider
}

func newStage(t *testing.T, new func() emulator.Option) stage {
	t.Helper()
	option := new()
	server, err := emulator.New(option, emulator.WithSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return stage{server, option.(emulator.Provider)}
}

// control makes a call of the control API.
func (s stage) control(method, path string, body []byte) (int, string) {
	r := httptest.NewRequest(method, "http://localhost/_understudy"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// play makes the calls and returns what no call may be answered, if anything.
func (s stage) play(calls []request) error {
	for _, call := range calls {
		r, err := http.NewRequest(call.method, "http://"+host+call.path, bytes.NewReader(call.body))
		if err != nil {
			return err
		}
		r.Host, r.Header, r.RemoteAddr = host, call.header.Clone(), "127.0.0.1:1"
		w := httptest.NewRecorder()
		s.server.HandlerFor(s.provider).ServeHTTP(w, r)
		declined := w.Code == http.StatusNotImplemented || w.Code == http.StatusGatewayTimeout // what the script is about
		known := w.Header().Get(kernel.HeaderDiffers) != ""
		if w.Code >= 500 && !declined && !known {
			return fmt.Errorf("%s %s: %d %s: %s", call.method, call.path, w.Code, w.Header().Get(kernel.HeaderReason), w.Body)
		}
	}
	if status, body := s.control(http.MethodGet, "/state", nil); status != http.StatusOK {
		return fmt.Errorf("the state cannot be exported: %d %s", status, body)
	}
	return nil
}

// inTime runs fn, and reports false when it takes too long.
func inTime(fn func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
		return true
	case <-time.After(hung):
		return false
	}
}

// damaged loads states that are not as they were written. Each is refused, or
// serves the calls of its script, whatever it answers.
func damaged(t *testing.T, scenes []*scene, new func() emulator.Option) {
	s := newStage(t, new)
	random := rand.New(rand.NewPCG(*damageSeed, 0))
	taken, calls := 0, 0
	for range *damages {
		scene := scenes[random.IntN(len(scenes))]
		state, what := damage(random, scene.state)
		var (
			status int
			body   string
			err    error
		)
		if !inTime(func() {
			if status, body = s.control(http.MethodPut, "/state", state); status == http.StatusOK {
				err = s.play(scene.calls)
			}
		}) {
			t.Fatalf("%s: %s: it hangs", scene.script, what)
		}
		switch {
		case status == http.StatusOK:
			taken++
			calls += len(scene.calls)
		case status != http.StatusBadRequest:
			err = fmt.Errorf("the import is answered %d %s", status, body)
		}
		if err != nil {
			t.Errorf("%s: %s: %.2000v", scene.script, what, err)
		}
	}
	t.Logf("%d damaged states: %d refused, %d taken and used by %d calls", *damages, *damages-taken, taken, calls)
}

// edges plays scenes at the first and the last instants there are.
func edges(t *testing.T, scenes []*scene, new func() emulator.Option) {
	s := newStage(t, new)
	for i, scene := range scenes {
		if status, body := s.control(http.MethodPut, "/state", scene.state); status != http.StatusOK {
			t.Fatalf("%s: %d %s", scene.script, status, body)
		}
		s.server.Clock.Set([]time.Time{clock.First, clock.Last, clock.Last.Add(-time.Hour)}[i%3])
		if err := s.play(scene.calls); err != nil {
			t.Errorf("%s: at %s: %.2000v", scene.script, s.server.Clock.Now(), err)
		}
	}
}

// damage changes a state in one to three places, and says how.
func damage(random *rand.Rand, text []byte) ([]byte, string) {
	var state map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		panic(err) // the server has written it
	}
	d := &damager{random: random}
	d.texts(state)
	for range 1 + random.IntN(3) {
		d.change(state)
	}
	text, err := json.Marshal(state)
	if err != nil {
		panic(err)
	}
	return text, strings.Join(d.done, "; ")
}

// A damager changes one state.
type damager struct {
	random *rand.Rand
	known  []string // texts of the state, to stand in for others
	done   []string
}

func (d *damager) texts(v any) {
	switch v := v.(type) {
	case string:
		d.known = append(d.known, v)
	case []any:
		for _, item := range v {
			d.texts(item)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			d.texts(v[key])
		}
	}
}

func (d *damager) say(format string, args ...any) {
	d.done = append(d.done, fmt.Sprintf(format, args...))
}

func pick[T any](d *damager, of []T) T { return of[d.random.IntN(len(of))] }

// change changes one place: of the rows for the most part, for they are most of it.
func (d *damager) change(state map[string]any) {
	var content map[string]any
	providers, _ := state["providers"].(map[string]any)
	for name := range providers { // the one there is, unless it is gone
		content, _ = providers[name].(map[string]any)
	}
	sequences, _ := content["sequences"].(map[string]any)
	tables, _ := content["tables"].(map[string]any)
	names := slices.Sorted(maps.Keys(tables))
	switch kind := d.random.IntN(20); {
	case kind == 0:
		d.leaf(state, "")
		return
	case kind <= 3 && len(sequences) > 0:
		name := pick(d, slices.Sorted(maps.Keys(sequences)))
		if d.random.IntN(2) == 0 {
			delete(sequences, name)
			d.say("without the sequence %s", name)
			return
		}
		old, _ := sequences[name].(json.Number)
		n, _ := old.Int64()
		sequences[name] = json.Number(fmt.Sprint(d.random.Int64N(max(n, 0) + 1)))
		d.say("sequence %s %s instead of %d", name, sequences[name], n)
		return
	case len(names) == 0:
		return
	}
	name := pick(d, names)
	rows, _ := tables[name].([]any)
	if d.random.IntN(20) == 0 || len(rows) == 0 {
		delete(tables, name)
		d.say("without the table %s", name)
		return
	}
	i := d.random.IntN(len(rows))
	row, _ := rows[i].(map[string]any)
	if row == nil {
		return
	}
	switch d.random.IntN(8) {
	case 0:
		tables[name] = slices.Delete(slices.Clone(rows), i, i+1)
		d.say("without %s %d", name, i)
	case 1:
		key := row["key"]
		row["key"] = pick(d, append(d.known, "", "x", "0", "99999999999999999999"))
		d.say("%s %d: key %q instead of %q", name, i, row["key"], key)
	case 2:
		var last int64
		for _, r := range rows {
			r, _ := r.(map[string]any)
			order, _ := r["order"].(json.Number)
			n, _ := order.Int64()
			last = max(last, n)
		}
		tables[name] = append(slices.Clone(rows), map[string]any{"order": json.Number(fmt.Sprint(last + 1)), "key": pick(d, d.known), "value": row["value"]})
		d.say("%s %d twice", name, i)
	case 3:
		j := d.random.IntN(len(rows))
		other, _ := rows[j].(map[string]any)
		if other == nil {
			return
		}
		row["value"], other["value"] = other["value"], row["value"]
		d.say("%s: the values of %d and %d have changed places", name, i, j)
	default:
		row["value"] = d.leaf(row["value"], fmt.Sprintf("%s %d: ", name, i))
	}
}

// leaf goes to some place within v and changes it.
func (d *damager) leaf(v any, at string) any {
	for range 3 { // not at the top, if possible
		switch within := v.(type) {
		case map[string]any:
			if len(within) == 0 {
				return v
			}
			key := pick(d, slices.Sorted(maps.Keys(within)))
			if d.random.IntN(10) == 0 {
				delete(within, key)
				d.say("%swithout %s", at, key)
				return v
			}
			within[key] = d.leaf(within[key], at+key+" ")
			return v
		case []any:
			if len(within) > 0 && d.random.IntN(3) > 0 {
				i := d.random.IntN(len(within))
				within[i] = d.leaf(within[i], fmt.Sprintf("%s%d ", at, i))
				return v
			}
		}
	}
	other := v
	switch v := v.(type) {
	case string:
		other = pick(d, append(d.known, "", "x", strings.Repeat("x", 5000), "\x00", "${A}", "/", "../..", "9999-12-31T23:59:59.9-14:00", "0001-01-01T00:00:00Z", "AAAA"))
	case json.Number:
		other = json.Number(pick(d, []string{"0", "1", "-1", "2", "7", "1e18", "-1e18", "9007199254740991", "1e300", "255", "0.5", "4294967296"}))
	case bool:
		other = !v
	case []any:
		other = pick(d, []any{[]any{}, append(slices.Clone(v), v...), nil})
	case nil:
		other = pick(d, []any{"", "x", json.Number("0"), true, []any{}, map[string]any{}, pick(d, d.known)})
	}
	if d.random.IntN(10) == 0 {
		other = nil
	}
	d.say("%s%.100v instead of %.100v", at, other, v)
	return other
}

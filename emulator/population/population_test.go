package population_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/population"
)

// owners lists the names of those who hold credentials.
func owners(srv *emulator.Server) string {
	var names []string
	for _, credential := range srv.Inventory() {
		names = append(names, credential.Owner.Name)
	}
	return strings.Join(names, "\n")
}

func TestOf(t *testing.T) {
	start := func(n int, seed string) *emulator.Server {
		return emulator.NewTest(t, emulator.InMemory(), infisical.New(), population.Of(n), emulator.WithSeed(seed))
	}
	none, some, again, other := start(0, "s"), start(20, "s"), start(20, "s"), start(20, "t")
	if more := len(some.Inventory()) - len(none.Inventory()); more != 20 {
		t.Errorf("there are %d more credentials, want 20", more)
	}
	if owners(some) != owners(again) || !some.Snapshot().Equal(again.Snapshot()) {
		t.Error("the same seed has invented two worlds")
	}
	if owners(some) == owners(other) {
		t.Error("two seeds have invented the same world")
	}
	if !strings.HasPrefix(owners(some), "understudy\n") {
		t.Errorf("the default world's do not come first:\n%s", owners(some))
	}
	some.Reset()
	if owners(some) != owners(again) {
		t.Error("a reset has lost the population")
	}
	for _, n := range []int{-1, population.Most + 1} {
		if _, err := emulator.New(infisical.New(), population.Of(n)); err == nil || !strings.Contains(err.Error(), "is not between 0 and") {
			t.Errorf("%d: %v", n, err)
		}
	}
}

// TestControl populates by the control API, where a server can.
func TestControl(t *testing.T) {
	reset := func(srv *emulator.Server, body string) (status int, text string) {
		t.Helper()
		request, err := http.NewRequest("POST", srv.URL()+"/_understudy/reset", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		var b strings.Builder
		if err := response.Write(&b); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, b.String()
	}
	without := emulator.NewTest(t, infisical.New())
	if status, text := reset(without, `{"populate":5}`); status != http.StatusBadRequest || !strings.Contains(text, "emulator/population") {
		t.Errorf("a server without it: %d %s", status, text)
	}
	with := emulator.NewTest(t, infisical.New(), population.Of(0))
	before := len(with.Inventory())
	if status, text := reset(with, `{"populate":5}`); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	if more := len(with.Inventory()) - before; more != 5 {
		t.Errorf("there are %d more credentials, want 5", more)
	}
	if status, _ := reset(with, `{"populate":10001}`); status != http.StatusBadRequest {
		t.Errorf("more than the most: %d", status)
	}
	if more := len(with.Inventory()) - before; more != 5 {
		t.Error("the refusal has changed the world")
	}
}

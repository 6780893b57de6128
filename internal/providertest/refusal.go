package providertest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
)

// RefusesWorld resets a server to a world file by the control API. It has to be
// refused for exactly the reason, which begins with the line, and to leave
// everything as it was.
func RefusesWorld(t *testing.T, new func() emulator.Option, file, want string) {
	t.Helper()
	w := newWorld(t, new, seed)
	body, err := json.Marshal(map[string]string{"world": file})
	if err != nil {
		t.Fatal(err)
	}
	before := w.Snapshot()
	answer, err := w.ask("POST", "/reset", body)
	if err == nil {
		t.Fatal("the file is taken")
	}
	var problem struct{ Detail string }
	if err := json.Unmarshal(answer, &problem); err != nil {
		t.Fatal(err)
	}
	if want = "world file, line " + want + "; the world stays as it was"; problem.Detail != want {
		t.Errorf("got  %s\nwant %s", problem.Detail, want)
	}
	if !w.Snapshot().Equal(before) {
		t.Error("a refused reset has changed something")
	}
}

// RefusesSeed calls a seed helper of the server's one provider. It has to panic
// for exactly the reason, and to leave everything as it was.
func RefusesSeed(t *testing.T, srv *emulator.Server, seed func(), want string) {
	t.Helper()
	for name := range srv.Info().Providers {
		want = "understudy: seeding " + name + ": " + want
	}
	before := srv.Snapshot()
	defer func() {
		if got := fmt.Sprint(recover()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !srv.Snapshot().Equal(before) {
			t.Error("a refused seed has left something behind")
		}
	}()
	seed()
}

package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// transcriptSeed is the environment variable that makes the test binary print
// a transcript instead of running tests; its value is the seed.
const transcriptSeed = "UNDERSTUDY_TEST_TRANSCRIPT_SEED"

func printTranscript(seed string) {
	srv, inf, err := frozen(seed)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(transcript(srv, inf))
}

// frozen returns a world in which nothing but the seed makes a difference.
func frozen(seed string) (*emulator.Server, *infisical.Provider, error) {
	inf := infisical.New()
	srv, err := emulator.New(inf, emulator.WithSeed(seed), emulator.WithAnswerChecks())
	if err != nil {
		return nil, nil, err
	}
	srv.Clock.Freeze()
	srv.Clock.Set(start)
	return srv, inf, nil
}

// transcript makes a fixed sequence of calls, refused ones among them, and
// returns the bodies of all answers.
func transcript(srv *emulator.Server, inf *infisical.Provider) string {
	var log strings.Builder
	admin := inf.Credentials()
	a := api{srv.Client(), inf.URL(), admin["accessToken"]}
	call := func(method, path, body string) {
		got, err := a.try(context.Background(), method, path, body)
		fmt.Fprintf(&log, "%s %s: %d %s %v\n", method, path, got.status, got.body, err)
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "seeded"})
	extra := inf.SeedClientSecret(infisical.ClientSecret{IdentityID: id.ID, NumUsesLimit: 1})
	fmt.Fprintln(&log, admin, id, extra)

	call("POST", loginPath, loginBody(id.ClientID, extra.Secret))
	call("POST", loginPath, loginBody(id.ClientID, extra.Secret)) // used up
	call("POST", loginPath, `{}`)
	call("GET", "/nowhere", "")
	call("POST", secretsPath(id.ID), `{"description":"one"}`)
	call("POST", secretsPath(id.ID), `{"ttl":-1}`)
	srv.Clock.Advance(time.Hour)
	call("POST", secretsPath(id.ID), `{"description":"two"}`)
	call("GET", secretsPath(id.ID), "")
	call("POST", "/api/v1/identities", `{"name":"made","organizationId":"`+admin["organizationId"]+`","metadata":[{"key":"k","value":"v"}]}`)
	call("GET", identityPath(id.ID), "")
	call("GET", identityPath("nobody"), "")
	return log.String()
}

func newFrozen(t *testing.T, seed string) (*emulator.Server, *infisical.Provider) {
	t.Helper()
	srv, inf, err := frozen(seed)
	if err != nil {
		t.Fatal(err)
	}
	return srv, inf
}

func TestSameSeedSameBodies(t *testing.T) {
	one := transcript(newFrozen(t, "s"))
	if two := transcript(newFrozen(t, "s")); one != two {
		t.Errorf("two servers of one seed differ:\n%s\n%s", one, two)
	}
	if strings.Count(one, ": 200 ") != 6 {
		t.Errorf("not the calls that were meant to succeed did:\n%s", one)
	}
}

// TestAnotherProcessAnswersTheSame runs the test binary again, so that nothing
// a process has of its own (map order, hashes) can make the answers.
func TestAnotherProcessAnswersTheSame(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), transcriptSeed+"=s")
	cmd.Stderr = os.Stderr
	there, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if here := transcript(newFrozen(t, "s")); here != string(there) {
		t.Errorf("two processes of one seed differ:\n%s\n%s", here, there)
	}
}

func TestAnotherSeedOtherIDs(t *testing.T) {
	_, one := newFrozen(t, "s")
	_, two := newFrozen(t, "t")
	a, b := one.SeedIdentity(infisical.Identity{}), two.SeedIdentity(infisical.Identity{})
	if a.ID == b.ID || a.ClientID == b.ClientID || a.ClientSecret == b.ClientSecret || a.OrganizationID == b.OrganizationID {
		t.Errorf("seeds s and t share something: %+v %+v", a, b)
	}
	for name, value := range one.Credentials() {
		if value == "" || value == two.Credentials()[name] {
			t.Errorf("credential %s is %q with both seeds", name, value)
		}
	}
}

// TestForeignToken shows that a token of another seed is not accepted.
func TestForeignToken(t *testing.T) {
	srv, inf := newFrozen(t, "s")
	_, other := newFrozen(t, "t")
	a := api{srv.Client(), inf.URL(), other.Credentials()["accessToken"]}
	a.call(t, "GET", identityPath(inf.Credentials()["identityId"]), "", http.StatusForbidden)
}

func TestRestoreRepeats(t *testing.T) {
	srv, inf := newFrozen(t, "s")
	inf.SeedIdentity(infisical.Identity{Name: "before"})
	before := srv.Snapshot()
	one := transcript(srv, inf)
	if srv.Snapshot().Equal(before) {
		t.Fatal("the calls changed nothing")
	}
	for range 2 { // a snapshot can be restored again and again
		srv.Restore(before)
		if !srv.Snapshot().Equal(before) {
			t.Fatal("the restored world is not that of the snapshot")
		}
		if now := srv.Clock.Now(); !now.Equal(start) || !srv.Clock.Frozen() {
			t.Fatalf("the clock stands at %s, want it frozen at %s", now, start)
		}
		if two := transcript(srv, inf); one != two {
			t.Fatalf("after Restore the answers differ:\n%s\n%s", one, two)
		}
	}
}

// TestRestoreKeeps shows what a snapshot does not hold.
func TestRestoreKeeps(t *testing.T) {
	srv, id, a := newWorld(t, emulator.AllowUnused())
	before := srv.Snapshot()
	a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
	srv.Faults.Next(infisical.OpLogin, fault.Drop())
	srv.Restore(before)
	if len(srv.Journal.All()) != 1 || len(srv.Faults.List()) != 1 {
		t.Error("Restore touched the journal or the faults")
	}
}

func TestRestoreRunningClock(t *testing.T) {
	srv, _, _ := newWorld(t, emulator.WithClock(start))
	before := srv.Snapshot()
	srv.Clock.Advance(24 * time.Hour)
	srv.Clock.Freeze()
	srv.Restore(before)
	if d := srv.Clock.Now().Sub(start); d < 0 || d > time.Minute || srv.Clock.Frozen() {
		t.Errorf("the clock is %s past its start, frozen: %t", d, srv.Clock.Frozen())
	}
}

func TestReset(t *testing.T) {
	for _, at := range []time.Time{{}, start} {
		t.Run(fmt.Sprint("clock ", at), func(t *testing.T) {
			inf := infisical.New()
			srv := emulator.NewTest(t, inf, emulator.WithClock(at), emulator.WithSeed("s"))
			fresh, credentials := srv.Snapshot(), inf.Credentials()
			id := inf.SeedIdentity(infisical.Identity{})
			a := api{srv.Client(), inf.URL(), id.AccessToken}
			a.call(t, "POST", secretsPath(id.ID), `{}`, http.StatusOK)
			srv.Faults.Always(infisical.OpLogin, fault.Drop())
			srv.Clock.Advance(1000 * time.Hour)
			srv.Clock.Freeze()

			srv.Reset()
			if !srv.Snapshot().Equal(fresh) {
				t.Error("Reset does not bring the default world back")
			}
			if got := inf.Credentials(); fmt.Sprint(got) != fmt.Sprint(credentials) {
				t.Errorf("credentials %v, want %v", got, credentials)
			}
			if n := len(srv.Journal.All()); n != 0 {
				t.Errorf("%d entries are in the journal", n)
			}
			if n := len(srv.Faults.List()); n != 0 {
				t.Errorf("%d faults wait", n)
			}
			want := at
			if at.IsZero() {
				want = time.Now()
			}
			if d := srv.Clock.Now().Sub(want).Abs(); d > time.Minute || srv.Clock.Frozen() {
				t.Errorf("the clock is %s from its start, frozen: %t", d, srv.Clock.Frozen())
			}
			a.token = credentials["accessToken"]
			a.call(t, "POST", loginPath, loginBody(credentials["clientId"], credentials["clientSecret"]), http.StatusOK)
			a.call(t, "GET", identityPath(id.ID), "", http.StatusNotFound)
			// The next draw is the first again.
			if again := inf.SeedIdentity(infisical.Identity{}); again.ID != id.ID {
				t.Errorf("the next identity is %s, want %s again", again.ID, id.ID)
			}
		})
	}
}

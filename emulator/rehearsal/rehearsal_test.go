package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/internal/rehearse"
)

// rotation sets up a rotator, wrong or not.
func rotation(wrong string) func(*Case) {
	return func(r *Case) {
		inf := infisical.New()
		srv := r.Server(inf, emulator.InMemory())
		id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
		kept := vault{ID: id.ClientSecretID, Value: id.ClientSecret}
		app := &rotator{http: srv.Client(), url: inf.URL(), id: id, vault: &kept, wrong: wrong, admin: inf.Credentials()["accessToken"]}
		r.Act(app.rotate)
		r.Always("the app can log in", app.canLogIn)
		r.InTheEnd("there is one secret", func(ctx context.Context) error {
			token, err := app.login(ctx, kept.Value)
			if err != nil {
				return err
			}
			switch ids, err := app.list(ctx, token); {
			case err != nil:
				return err
			case len(ids) != 1 && wrong == "":
				return fmt.Errorf("there are %d", len(ids))
			}
			return nil
		})
	}
}

func run(t *testing.T, setUp func(*Case), opts ...Option) *rehearse.Report {
	t.Helper()
	s := settings{}
	s.Timeout = 2 * time.Second
	for _, opt := range opts {
		opt(&s)
	}
	report, err := s.rehearse(t.Context(), setUp)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestCorrectRotation(t *testing.T) {
	Run(t, rotation(""), Pairs(), Kinds("500", AnswerLost, Dies))
}

func TestWrongRotations(t *testing.T) {
	for _, test := range []struct{ wrong, name, why string }{
		{revokesFirst, "createClientSecret#1:500", `"the app can log in" does not hold`},
		{forgetsTheLost, "createClientSecret#1:answer-lost", "a live credential is left over"},
		{keepsTheToken, "revokeClientSecret#1:answer-lost", "it does not converge"},
		{storesLast, "revokeClientSecret#1:answer-lost", `"the app can log in" does not hold`},
	} {
		t.Run(test.wrong, func(t *testing.T) {
			report := run(t, rotation(test.wrong), Kinds("500", AnswerLost))
			if report.Problem != "" {
				t.Fatal(report.Problem)
			}
			for _, res := range report.Cases {
				if res.Name == test.name {
					if res.Verdict != rehearse.Broken || !strings.Contains(res.Why, test.why) {
						t.Errorf("%s: %s: %s; want it broken: %s", res.Name, res.Verdict, res.Why, test.why)
					}
					return
				}
			}
			t.Errorf("there is no case %s among %d", test.name, len(report.Cases))
		})
	}
}

// server gives a case a server, and returns a rotator that may use it.
func server(r *Case) *rotator {
	inf := infisical.New()
	srv := r.Server(inf, emulator.InMemory())
	id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
	return &rotator{http: srv.Client(), url: inf.URL(), id: id, vault: &vault{ID: id.ClientSecretID, Value: id.ClientSecret}}
}

// TestProblems: what keeps a rehearsal from meaning anything is said.
func TestProblems(t *testing.T) {
	var orders orderer
	for _, test := range []struct {
		name  string
		setUp func(*Case)
		want  string
	}{
		{"no server", func(r *Case) { r.Act(func(context.Context) error { return nil }) }, "the case has no server"},
		{"no act", func(r *Case) { server(r) }, "the case has no act"},
		{"a set-up that gives up", func(r *Case) { r.Fatalf("no luck") }, "no luck"},
		{"a set-up that panics", func(*Case) { panic("no luck") }, "panic: no luck"},
		{"no call", func(r *Case) { server(r); r.Act(func(context.Context) error { return nil }) }, "no call was made"},
		{"an act that fails by itself", func(r *Case) {
			server(r)
			r.Act(func(context.Context) error { return errors.New("no luck") })
		}, "without any fault, it ends with: no luck"},
		{"a check that fails by itself", func(r *Case) {
			app := server(r)
			r.Act(app.canLogIn)
			r.Always("luck", func(context.Context) error { return errors.New("none") })
		}, `"luck" does not hold: none`},
		{"a random name", func(r *Case) {
			app, odd := server(r), rand.Int()
			r.Act(func(ctx context.Context) error {
				token, err := app.login(ctx, app.vault.Value)
				if err != nil {
					return err
				}
				return app.createNamed(ctx, token, odd)
			})
		}, "two undisturbed runs differ, so that a fault cannot be aimed at a call: " + created + " in both, with other answers: "},
		{"what comes first in a map", func(r *Case) {
			app, order := server(r), orders.another(map[string]bool{"list": true, "log in": true})
			r.Act(func(ctx context.Context) error {
				token, err := app.login(ctx, app.vault.Value)
				if order[0] == "list" {
					_, err = app.list(ctx, token)
				}
				return err
			})
		}, "run made infisical GET /api/v1/auth/universal-auth/identities/{identityId}/client-secrets → 200, which the "},
		{"growth", func(r *Case) {
			app := server(r)
			r.Act(func(ctx context.Context) error {
				token, err := app.login(ctx, app.vault.Value)
				if err != nil {
					return err
				}
				_, err = app.create(ctx, token)
				return err
			})
		}, "leaves more live credentials"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if report := run(t, test.setUp); !strings.Contains(report.Problem, test.want) {
				t.Errorf("the problem is %q, want %q", report.Problem, test.want)
			}
		})
	}
}

const created = "infisical POST /api/v1/auth/universal-auth/identities/{identityId}/client-secrets → 200"

func (r *rotator) createNamed(ctx context.Context, token string, name any) error {
	return r.call(ctx, "POST", r.secrets(), token, map[string]string{"description": fmt.Sprint("for ", name)}, &struct{}{})
}

// TestMapOrder: calls that a map's order lets change places are rehearsed, and the report
// says which.
func TestMapOrder(t *testing.T) {
	var orders orderer
	report := run(t, func(r *Case) {
		app, order, once := server(r), orders.another(map[string]bool{"blue": true, "red": true}), false
		r.Act(func(ctx context.Context) error {
			token, err := app.login(ctx, app.vault.Value)
			if err != nil || once { // each run must not leave more than the one before
				return err
			}
			for _, name := range order {
				err = errors.Join(err, app.createNamed(ctx, token, name))
			}
			once = err == nil
			return err
		})
	}, Kinds("500"))
	if report.Problem != "" || len(report.Cases) != 3 {
		t.Errorf("problem %q, %d cases", report.Problem, len(report.Cases))
	}
	if said := strings.Join(report.Reordered, "\n"); !strings.Contains(said, "call 1: "+created+" in both, with other answers: ") || !strings.Contains(said, "for blue") {
		t.Errorf("of the calls that changed places it says %q", said)
	}
}

// TestParallelCalls: calls that are made in parallel come in any order, and are rehearsed.
func TestParallelCalls(t *testing.T) {
	for _, test := range []struct {
		name string
		call func(app *rotator, ctx context.Context, token string, i int) error
	}{
		{"alike", func(app *rotator, ctx context.Context, token string, _ int) error {
			_, err := app.list(ctx, token)
			return err
		}},
		{"with names", func(app *rotator, ctx context.Context, token string, i int) error {
			return app.createNamed(ctx, token, i)
		}},
		{"of operations", func(app *rotator, ctx context.Context, token string, i int) error {
			if i == 0 {
				return app.call(ctx, "GET", "/api/v1/identities/details", token, struct{}{}, &struct{}{})
			}
			_, err := app.list(ctx, token)
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := run(t, func(r *Case) {
				app, once := server(r), false
				r.Act(func(ctx context.Context) error {
					token, err := app.login(ctx, app.vault.Value)
					if err != nil || once {
						return err
					}
					var group sync.WaitGroup
					errs := make([]error, 4)
					for i := range errs {
						group.Go(func() { errs[i] = test.call(app, ctx, token, i) })
					}
					group.Wait()
					err = errors.Join(errs...)
					once = err == nil
					return err
				})
			}, Kinds("500", Lost))
			if report.Problem != "" || len(report.Cases) != 10 {
				t.Errorf("problem %q, %d cases", report.Problem, len(report.Cases))
			}
		})
	}
}

// An orderer ranges over maps, each time in another order than before. Cases share it.
type orderer struct {
	mu     sync.Mutex
	before []string
}

func (o *orderer) another(names map[string]bool) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		order := slices.Collect(maps.Keys(names))
		if !slices.Equal(order, o.before) {
			o.before = order
			return order
		}
	}
}

func TestAccepted(t *testing.T) {
	report := run(t, rotation(forgetsTheLost), Kinds("500", AnswerLost), Accept("^(create|revoke|login)", "a nightly job sweeps what is left over"))
	if !report.OK() || report.Count(rehearse.Accepted) == 0 {
		t.Errorf("%d broken, %d accepted", report.Count(rehearse.Broken), report.Count(rehearse.Accepted))
	}
}

func TestInBubble(t *testing.T) {
	Run(t, rotation(""), InBubble(), Only(infisical.OpCreateClientSecret))
}

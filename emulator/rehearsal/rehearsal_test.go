package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
	Run(t, rotation(""), Pairs(), Timeout(2*time.Second))
}

func TestWrongRotations(t *testing.T) {
	for _, test := range []struct{ wrong, name, why string }{
		{revokesFirst, "createClientSecret#1:500", `"the app can log in" does not hold`},
		{forgetsTheLost, "createClientSecret#1:answer-lost", "a live credential is left over"},
		{keepsTheToken, "revokeClientSecret#1:answer-lost", "it does not converge"},
		{storesLast, "revokeClientSecret#1:answer-lost", `"the app can log in" does not hold`},
	} {
		t.Run(test.wrong, func(t *testing.T) {
			report := run(t, rotation(test.wrong))
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

// TestProblems: what keeps a rehearsal from meaning anything is said.
func TestProblems(t *testing.T) {
	server := func(r *Case) *rotator {
		inf := infisical.New()
		srv := r.Server(inf, emulator.InMemory())
		id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
		return &rotator{http: srv.Client(), url: inf.URL(), id: id, vault: &vault{ID: id.ClientSecretID, Value: id.ClientSecret}}
	}
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
		}, "done again without a fault, it ends with: no luck"},
		{"a check that fails by itself", func(r *Case) {
			app := server(r)
			r.Act(app.canLogIn)
			r.Always("luck", func(context.Context) error { return errors.New("none") })
		}, `"luck" does not hold: none`},
		{"a random order", func(r *Case) {
			app, odd := server(r), rand.IntN(1000)
			r.Act(func(ctx context.Context) error {
				token, err := app.login(ctx, app.vault.Value)
				if err != nil {
					return err
				}
				_, err = app.list(ctx, fmt.Sprint(token, odd))
				return errors.Join(nil, ignore(err), app.createNamed(ctx, token, odd))
			})
		}, "two undisturbed runs differ"},
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

func ignore(error) error { return nil }

func (r *rotator) createNamed(ctx context.Context, token string, n int) error {
	return r.call(ctx, "POST", r.secrets(), token, map[string]string{"description": fmt.Sprint("odd ", n)}, &struct{}{})
}

// TestParallelCalls: calls that overlap come in any order, and that is well.
func TestParallelCalls(t *testing.T) {
	report := run(t, func(r *Case) {
		inf := infisical.New()
		srv := r.Server(inf)
		id := inf.SeedIdentity(infisical.Identity{Name: "ci", Role: "admin"})
		app := &rotator{http: srv.Client(), url: inf.URL(), id: id, vault: &vault{Value: id.ClientSecret}}
		r.Act(func(ctx context.Context) error {
			token, err := app.login(ctx, app.vault.Value)
			if err != nil {
				return err
			}
			var group sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				group.Go(func() { _, errs[i] = app.list(ctx, token) })
			}
			group.Wait()
			return errors.Join(errs...)
		})
	}, Kinds("500", Lost))
	if report.Problem != "" || report.Count(rehearse.Broken) > 0 {
		t.Errorf("problem %q, %d broken", report.Problem, report.Count(rehearse.Broken))
	}
}

func TestAccepted(t *testing.T) {
	report := run(t, rotation(forgetsTheLost), Accept("^(create|revoke|login)", "a nightly job sweeps what is left over"))
	if !report.OK() || report.Count(rehearse.Accepted) == 0 {
		t.Errorf("%d broken, %d accepted", report.Count(rehearse.Broken), report.Count(rehearse.Accepted))
	}
}

func TestInBubble(t *testing.T) {
	Run(t, rotation(""), InBubble(), Only(infisical.OpCreateClientSecret))
}

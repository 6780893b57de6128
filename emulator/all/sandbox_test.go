package all_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/journal"
)

// jobs runs n jobs at a time, each in a sandbox of its own with the given number
// of calls, and deletes the sandboxes.
func jobs(t testing.TB, srv *emulator.Server, n, calls int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n}}
	defer client.CloseIdleConnections()
	paths := []struct{ provider, path, credential string }{
		{"infisical", "/api/v1/identities/{identityId}", "accessToken"},
		{"workos", "/connect/applications", "apiKey"},
		{"zitadel", "/management/v1/orgs/me", "accessToken"},
		{"ocs", "/api/v1/Tenants/{tenantId}/Roles", "accessToken"},
	}
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			job := fmt.Sprintf("job-%d", i)
			gateway := srv.URL() + "/~" + job
			control(t, gateway, "PUT", "", `{"seed":"`+job+`"}`, http.StatusCreated)
			info := decode[emulator.Info](t, control(t, gateway, "GET", "/info", "", http.StatusOK).body)
			for k := range calls {
				at := paths[(i+k)%len(paths)]
				credentials := info.Providers[at.provider].Credentials
				path := at.path
				for name, value := range credentials {
					path = strings.ReplaceAll(path, "{"+name+"}", value)
				}
				r, err := http.NewRequestWithContext(t.Context(), "GET", gateway+"/"+at.provider+path, nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Authorization", "Bearer "+credentials[at.credential])
				r.Header.Set("X-Job", job)
				got, err := client.Do(r)
				if err != nil {
					t.Errorf("%s: %s: %v", job, r.URL, err)
					return
				}
				text, err := io.ReadAll(got.Body)
				_ = got.Body.Close()
				if err != nil || got.StatusCode != http.StatusOK {
					t.Errorf("%s: %s: %s %s %v", job, r.URL, got.Status, text, err)
					return
				}
				if k%10 == 0 {
					control(t, gateway, "POST", "/clock/advance", fmt.Sprintf(`{"by":%d}`, i), http.StatusOK)
				}
			}
			clock := decode[struct{ Offset string }](t, control(t, gateway, "GET", "/clock", "", http.StatusOK).body)
			if want := (time.Duration(i*((calls+9)/10)) * time.Second).String(); clock.Offset != want {
				t.Errorf("%s: clock %+v, want it ahead by %s", job, clock, want)
			}
			entries := decode[struct{ Entries []journal.Entry }](t, control(t, gateway, "GET", "/journal?limit=10000", "", http.StatusOK).body).Entries
			if len(entries) != calls {
				t.Errorf("%s: %d entries, want %d", job, len(entries), calls)
			}
			for _, e := range entries {
				if e.Request.Header.Get("X-Job") != job {
					t.Errorf("%s: its journal has %s of %s", job, e.Request.URL, e.Request.Header.Get("X-Job"))
				}
			}
			control(t, gateway, "DELETE", "", "", http.StatusNoContent)
		})
	}
	running.Wait()
}

func TestTwoHundredSandboxesAtOnce(t *testing.T) {
	srv := emulator.NewTest(t, everything(t)...)
	jobs(t, srv, 200, 50)
	if n := len(srv.Journal.All()); n != 0 {
		t.Errorf("%d entries in the server's own journal", n)
	}
	list := decode[struct{ Sandboxes []json.RawMessage }](t, control(t, srv.URL(), "GET", "/sandboxes", "", http.StatusOK).body).Sandboxes
	if len(list) != 0 {
		t.Errorf("sandboxes are left: %s", list)
	}
}

// BenchmarkSandboxes shows what two hundred busy sandboxes leave behind.
func BenchmarkSandboxes(b *testing.B) {
	srv := emulator.NewTest(b, everything(b)...)
	jobs(b, srv, 200, 4) // documents are parsed, and the runtime has met as many goroutines
	before := heap()
	for b.Loop() {
		jobs(b, srv, 200, 50)
	}
	after := heap()
	b.ReportMetric(before/1e6, "MB-before")
	b.ReportMetric(after/1e6, "MB-after")
	b.ReportMetric(after/before, "after/before")
}

// heap is the memory in use, in bytes.
func heap() float64 {
	http.DefaultClient.CloseIdleConnections()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

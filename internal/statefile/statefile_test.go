package statefile_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/emulator/workos"
	"github.com/understudy-dev/understudy/internal/statefile"
)

// A run is the life of one process: a server and its state file.
type run struct {
	*emulator.Server
	inf  *infisical.Provider
	file *statefile.File
}

func start(path string, opts ...emulator.Option) (*run, error) {
	r := &run{inf: infisical.New(), file: statefile.New(path)}
	var err error
	r.Server, err = emulator.New(append(opts, r.inf, workos.New(), r.file)...)
	return r, err
}

func mustStart(t *testing.T, path string, opts ...emulator.Option) *run {
	t.Helper()
	r, err := start(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.file.Close() })
	return r
}

func (r *run) end(t *testing.T) {
	t.Helper()
	if err := r.file.Close(); err != nil {
		t.Fatal(err)
	}
}

// control makes a call of the control API.
func (r *run) control(t *testing.T, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequest(method, "/_understudy"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "localhost"
	request.Header.Set("Content-Type", "application/json")
	w := &recorder{header: http.Header{}}
	r.Handler().ServeHTTP(w, request)
	if w.status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, w.status, w.body.String())
	}
	return w.body.String()
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

// state is the world's export; the clock must stand still.
func (r *run) state(t *testing.T) string { return r.control(t, "GET", "/state", "") }

func TestTheWorldGoesOn(t *testing.T) {
	noon := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		change func(*testing.T, *run)
	}{
		{"nothing", func(*testing.T, *run) {}},
		{"new rows", func(_ *testing.T, r *run) { r.inf.SeedIdentity(infisical.Identity{Name: "more"}) }},
		{"the clock", func(_ *testing.T, r *run) { r.Clock.Set(noon.Add(time.Hour)) }},
		{"settings", func(t *testing.T, r *run) { r.control(t, "PATCH", "/settings/infisical", `{"rateLimit":7}`) }},
		{"reset", func(t *testing.T, r *run) {
			r.control(t, "POST", "/reset", `{"seed":"another","contract":"live","settings":{"workos":{"tokenLifetime":"5m"}},
				"world":"infisical: {identities: [{name: one}]}\nclock: 2031-01-01T00:00:00Z"}`)
			r.Clock.Freeze()
		}},
		{"restore", func(t *testing.T, r *run) {
			before := r.Snapshot()
			r.control(t, "POST", "/reset", `{"seed":"another"}`)
			r.Restore(before)
		}},
		{"import", func(t *testing.T, r *run) {
			before := r.state(t)
			r.inf.SeedIdentity(infisical.Identity{Name: "more"})
			r.control(t, "PUT", "/state", before)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state")
			first := mustStart(t, path, emulator.WithSeed("first"))
			if first.file.Continued() {
				t.Error("a new file goes on")
			}
			first.Clock.Freeze()
			first.Clock.Set(noon)
			first.inf.SeedIdentity(infisical.Identity{Name: "before"})
			test.change(t, first)
			want, credentials := first.state(t), first.inf.Credentials()
			first.end(t)

			second := mustStart(t, path, emulator.WithSeed("second"), emulator.WithContract(emulator.Live))
			if !second.file.Continued() {
				t.Error("a file that is there does not go on")
			}
			if got := second.state(t); got != want {
				t.Errorf("the world goes on as\n%s\nand was\n%s", got, want)
			}
			if got, want := marshal(t, second.inf.Credentials()), marshal(t, credentials); got != want {
				t.Errorf("the credentials are %s, and were %s", got, want)
			}
			// What comes next is what would have come.
			got := second.inf.SeedIdentity(infisical.Identity{Name: "next"})
			if want := first.inf.SeedIdentity(infisical.Identity{Name: "next"}); marshal(t, got) != marshal(t, want) {
				t.Errorf("the next identity is %+v, want %+v", got, want)
			}
		})
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSettingsOfTheStartWin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	mustStart(t, path, emulator.WithSetting("infisical", "rateLimit", "3"), emulator.WithSetting("workos", "rateLimit", "4")).end(t)
	r := mustStart(t, path, emulator.WithSetting("infisical", "rateLimit", "5"))
	settings := r.control(t, "GET", "/settings/infisical", "") + r.control(t, "GET", "/settings/workos", "")
	if !strings.Contains(settings, `"rateLimit":5`) || !strings.Contains(settings, `"rateLimit":4`) {
		t.Errorf("the settings are %s", settings)
	}
}

// TestDamage damages a file in many ways. Either the damage is told and the file
// left as it is, or nothing that counts was hit.
func TestDamage(t *testing.T) {
	good := filepath.Join(t.TempDir(), "state")
	r := mustStart(t, good)
	r.Clock.Freeze()
	for range 20 {
		r.inf.SeedIdentity(infisical.Identity{Name: strings.Repeat("long", 3000)})
	}
	want := r.state(t)
	r.end(t)
	file, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	db, err := bbolt.Open(other, 0o600, nil)
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}

	folder, tries := t.TempDir(), 0
	try := func(t *testing.T, name string, text []byte, harmless bool) (told bool) {
		t.Helper()
		tries++
		path := filepath.Join(folder, strconv.Itoa(tries)) // a panic of bbolt's leaves a lock behind
		long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
		r, err := start(path)
		if err == nil {
			if got := r.state(t); got != want {
				t.Errorf("%s: a damaged file goes on as\n%.2000s", name, got)
			} else if !harmless {
				t.Errorf("%s: a damaged file goes on", name)
			}
			r.end(t)
			return false
		}
		if !strings.HasPrefix(err.Error(), "emulator: state file "+path+": ") {
			t.Errorf("%s: error %q does not name the file", name, err)
		}
		if strings.Contains(err.Error(), "another process") {
			t.Fatalf("%s: the file was left locked", name)
		}
		if testing.Verbose() {
			t.Logf("%s: %.150v", name, strings.TrimPrefix(err.Error(), "emulator: state file "+path+": "))
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(after, text) {
			t.Errorf("%s: the file has changed (%v)", name, err)
		}
		if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(long) {
			t.Errorf("%s: the file was written to (%v)", name, err)
		}
		return true
	}
	flip := func(at int) []byte {
		text := bytes.Clone(file)
		text[at] ^= 1 << (at % 8)
		return text
	}
	for name, text := range map[string][]byte{
		"text": []byte("seed: understudy\n"), "JSON": []byte("{}"), "long text": bytes.Repeat([]byte("text\n"), 10_000), "empty": {}, "zeros": make([]byte, 1<<16),
		"another database": foreign,
		"half":             file[:len(file)/2], "two pages less": file[:len(file)-3*4096], "the header alone": file[:8192], "half a page": file[:2048],
		"no header": append(make([]byte, 8192), file[8192:]...), "one header": append(make([]byte, 4096), file[4096:]...),
		"flipped in the first header": flip(20), "flipped in the second header": flip(4096 + 64),
	} {
		try(t, name, text, false)
	}
	pages, told := len(file)/4096, 0
	for page := range pages {
		text := bytes.Clone(file)
		clear(text[page*4096 : (page+1)*4096])
		if try(t, "zeroed page", text, true) {
			told++
		}
	}
	t.Logf("%d of %d zeroed pages are told", told, pages)
	random := rand.New(rand.NewPCG(1, 2))
	told = 0
	const flips = 300
	for range flips {
		at := random.IntN(len(file))
		if try(t, "flipped bit", flip(at), true) {
			told++
		}
	}
	t.Logf("%d of %d flipped bits are told", told, flips)
}

func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	mustStart(t, path)
	_, err := start(path)
	if want := "emulator: state file " + path + ": another process has it open"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestOtherProviders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	mustStart(t, path).end(t)
	_, err := emulator.New(infisical.New(), statefile.New(path))
	if want := "emulator: state file " + path + ": /settings/workos: this server does not serve workos"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestNoRegularFile(t *testing.T) {
	path := t.TempDir()
	_, err := start(path)
	if want := "emulator: state file " + path + ": it is no state file: it is not a regular file"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestNoFolder(t *testing.T) {
	_, err := start(filepath.Join(t.TempDir(), "no", "state"))
	if err == nil || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("error %v", err)
	}
}

// TestImportIsSaved looks into the file as soon as an import is acknowledged.
func TestImportIsSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	r := mustStart(t, path)
	r.Clock.Freeze()
	for range 100 {
		r.inf.SeedIdentity(infisical.Identity{Name: "imported"})
	}
	state := r.state(t)
	r.control(t, "POST", "/reset", `{}`)
	r.Clock.Freeze()
	r.control(t, "PUT", "/state", state)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(copied, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := mustStart(t, copied).state(t); got != state {
		t.Errorf("the file has\n%.2000s\nwant\n%.2000s", got, state)
	}
}

// TestLost takes the file away from a server that runs.
func TestLost(t *testing.T) {
	for _, test := range []struct {
		name, want string
		lose       func(path string) error
	}{
		{"removed", "it was removed while the server ran: nothing is saved any more", os.Remove},
		{"renamed", "it was removed while the server ran: nothing is saved any more", func(path string) error { return os.Rename(path, path+"2") }},
		{"replaced", "it was replaced by another file while the server ran: nothing is saved any more", func(path string) error {
			if err := os.WriteFile(path+"2", []byte("another"), 0o600); err != nil {
				return err
			}
			return os.Rename(path+"2", path)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state")
			r, err := start(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := test.lose(path); err != nil {
				t.Fatal(err)
			}
			select {
			case <-r.file.Lost():
			case <-time.After(10 * time.Second):
				t.Fatal("it is not noticed")
			}
			if err := r.file.Close(); err == nil || err.Error() != "state file "+path+": "+test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if text, err := os.ReadFile(path); err == nil && string(text) != "another" {
				t.Errorf("the file that stands there now was written to: %.100q", text)
			}
		})
	}
}

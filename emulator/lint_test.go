package emulator_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// certificates is where a server's certificates are made: clients judge them by
// their own clock, and a key must be nobody's guess.
const certificates = "internal/certificate"

// clockwork is what may reckon with times that nothing can be written down with.
var clockwork = []string{"emulator/clock", "internal/kernel", "internal/providertest"}

// A confined name belongs to a few folders of the module, or to none.
type confined struct {
	pkg   string   // an import path; "…uuid" stands for any that ends so
	names []string // of the package; none means the whole package
	homes []string // the folders it may stand in, relative to the module
	why   string
}

var confinedNames = []confined{
	{"time", []string{"Now", "Since", "Until"}, []string{"emulator/clock", "bench", certificates}, "a world's time is its clock's; only what measures speed has a stopwatch"},
	{"math/rand", nil, []string{"fixtures"}, "what a world draws comes from its seed"},
	{"math/rand/v2", nil, []string{"fixtures", "internal/providertest"}, "what a world draws comes from its seed"},
	{"crypto/rand", nil, []string{"bench", certificates}, "what a world draws comes from its seed"},
	{"…uuid", nil, nil, "identifiers are drawn from the world's entropy"},
	{"os", []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}, []string{"emulator/rehearsal"}, "the command line's parser reads the environment"},
	{"net/http", []string{"Error"}, nil, "a refusal is in its provider's dialect or a problem detail"},
}

// TestLint keeps what makes a world unpredictable out of all code but the one
// place each belongs.
func TestLint(t *testing.T) {
	parsed := 0
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipFolder(name)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		inModule, err := filepath.Rel("..", name)
		if err != nil {
			return err
		}
		parsed++
		findings, err := lint(filepath.ToSlash(inModule), source)
		for _, finding := range findings {
			t.Error(finding)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if parsed < 10 {
		t.Errorf("only %d files were looked at", parsed)
	}
}

// skipFolder leaves out what is not the main module's code.
func skipFolder(name string) error {
	if name == ".." {
		return nil
	}
	base := filepath.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// lint returns what stands in a file of the module and should not.
func lint(name string, source []byte) ([]string, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var findings []string
	find := func(at ast.Node, what, why string) {
		findings = append(findings, fmt.Sprintf("%s: %s: %s", files.Position(at.Pos()), what, why))
	}

	watched := map[string]confined{} // by the package's name in this file
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		for _, c := range confinedNames {
			suffix, open := strings.CutPrefix(c.pkg, "…")
			if imported != c.pkg && !(open && strings.HasSuffix(imported, suffix)) || slices.Contains(c.homes, path.Dir(name)) {
				continue
			}
			if len(c.names) == 0 {
				find(spec, imported, c.why)
				continue
			}
			local := path.Base(imported)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			if local == "." {
				find(spec, "dot import of "+imported, c.why)
			}
			watched[local] = c
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.SelectorExpr); ok && x.Sel.Name == "Now" && n.Sel.Name == "Add" && !slices.Contains(clockwork, path.Dir(name)) {
				find(n, "Now.Add", "behind the year 9999 nothing can be written down: Call.In stays before it")
			}
			x, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			if c, ok := watched[x.Name]; ok && slices.Contains(c.names, n.Sel.Name) {
				find(n, c.pkg+"."+n.Sel.Name, c.why)
			}
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				find(n, "func init", "what a package sets up by itself cannot be handed in")
			}
		}
		return true
	})
	return findings, nil
}

func TestLintFinds(t *testing.T) {
	for _, test := range []struct {
		name, file, source string
		want               int
	}{
		{"the wall clock", "emulator/journal/x.go", `import "time"; var t = time.Now()`, 1},
		{"as a value", "emulator/journal/x.go", `import "time"; var now = time.Now`, 1},
		{"under another name", "emulator/journal/x.go", `import clock "time"; var t = clock.Since(then)`, 1},
		{"without a name", "emulator/journal/x.go", `import . "time"; var t = Now()`, 1},
		{"at home", "emulator/clock/x.go", `import "time"; var t = time.Now()`, 0},
		{"a stopwatch", "bench/x.go", `import "time"; var t = time.Now()`, 0},
		{"a timer", "emulator/fault/x.go", `import "time"; var t = time.NewTimer(1)`, 0},
		{"random numbers", "emulator/x.go", `import "math/rand"`, 1},
		{"random numbers, v2", "emulator/infisical/x.go", `import "math/rand/v2"`, 1},
		{"random numbers at home", "fixtures/x.go", `import "math/rand/v2"`, 0},
		{"real randomness", "emulator/x.go", `import "crypto/rand"`, 1},
		{"a certificate's time and key", "internal/certificate/x.go", `import ("crypto/rand"; "time"); var t, r = time.Now(), rand.Reader`, 0},
		{"random identifiers", "emulator/x.go", `import "github.com/google/uuid"`, 1},
		{"the environment", "cmd/understudy/x.go", `import "os"; var v = os.Getenv("V")`, 1},
		{"arguments", "cmd/understudy/x.go", `import "os"; var v = os.Args`, 0},
		{"a plain error", "emulator/x.go", `import "net/http"; func f() { http.Error(nil, "", 500) }`, 1},
		{"another's Error", "emulator/x.go", `import "net/http"; func f(h T) { h.Error(http.MethodGet) }`, 0},
		{"beyond all time", "emulator/ocs/x.go", `import "time"; func f(c C) time.Time { return c.Now.Add(time.Hour) }`, 1},
		{"within it", "emulator/ocs/x.go", `import "time"; func f(c C) time.Time { return c.In(time.Hour) }`, 0},
		{"init", "specs/x.go", `func init() {}`, 1},
		{"a method named init", "specs/x.go", `func (T) init() {}`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			findings, err := lint(test.file, []byte("package x; "+test.source))
			if err != nil {
				t.Fatal(err)
			}
			if len(findings) != test.want {
				t.Errorf("findings: %q, want %d", findings, test.want)
			}
		})
	}
}

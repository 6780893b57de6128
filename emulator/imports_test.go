package emulator_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/understudy-dev/understudy/"

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath   string
	Imports      []string
	Deps         []string // Imports, and theirs
	TestImports  []string
	XTestImports []string
}

// providersOf names the providers: what package all imports of the folder it is in.
func providersOf(t *testing.T, packages []goPackage) []string {
	t.Helper()
	i := slices.IndexFunc(packages, func(p goPackage) bool { return p.ImportPath == module+"emulator/all" })
	if i < 0 {
		t.Fatal("there is no package all")
	}
	var names []string
	for _, imported := range packages[i].Imports {
		if name, ok := strings.CutPrefix(imported, module+"emulator/"); ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatal("package all imports no provider")
	}
	return names
}

// listPackages returns the packages of the main module.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps,TestImports,XTestImports", "./...")
	command.Dir = ".."
	out, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatalf("go list: reading its answer: %v", err)
		}
		packages = append(packages, p)
	}
}

// within reports whether pkg is one of the patterns; "/..." at the end of one
// stands for everything below.
func within(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		root, open := strings.CutSuffix(pattern, "/...")
		return pkg == root || open && strings.HasPrefix(pkg, root+"/")
	})
}

func TestImports(t *testing.T) {
	packages := listPackages(t)
	providers := providersOf(t, packages)
	inModule := func(paths ...string) []string {
		for i, p := range paths {
			paths[i] = module + p
		}
		return paths
	}
	var providerPackages []string
	for _, name := range providers {
		providerPackages = append(providerPackages, module+"emulator/"+name+"/...")
	}
	hosting := inModule("internal/host", "internal/control", "internal/report", "internal/statefile")
	server := slices.Concat(inModule("emulator", "emulator/all"), hosting)
	testSuite := inModule("internal/providertest")
	rpc := []string{"connectrpc.com/...", "google.golang.org/...", "github.com/zitadel/..."}
	heavy := slices.Concat(rpc, []string{"testing/...", "github.com/alecthomas/kong/...", "go.etcd.io/bbolt/..."})

	type rule struct {
		name       string
		from       []string // the packages that are held to it
		but        []string // those of them that are not
		not        []string // what they must not import, directly or not
		allowed    []string // what of it they may
		directOnly bool     // only what they import themselves counts
		why        string
	}
	rules := []rule{
		{
			name: "only the list knows the providers",
			from: inModule("..."), but: slices.Concat(inModule("emulator/all", "bench"), providerPackages),
			not: providerPackages, directOnly: true,
			why: "a user links the providers he names; the list is the one place to add another (bench is a user)",
		},
		{
			name: "the server knows no provider",
			from: inModule("emulator"), not: providerPackages,
			why: "who embeds one provider must not link the others",
		},
		{
			name: "a provider does not know the server",
			from: providerPackages, not: server,
			why: "a provider is data to the kernel; the server is built from providers, not they from it",
		},
		{
			name: "the kernel and its parts know neither server nor provider",
			from: inModule("internal/..."), but: slices.Concat(testSuite, hosting), not: slices.Concat(server, providerPackages),
			why: "they serve every provider alike",
		},
		{
			name: "what hosts the kernel knows neither the public server nor a provider",
			from: hosting, not: slices.Concat(inModule("emulator", "emulator/all"), providerPackages),
			why: "the server is built from them, not they from it",
		},
		{
			name: "the control API does not know its host",
			from: inModule("internal/control"), not: inModule("internal/host"),
			why: "it asks for what it needs by an interface",
		},
		{
			name: "the kernel's parts do not know the kernel",
			from: inModule("internal/gate", "internal/store", "internal/entropy", "internal/oauth", "internal/worldfile", "internal/certificate"),
			not:  inModule("internal/kernel"),
			why:  "each can be read by itself",
		},
		{
			name: "clock, fault and journal stand alone",
			from: inModule("emulator/clock", "emulator/fault", "emulator/journal"),
			not:  inModule("..."), allowed: inModule("emulator/journal"),
			why: "users name their types; faults name operations, which are the journal's",
		},
		{
			name: "a light provider",
			from: inModule("emulator/infisical"), not: heavy,
			why: "who tests against one provider gets no command line, state file, RPC or flags of package testing",
		},
		{
			name: "only one provider speaks RPC",
			from: inModule("emulator/...", "specs", "fixtures"),
			but:  inModule("emulator/zitadel", "emulator/all"),
			not:  rpc,
			why:  "the RPC libraries are heavy, and only ZITADEL needs them",
		},
		{
			name: "only the command keeps state files",
			from: inModule("..."), but: inModule("internal/statefile", "cmd/understudy"),
			not: slices.Concat(inModule("internal/statefile"), []string{"go.etcd.io/bbolt/..."}),
			why: "who embeds a server keeps its state in memory, and links no database",
		},
		{
			name: "a light server",
			from: inModule("emulator"), not: heavy,
			why: "NewTest takes an interface so that package testing stays out of the binary",
		},
	}
	// One rule for each, because a provider may import its own folders.
	for i, name := range providers {
		rules = append(rules, rule{
			name: name + " knows no other provider",
			from: providerPackages[i : i+1], not: slices.Concat(providerPackages[:i], providerPackages[i+1:]),
			why: "a provider can be understood, linked and removed by itself",
		})
	}

	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			held := 0
			for _, p := range packages {
				if !within(p.ImportPath, rule.from) || within(p.ImportPath, rule.but) {
					continue
				}
				held++
				imports := p.Deps
				if rule.directOnly {
					imports = p.Imports
				}
				for _, imported := range imports {
					if within(imported, rule.not) && !within(imported, rule.allowed) {
						t.Errorf("%s imports %s: %s", p.ImportPath, imported, rule.why)
					}
				}
			}
			if held == 0 {
				t.Error("the rule holds no package")
			}
		})
	}
}

// TestUsersModules holds the tests of what users link to the light packages: go mod
// tidy puts what they import into the go.sum of whoever imports the package itself.
func TestUsersModules(t *testing.T) {
	packages := listPackages(t)
	byPath := map[string]goPackage{}
	for _, p := range packages {
		byPath[p.ImportPath] = p
	}
	heavy := []string{"connectrpc.com/...", "google.golang.org/...", "github.com/zitadel/...", "go.etcd.io/bbolt/...", "github.com/alecthomas/kong/..."}
	for _, root := range []string{"emulator", "emulator/infisical", "emulator/rehearsal"} {
		linked := append([]string{module + root}, byPath[module+root].Deps...)
		for _, path := range linked {
			p := byPath[path] // empty for what is not of this module
			for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
				for _, dep := range append([]string{imported}, byPath[imported].Deps...) {
					if within(dep, heavy) {
						t.Errorf("a test of %s imports %s, by %s; such tests stand in emulator/all", path, dep, imported)
					}
				}
			}
		}
	}
}

// TestKernelNamesNoProvider keeps special cases out of what serves all
// providers: not even a comment may explain it by one of them.
func TestKernelNamesNoProvider(t *testing.T) {
	// Only as words, because documents are called docs.
	providerName := regexp.MustCompile(`(?i)\b(` + strings.Join(providersOf(t, listPackages(t)), "|") + `)`)
	searched := 0
	err := filepath.WalkDir(filepath.Join("..", "internal"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		name = filepath.ToSlash(name)
		if strings.HasSuffix(name, "_test.go") && slices.Contains([]string{"drift", "providertest", "signin", "statefile"}, path.Base(path.Dir(name))) {
			return nil // tests with the providers
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		searched++
		for i, line := range strings.Split(string(source), "\n") {
			if found := providerName.FindString(line); found != "" {
				t.Errorf("%s:%d names a provider, %s: %s", name, i+1, found, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if searched == 0 {
		t.Error("no file was looked at")
	}
}

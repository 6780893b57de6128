package compat

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	sdk "github.com/infisical/go-sdk"
)

// An instruction is one of a Dockerfile, as in {"USER", "65532:65532"}.
type instruction struct{ name, value string }

// readDockerfile returns the instructions of each stage.
func readDockerfile(t *testing.T) [][]instruction {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var stages [][]instruction
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, _ := strings.Cut(line, " ")
		in := instruction{strings.ToUpper(name), strings.TrimSpace(value)}
		if in.name == "FROM" {
			stages = append(stages, nil)
		}
		if len(stages) == 0 {
			t.Fatalf("Dockerfile: %s before the first FROM", line)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], in)
	}
	return stages
}

// The image, as the test below holds the Dockerfile to it.
const (
	imageUser   = "65532:65532"
	imageListen = "0.0.0.0:8600"
	// listenName is the variable that says where to listen, and to healthcheck
	// where to look.
	listenName = "UNDERSTUDY_LISTEN"
)

// execForm reads a command that no shell interprets: the image has none.
func execForm(t *testing.T, value string) []string {
	t.Helper()
	var command []string
	if err := json.Unmarshal([]byte(value), &command); err != nil || len(command) == 0 {
		t.Fatalf("Dockerfile: %s is not a command in exec form (%v)", value, err)
	}
	return command
}

// TestImage stands in for a container engine: it takes the Dockerfile's steps
// and runs the result in a root directory that holds nothing else, as the
// image's user.
func TestImage(t *testing.T) {
	stages := readDockerfile(t)
	if len(stages) != 2 {
		t.Fatalf("the Dockerfile has %d stages, want one that builds and one that is the image", len(stages))
	}
	image := stages[1]
	for _, want := range []instruction{
		{"FROM", "scratch"},
		{"USER", imageUser},
		{"ENV", listenName + "=" + imageListen},
		{"EXPOSE", "8600-8604"},
	} {
		if !slices.Contains(image, want) {
			t.Errorf("the image lacks %s %s: %q", want.name, want.value, image)
		}
	}
	var entrypoint, healthcheck []string
	for _, in := range image {
		switch in.name {
		case "ENTRYPOINT":
			entrypoint = execForm(t, in.value)
		case "HEALTHCHECK":
			_, command, _ := strings.Cut(in.value, "CMD ")
			healthcheck = execForm(t, command)
		case "RUN":
			t.Errorf("RUN %s: an image from scratch has nothing to run", in.value)
		}
	}
	if want := []string{"/understudy"}; !slices.Equal(entrypoint, want) {
		t.Errorf("the entrypoint is %q, want %q", entrypoint, want)
	}
	if want := []string{"/understudy", "healthcheck"}; !slices.Equal(healthcheck, want) {
		t.Errorf("the health check is %q, want %q", healthcheck, want)
	}
	if t.Failed() {
		t.FailNow()
	}

	root := buildImage(t, stages)
	t.Run("static", func(t *testing.T) { checkStatic(t, filepath.Join(root, "understudy")) })
	t.Run("run", func(t *testing.T) { runImage(t, root, entrypoint, healthcheck) })
}

// buildImage runs the Dockerfile's go build and returns a directory with what
// the image copies.
func buildImage(t *testing.T, stages [][]instruction) (root string) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "root")
	// For the image's user, whatever the umask; the directory above is closed.
	if err := errors.Join(os.Mkdir(root, 0o755), os.Chmod(root, 0o755)); err != nil {
		t.Fatal(err)
	}

	const outputFlag = " -o /understudy "
	i := slices.IndexFunc(stages[0], func(in instruction) bool {
		return in.name == "RUN" && strings.Contains(in.value, "go build")
	})
	if i < 0 {
		t.Fatalf("the Dockerfile has no go build: %q", stages[0])
	}
	line := stages[0][i].value
	for _, want := range []string{"CGO_ENABLED=0 ", " -trimpath ", " -ldflags='-s -w' ", outputFlag} {
		if !strings.Contains(line, want) {
			t.Fatalf("the Dockerfile's build %q lacks %q", line, want)
		}
	}
	binary := filepath.Join(root, "understudy")
	build := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line, outputFlag, ` -o "$IMAGE_BINARY" `, 1))
	build.Dir = repository
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+runtime.GOARCH, "IMAGE_BINARY="+binary)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	if err := os.Chmod(binary, 0o755); err != nil {
		t.Fatal(err)
	}

	for _, in := range stages[1] {
		if in.name != "COPY" {
			continue
		}
		fields := strings.Fields(in.value)
		if fields[0] != "--from=build" {
			t.Fatalf("COPY %s: the image copies only from the stage that builds", in.value)
		}
		for _, from := range fields[1 : len(fields)-1] {
			if from == "/understudy" {
				continue // there already
			}
			name, ok := strings.CutPrefix(from, "/src/")
			if to := fields[len(fields)-1]; !ok || to != "/" {
				t.Fatalf("COPY %s: the test knows only files of the source that go to /", in.value)
			}
			text, err := os.ReadFile(filepath.Join(repository, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(root, filepath.Base(name)), text, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// checkStatic expects a program that needs no loader and no library, and
// carries neither symbols nor paths of the machine it was built on.
func checkStatic(t *testing.T, path string) {
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary has a segment %s: it is not static", segment.Type)
		}
	}
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("the binary needs the libraries %q", libraries)
	}
	if _, err := file.Symbols(); !errors.Is(err, elf.ErrNoSymbols) {
		t.Errorf("the binary has symbols (%v); -s leaves them out", err)
	}
	here, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), here+"/emulator/") {
		t.Errorf("the binary names %s; -trimpath leaves it out", here)
	}
	t.Logf("the binary has %.1f MB", float64(len(text))/1e6)
}

// runImage runs the entrypoint in the root directory as an engine would: the
// image's user and environment and nothing else, except for the port.
func runImage(t *testing.T, root string, entrypoint, healthcheck []string) {
	if runtime.GOOS != "linux" {
		t.Skipf("this is %s: the image is one of Linux", runtime.GOOS)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can change the root directory")
	}
	chroot, err := exec.LookPath("chroot")
	if err != nil {
		t.Skip(err)
	}
	if out, err := exec.CommandContext(t.Context(), chroot, "--userspec="+imageUser, root, entrypoint[0], "version").CombinedOutput(); err != nil {
		// 125: chroot itself has failed, not what it runs.
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 125 {
			t.Skipf("chroot is not allowed here: %s", out)
		}
		t.Fatalf("%s version in the image: %v\n%s", entrypoint[0], err, out)
	}

	gateway := freePorts(t)
	inside := func(command []string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), chroot, append([]string{"--userspec=" + imageUser, root}, command...)...)
		c.Env = []string{listenName + "=" + gateway}
		return c
	}
	healthy := func() bool { return inside(healthcheck).Run() == nil }
	if healthy() {
		t.Fatal("the health check finds a server before there is one")
	}

	server := start(t, inside(entrypoint))
	server.until(healthy)

	// Who runs, and where, by the kernel's word.
	proc := fmt.Sprintf("/proc/%d", server.command.Process.Pid)
	want, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := os.Readlink(proc + "/root"); err != nil || at != want {
		t.Errorf("the server's root directory is %q (%v), want %q", at, err, want)
	}
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`(?m)^Uid:(\s65532){4}$`, `(?m)^Gid:(\s65532){4}$`, `(?m)^CapEff:\s0+$`} {
		if !regexp.MustCompile(want).Match(status) {
			t.Errorf("the server's status lacks %s:\n%s", want, status)
		}
	}

	response, err := http.Get("http://" + gateway + "/_understudy/info")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var info struct {
		Providers map[string]struct {
			URL         string
			Credentials map[string]string
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&info); err != nil {
		t.Fatal(err)
	}
	provider := info.Providers["infisical"]
	client := sdk.NewInfisicalClient(t.Context(), sdk.Config{SiteUrl: provider.URL})
	if _, err := client.Auth().UniversalAuthLogin(provider.Credentials["clientId"], provider.Credentials["clientSecret"]); err != nil {
		t.Errorf("login at the server in the image: %v", err)
	}

	server.terminate()
	if healthy() {
		t.Error("the health check finds a server that has stopped")
	}
}

// freePorts returns a loopback address whose port is free, as are the four
// after it: the providers'. Healthcheck finds no server on port 0.
func freePorts(t *testing.T) string {
	t.Helper()
	for range 100 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		open := []net.Listener{first}
		port := first.Addr().(*net.TCPAddr).Port
		for offset := 1; offset <= 4 && err == nil; offset++ {
			var next net.Listener
			if next, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port+offset)); err == nil {
				open = append(open, next)
			}
		}
		for _, l := range open {
			_ = l.Close()
		}
		if err == nil {
			return first.Addr().String()
		}
	}
	t.Fatal("no five free ports in a row")
	return ""
}

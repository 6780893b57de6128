package understudy_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain runs the tests with an engine that knows one image and runs the built
// command for it: whether this machine has an engine and the image does not matter.
func TestMain(m *testing.M) { os.Exit(withEngine(m)) }

func withEngine(m *testing.M) int {
	dir, err := os.MkdirTemp("", "understudy")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	e := &engine{binary: filepath.Join(dir, "understudy")}
	build := exec.Command("go", "build", "-o", e.binary, "./cmd/understudy")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		log.Fatalf("%v: %s", err, out)
	}
	server := httptest.NewServer(e)
	defer server.Close()
	defer e.stop()
	for name, value := range map[string]string{
		"DOCKER_HOST":                  strings.Replace(server.URL, "http", "tcp", 1),
		"TESTCONTAINERS_RYUK_DISABLED": "true", // it would be a second image
		"HOME":                         dir,    // no settings of this machine
		"TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
	} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	return m.Run()
}

// container is the id of the only one.
var container = strings.Repeat("0", 64)

// An engine answers what Testcontainers asks of Docker's for one container at a time.
type engine struct {
	binary  string
	env     []string
	command *exec.Cmd
	port    int // where the container's 8600 is; those after it follow
}

func (e *engine) stop() {
	if e.command != nil {
		_ = e.command.Process.Kill()
		_ = e.command.Wait()
		e.command = nil
	}
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, "/v1."); ok { // the version of the API
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	path = strings.Replace(path, container, "{id}", 1)
	status, body := http.StatusOK, any(map[string]any{})
	switch r.Method + " " + path {
	case "GET /_ping", "HEAD /_ping":
		w.Header().Set("API-Version", "1.47")
	case "GET /version":
		body = map[string]any{"ApiVersion": "1.47", "MinAPIVersion": "1.24", "Version": "27.0.0", "Os": "linux"}
	case "GET /info", "GET /containers/{id}/logs", "POST /containers/{id}/wait":
	case "GET /containers/json":
		body = []any{}
	case "GET /networks":
		body = []any{map[string]any{"Name": "bridge", "Id": "bridge", "Driver": "bridge"}}
	case "GET /images/understudy/json", "GET /images/understudy:latest/json":
		body = map[string]any{"Id": "understudy", "Os": "linux"}
	case "POST /containers/create":
		var asked struct {
			Image string
			Env   []string
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Image != "understudy" {
			status = http.StatusBadRequest
		}
		e.env = asked.Env
		status, body = http.StatusCreated, map[string]any{"Id": container, "Warnings": []string{}}
	case "POST /containers/{id}/start":
		e.port = freePorts()
		e.command = exec.Command(e.binary)
		e.command.Env = append(e.env, fmt.Sprint("UNDERSTUDY_LISTEN=127.0.0.1:", e.port))
		if err := e.command.Start(); err != nil {
			log.Print(err)
		}
		status = http.StatusNoContent
	case "GET /containers/{id}/json":
		ports := map[string]any{}
		for i := range 5 {
			ports[fmt.Sprint(8600+i, "/tcp")] = []any{map[string]any{"HostIp": "127.0.0.1", "HostPort": fmt.Sprint(e.port + i)}}
		}
		body = map[string]any{
			"Id": container, "Name": "/understudy", "Image": "understudy", "Created": "2024-01-01T00:00:00Z",
			"State":           map[string]any{"Status": "running", "Running": e.command != nil},
			"Config":          map[string]any{"Image": "understudy"},
			"HostConfig":      map[string]any{"NetworkMode": "bridge"},
			"NetworkSettings": map[string]any{"Ports": ports, "Networks": map[string]any{"bridge": map[string]any{}}},
		}
	case "POST /containers/{id}/stop", "DELETE /containers/{id}":
		e.stop()
		status = http.StatusNoContent
	default:
		log.Printf("the engine does not know %s %s", r.Method, r.URL)
		status, body = http.StatusNotFound, map[string]any{"message": "not known: " + r.URL.Path + "?" + r.URL.RawQuery}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status != http.StatusNoContent && r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(body)
	}
}

// freePorts returns the first of five free ports in a row.
func freePorts() int {
	for {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		port := first.Addr().(*net.TCPAddr).Port
		open := []net.Listener{first}
		for i := 1; i < 5 && err == nil; i++ {
			var l net.Listener
			if l, err = net.Listen("tcp", fmt.Sprint("127.0.0.1:", port+i)); err == nil {
				open = append(open, l)
			}
		}
		for _, l := range open {
			_ = l.Close()
		}
		if err == nil {
			return port
		}
	}
}

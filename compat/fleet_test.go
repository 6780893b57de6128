package compat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/understudy-dev/understudy/emulator"
)

// A manifest has the parts of Kubernetes objects by which they refer to each other.
type manifest struct {
	APIVersion, Kind string
	Metadata         struct{ Name string }
	Data             map[string]string
	Spec             struct {
		Replicas    int
		ServiceName string
		// A workload's has matchLabels, a Service's the labels themselves.
		Selector map[string]any
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Containers []container
				Volumes    []struct {
					Name      string
					ConfigMap struct{ Name string }
				}
			}
		}
		Ports []struct {
			Name       string
			Port       int
			TargetPort string
		}
	}
}

type container struct {
	Name, Image string
	Args        []string
	Ports       []struct {
		Name          string
		ContainerPort int
	}
	ReadinessProbe struct{ HTTPGet struct{ Path, Port string } }
	VolumeMounts   []struct{ Name string }
}

func readManifests(t *testing.T, name string) []manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "docs", "kubernetes", name))
	if err != nil {
		t.Fatal(err)
	}
	var all []manifest
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var object any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var m manifest
		fromYAML(t, object, &m)
		if m.APIVersion == "" || m.Kind == "" || m.Metadata.Name == "" {
			t.Fatalf("%s: an object without a kind or a name: %+v", name, m)
		}
		all = append(all, m)
	}
}

// fromYAML fills out, whose fields need no tags for that, from what YAML was
// decoded to.
func fromYAML(t *testing.T, object, out any) {
	t.Helper()
	text, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestManifests stands in for a cluster: selectors find pods, ports have the names
// and numbers that others use, volumes their ConfigMaps.
func TestManifests(t *testing.T) {
	for _, name := range []string{"understudy.yaml", "fleet.yaml"} {
		all := readManifests(t, name)
		workloads, others := map[string]manifest{}, map[string]bool{}
		for _, m := range all {
			key := m.Kind + " " + m.Metadata.Name
			if others[key] {
				t.Errorf("%s: two %s", name, key)
			}
			others[key] = true
			if m.Kind != "Deployment" && m.Kind != "StatefulSet" {
				continue
			}
			workloads[m.Metadata.Name] = m
			labels := m.Spec.Template.Metadata.Labels
			if match, _ := m.Spec.Selector["matchLabels"].(map[string]any); fmt.Sprint(match) != fmt.Sprint(labels) {
				t.Errorf("%s: %s selects %v, its pods have %v", name, key, match, labels)
			}
		}
		for _, m := range workloads {
			template := m.Spec.Template.Spec
			if s := m.Spec.ServiceName; s != "" && !others["Service "+s] {
				t.Errorf("%s: %s has no Service %s", name, m.Metadata.Name, s)
			}
			for _, v := range template.Volumes {
				if !others["ConfigMap "+v.ConfigMap.Name] {
					t.Errorf("%s: there is no ConfigMap %s", name, v.ConfigMap.Name)
				}
			}
			if probe := template.Containers[0].ReadinessProbe.HTTPGet; probe.Path != "" && probe.Path != "/_understudy/health" {
				t.Errorf("%s: %s is probed at %s", name, m.Metadata.Name, probe.Path)
			}
		}
		for _, m := range all {
			if m.Kind != "Service" {
				continue
			}
			pods, ok := selected(workloads, m.Spec.Selector)
			if !ok {
				t.Errorf("%s: the Service %s selects nothing: %v", name, m.Metadata.Name, m.Spec.Selector)
				continue
			}
			for _, p := range m.Spec.Ports {
				if !slices.ContainsFunc(pods.Spec.Template.Spec.Containers[0].Ports, func(c struct {
					Name          string
					ContainerPort int
				}) bool {
					return c.Name == p.TargetPort && c.ContainerPort == p.Port
				}) {
					t.Errorf("%s: %s has no port %s %d", name, pods.Metadata.Name, p.TargetPort, p.Port)
				}
			}
		}
	}
}

// selected finds the workload whose pods a Service selects.
func selected(workloads map[string]manifest, selector map[string]any) (manifest, bool) {
	for _, m := range workloads {
		for name, value := range selector {
			if name == "statefulset.kubernetes.io/pod-name" {
				for i := range m.Spec.Replicas {
					if m.Kind == "StatefulSet" && value == fmt.Sprint(m.Metadata.Name, "-", i) {
						return m, true
					}
				}
			} else if m.Spec.Template.Metadata.Labels[name] == value {
				return m, true
			}
		}
	}
	return manifest{}, false
}

// TestFleet runs two servers behind nginx with the configuration and the arguments
// of the manifest: a sandbox stays where it was made, and each server has its part.
func TestFleet(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skipf("sandboxes are not tried behind a load balancer: %v", err)
	}
	var conf string
	var args []string
	for _, m := range readManifests(t, "fleet.yaml") {
		switch m.Kind {
		case "ConfigMap":
			conf = m.Data["default.conf"]
		case "StatefulSet":
			args = m.Spec.Template.Spec.Containers[0].Args
		}
	}
	understudy := buildUnderstudy(t)
	var replicas []string
	for i := range 2 {
		gateway := freePorts(t)
		server := start(t, exec.Command(understudy, append(args, "--listen", gateway)...))
		server.until(func() bool { return exec.Command(understudy, "healthcheck", "--listen", gateway).Run() == nil })
		replicas = append(replicas, "http://"+gateway)
		conf = replaceOnce(t, conf, fmt.Sprintf("understudy-replica-%d:8600", i), gateway)
	}
	balancer := freePorts(t)
	conf = replaceOnce(t, conf, "listen 8600;", "listen "+balancer+";")
	startNginx(t, nginx, conf, balancer)

	var made []string
	for i := range 20 {
		id := fmt.Sprint("job-", i)
		gateway := "http://" + balancer + "/~" + id
		makeSandbox(t, gateway)
		made = append(made, id)
		// The addresses are the load balancer's.
		var vars map[string]string
		if err := json.Unmarshal(output(t, understudy, "env", "infisical", "--url", gateway, "--format", "json"), &vars); err != nil {
			t.Fatal(err)
		}
		if vars["INFISICAL_HOST"] != gateway+"/infisical" {
			t.Fatalf("the sandbox %s is at %s", id, vars["INFISICAL_HOST"])
		}
		loggedIn(t, vars)
	}
	var kept []string
	for _, replica := range replicas {
		var list struct{ Sandboxes []struct{ ID string } }
		get(t, replica+"/_understudy/sandboxes", &list)
		if len(list.Sandboxes) == 0 {
			t.Errorf("%s has no sandbox", replica)
		}
		t.Logf("%s has %d sandboxes", replica, len(list.Sandboxes))
		for _, s := range list.Sandboxes {
			kept = append(kept, s.ID)
		}
	}
	slices.Sort(kept)
	slices.Sort(made)
	if !slices.Equal(kept, made) {
		t.Errorf("the replicas have %q, want each of %q once", kept, made)
	}

	// In turn, so that a call that goes astray finds no sandbox.
	for range 5 {
		for _, id := range made {
			var info emulator.Info
			get(t, "http://"+balancer+"/~"+id+"/_understudy/info", &info)
			if want := "http://" + balancer + "/~" + id; info.Gateway != want {
				t.Errorf("%s says that it is at %s, want %s", id, info.Gateway, want)
			}
		}
	}
	for _, id := range made {
		var journal struct{ Entries []struct{ Seq int } }
		get(t, "http://"+balancer+"/~"+id+"/_understudy/journal", &journal)
		if len(journal.Entries) != 1 { // the login
			t.Errorf("the journal of %s has %d entries, want 1", id, len(journal.Entries))
		}
	}
	if status := statusOf(http.Get("http://" + balancer + "/_understudy/health")); status != http.StatusNotFound {
		t.Errorf("a path of no sandbox: %d, want 404", status)
	}

	// What does not answer is not asked again, here or at another replica.
	gateway := "http://" + balancer + "/~" + made[0]
	drop := `{"operation":"infisical GET /api/v1/identities/details","drop":true}`
	if status := statusOf(http.Post(gateway+"/_understudy/faults", "application/json", strings.NewReader(drop))); status != http.StatusCreated {
		t.Fatalf("a fault: %d", status)
	}
	for _, want := range []int{http.StatusBadGateway, http.StatusUnauthorized} {
		if status := statusOf(http.Get(gateway + "/infisical/api/v1/identities/details")); status != want {
			t.Errorf("a dropped call and the next one: %d, want %d", status, want)
		}
	}
}

// statusOf is the status of an answer, 0 if there is none.
func statusOf(response *http.Response, err error) int {
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func replaceOnce(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if n := strings.Count(text, old); n != 1 {
		t.Fatalf("%q is there %d times, want once, in\n%s", old, n, text)
	}
	return strings.Replace(text, old, replacement, 1)
}

// startNginx runs nginx in the foreground with one file of its conf.d.
func startNginx(t *testing.T, nginx, conf, address string) {
	t.Helper()
	dir := t.TempDir()
	main := "daemon off; worker_processes 2; pid nginx.pid; error_log stderr;\nevents {}\nhttp {\n access_log off;\n" +
		" client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n" + conf + "}\n"
	if os.Geteuid() == 0 {
		main = "user root;\n" + main // of the folder
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	server := start(t, exec.Command(nginx, "-p", dir, "-c", file, "-e", "stderr"))
	server.until(func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	t.Cleanup(server.terminate) // its workers with it
}

func get(t *testing.T, url string, out any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s", url, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}

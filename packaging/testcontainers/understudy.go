// Package understudy runs Understudy's image with Testcontainers.
//
// In a Go test emulator.NewTest does without a container; this is for tests whose
// program under test runs in a container too.
package understudy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// Image is what Run starts unless WithImage names another: what
// docker build -t understudy . makes.
const Image = "understudy"

// gatewayPort is the gateway's; ports are the providers'.
const gatewayPort = "8600/tcp"

var ports = map[string]string{"infisical": "8601/tcp", "workos": "8602/tcp", "zitadel": "8603/tcp", "ocs": "8604/tcp"}

// A Container is a running server.
type Container struct {
	testcontainers.Container

	// Gateway is where its control API is, below /_understudy.
	Gateway string
	// Providers are by their names: infisical, workos, zitadel, ocs.
	Providers map[string]Provider
}

// A Provider is what a client needs: where it is, and the credentials of the default
// world by their names.
type Provider struct {
	URL         string
	Credentials map[string]string
}

// WithImage has Run start another image.
func WithImage(image string) testcontainers.CustomizeRequestOption {
	return func(r *testcontainers.GenericContainerRequest) error {
		r.Image = image
		return nil
	}
}

// Run starts a container and returns when it answers. Flags of the command are given
// by their environment twins: testcontainers.WithEnv. With an error the container may
// be there all the same; testcontainers.CleanupContainer takes both.
func Run(ctx context.Context, opts ...testcontainers.ContainerCustomizer) (*Container, error) {
	exposed := []string{gatewayPort}
	for _, port := range ports {
		exposed = append(exposed, port)
	}
	// The image has no shell, in which other strategies would look.
	ready := wait.ForHTTP("/_understudy/health").WithPort(gatewayPort)
	own := []testcontainers.ContainerCustomizer{testcontainers.WithExposedPorts(exposed...), testcontainers.WithWaitStrategy(ready)}
	started, err := testcontainers.Run(ctx, Image, append(own, opts...)...)
	var c *Container
	if started != nil {
		c = &Container{Container: started, Providers: map[string]Provider{}}
	}
	if err == nil {
		err = c.locate(ctx)
	}
	if err != nil {
		return c, fmt.Errorf("understudy: %w", err)
	}
	return c, nil
}

// locate asks where everything is: the mapped ports are others than the container's.
func (c *Container) locate(ctx context.Context) error {
	var err error
	if c.Gateway, err = c.PortEndpoint(ctx, gatewayPort, "http"); err != nil {
		return err
	}
	var info struct {
		Providers map[string]struct{ Credentials map[string]string }
	}
	if err := c.Control(ctx, http.MethodGet, "info", nil, &info); err != nil {
		return err
	}
	for name, provider := range info.Providers {
		url, err := c.PortEndpoint(ctx, ports[name], "http")
		if err != nil {
			return err
		}
		c.Providers[name] = Provider{url, provider.Credentials}
	}
	return nil
}

// Control calls the control API: Control(ctx, "POST", "clock/advance",
// map[string]string{"by": "30d"}, nil). What is not nil is sent as JSON and read from
// JSON. A refusal is an error with its reason.
func (c *Container) Control(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Gateway+"/_understudy/"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusBadRequest {
		var problem struct{ Detail string }
		_ = json.NewDecoder(response.Body).Decode(&problem) // without one the status has to do
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, problem.Detail)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}

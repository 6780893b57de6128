package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// target is where a running server is looked for.
type target struct {
	URL     string `placeholder:"URL" help:"The gateway's base URL; by default that of --listen on this machine."`
	Listen  string `default:"127.0.0.1:8600" placeholder:"HOST:PORT" help:"Where the server was told to listen (${default})."`
	TLS     bool   `name:"tls" help:"The server was started with --tls."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"The server was started with this certificate."`
	CA      string `name:"ca" placeholder:"FILE" help:"Trust this certificate authority; by default also the one that serve --tls writes."`
}

// askTimeout bounds a question to a running server.
const askTimeout = 3 * time.Second

// get asks the control API and hands a good answer to read.
func (t target) get(ctx context.Context, path string, read func(*http.Response) error) error {
	url := t.URL
	if url == "" {
		host, port, err := net.SplitHostPort(t.Listen)
		if err != nil {
			return fmt.Errorf("listen address: %w", err)
		}
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		url = t.scheme() + "://" + net.JoinHostPort(host, port)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
	if err != nil {
		return err
	}
	client, err := t.client(url)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no server answers at %s; understudy serve starts one: %w", url, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return read(response)
}

type healthcheckCommand struct{ target }

// Run fails unless the server answers that it is ready.
func (cmd healthcheckCommand) Run(ctx context.Context) error {
	return cmd.get(ctx, "/_understudy/health", func(*http.Response) error { return nil })
}

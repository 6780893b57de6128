package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

type healthcheckCommand struct {
	URL    string `placeholder:"URL" help:"The gateway's base URL; by default that of --listen on this machine."`
	Listen string `default:"127.0.0.1:8600" placeholder:"HOST:PORT" help:"Where the server was told to listen (${default})."`
}

// healthTimeout bounds the whole check.
const healthTimeout = 3 * time.Second

// Run fails unless the server answers that it is ready.
func (cmd healthcheckCommand) Run(ctx context.Context) error {
	url := cmd.URL
	if url == "" {
		host, port, err := net.SplitHostPort(cmd.Listen)
		if err != nil {
			return fmt.Errorf("listen address: %w", err)
		}
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		url = "http://" + net.JoinHostPort(host, port)
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_understudy/health", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/control"
	"github.com/understudy-dev/understudy/internal/kernel"
)

type envCommand struct {
	Provider string `arg:"" help:"The provider whose clients are to be pointed here."`
	Format   string `enum:"export,dotenv,json" default:"export" help:"How to print, ${enum} (${default})."`
	target
}

// Run prints the variables of the running server, or of the default world when
// none runs and no address was given.
func (cmd envCommand) Run(ctx context.Context, s streams) error {
	server, err := local(cmd.options()...)
	if err != nil {
		return err
	}
	running, err := cmd.info(ctx)
	if err != nil {
		if cmd.URL != "" {
			return err
		}
		fmt.Fprintf(s.err, "understudy: %v; these are the default world's, at the default address\n", err)
		if running, err = server.InfoAt(cmd.Listen); err != nil {
			return err
		}
	}
	info, ok := running.Providers[cmd.Provider]
	provider := server.World().Instance(cmd.Provider)
	if !ok || provider == nil {
		return unknown("provider", cmd.Provider, slices.Sorted(maps.Keys(running.Providers)))
	}
	return printEnv(s.out, cmd.Format, control.Env(provider, info, cmp.Or(cmd.CA, running.CA)))
}

func printEnv(w io.Writer, format string, vars []kernel.EnvVar) error {
	if format == "json" {
		values := map[string]string{}
		for _, v := range vars {
			values[v.Name] = v.Value
		}
		return json.NewEncoder(w).Encode(values)
	}
	for _, v := range vars {
		line := v.Name + "=" + v.Value
		if format == "export" {
			line = "export " + v.Name + "='" + strings.ReplaceAll(v.Value, "'", `'\''`) + "'"
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// info asks a running server where everything is.
func (t target) info(ctx context.Context) (control.Info, error) {
	var info control.Info
	err := t.get(ctx, "/_understudy/info", func(r *http.Response) error { return json.NewDecoder(r.Body).Decode(&info) })
	return info, err
}

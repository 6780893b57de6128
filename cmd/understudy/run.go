package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/understudy-dev/understudy/internal/control"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/near"
)

// cli is the command line. Every flag has an UNDERSTUDY_* twin.
type cli struct {
	Serve       serveCommand       `cmd:"" default:"withargs" help:"Serve the providers (the default)."`
	Healthcheck healthcheckCommand `cmd:"" help:"Exit with 0 when a server is ready."`
	Env         envCommand         `cmd:"" help:"Print the environment variables that a provider's official clients read."`
	World       worldCommand       `cmd:"" help:"Print the default world as YAML, to edit for serve --world."`
	Supported   supportedCommand   `cmd:"" help:"Print what is supported."`
	Inventory   inventoryCommand   `cmd:"" help:"Print who can log in now, and why the others cannot."`
	Rehearse    rehearseCommand    `cmd:"" help:"Run a program again under every fault at every call, with a verdict for each."`
	Conform     conformCommand     `cmd:"" help:"Play conversations against a running service and against Understudy side by side, and list what differs."`
	Drift       driftCommand       `cmd:"" help:"Compare a published OpenAPI document with ours."`
	Version     versionCommand     `cmd:"" help:"Print the version."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// streams are where a command writes: results and talk.
type streams struct{ out, err io.Writer }

// exited carries the status of a parser that wants to end the process.
type exited int

// run parses args, runs the command and returns the process's exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	defer func() {
		if v := recover(); v != nil {
			code, ok := v.(exited)
			if !ok {
				panic(v)
			}
			status = int(code)
		}
	}()
	parser, err := kong.New(&cli{},
		kong.Name("understudy"),
		kong.Description("Stand-ins for the services that hand out machine credentials. For tests and development only."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.DefaultEnvars("UNDERSTUDY"),
		kong.Vars{
			"version":     control.Version(),
			"sandboxes":   strconv.Itoa(host.DefaultSandboxes),
			"sandboxIdle": host.DefaultSandboxIdle.String(),
		},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(streams{stdout, stderr}),
	)
	if err != nil {
		panic(err) // the struct above is wrong
	}
	command, err := parser.Parse(args)
	if err != nil && len(args) > 0 && slices.Contains([]string{"rehearse", "conform", "drift"}, args[0]) {
		err = statusError{exitUsage, err}
	}
	if err == nil {
		err = command.Run()
	}
	var own statusError
	switch {
	case errors.As(err, &own):
		status = own.status
	case err != nil:
		status = 1
	}
	if err != nil {
		err = meant(parser, args, err)
		fmt.Fprintln(stderr, "understudy:", err)
	}
	return status
}

// meant adds to a mistake in the command what it is near to. Kong does so for flags.
func meant(parser *kong.Kong, args []string, err error) error {
	if parse := (*kong.ParseError)(nil); !errors.As(err, &parse) || len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return err
	}
	var commands []string
	for _, command := range parser.Model.Children {
		commands = append(commands, command.Name)
	}
	if slices.Contains(commands, args[0]) {
		return err
	}
	return unknown("command", args[0], commands)
}

// unknown refuses a name and tells the ones that there are, first the near one.
func unknown(what, name string, names []string) error {
	if nearest := near.To(name, names); nearest != "" {
		return fmt.Errorf("there is no %s %q; did you mean %s? There are %s", what, name, nearest, strings.Join(names, ", "))
	}
	return fmt.Errorf("there is no %s %q; there are %s", what, name, strings.Join(names, ", "))
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, control.Version())
	return err
}

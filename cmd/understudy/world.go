package main

import (
	"encoding/json"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/report"
	"github.com/understudy-dev/understudy/internal/worldfile"
)

// local returns a host of all providers that does not listen.
func local(opts ...emulator.Option) (*host.Host, error) {
	providers, err := all.New()
	if err != nil {
		return nil, err
	}
	return host.New(append(providers, opts...)...)
}

type worldCommand struct {
	Seed   string `placeholder:"TEXT" help:"What identifiers and secrets derive from."`
	Schema bool   `help:"Print the JSON Schema of world files instead."`
}

// Run prints the default world as YAML.
func (cmd worldCommand) Run(s streams) error {
	if cmd.Schema {
		text, err := worldfile.Schema()
		if err != nil {
			return err
		}
		_, err = s.out.Write(text)
		return err
	}
	server, err := local(emulator.WithSeed(cmd.Seed))
	if err != nil {
		return err
	}
	text, err := worldfile.Print(server.World().Seed(), server.World().DefaultWorld())
	if err != nil {
		return err
	}
	_, err = s.out.Write(text)
	return err
}

type supportedCommand struct {
	JSON bool `help:"Print JSON instead of Markdown."`
}

// Run prints the coverage table.
func (cmd supportedCommand) Run(s streams) error {
	server, err := local()
	if err != nil {
		return err
	}
	coverage, err := report.Of(server.World())
	if err != nil {
		return err
	}
	text := []byte(coverage.Markdown())
	if cmd.JSON {
		if text, err = json.MarshalIndent(coverage, "", "  "); err != nil {
			return err
		}
		text = append(text, '\n')
	}
	_, err = s.out.Write(text)
	return err
}

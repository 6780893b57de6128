package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/internal/drift"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/specs"
)

type driftCommand struct {
	Provider  string   `arg:"" help:"Whose document: infisical, workos, zitadel, ocs."`
	Published []string `arg:"" name:"file-or-url" help:"The published OpenAPI document, of version 3.0 or 3.1; several, when it is published in parts."`
	JSON      bool     `help:"Print JSON instead of text."`
	All       bool     `help:"List declared differences too."`
	Update    string   `name:"update-beyond" placeholder:"FILE" help:"Rewrite this list of what the service has and Understudy does not: specs/beyond/PROVIDER.txt of a checkout."`
}

// exitDiffers is the status when a published document, or a service, differs.
const exitDiffers = 1

const (
	publishedLimit   = 64 << 20 // bytes of a document
	publishedTimeout = time.Minute
)

// Run compares a published document with ours. It ends with 1 when a difference
// is not declared.
func (cmd driftCommand) Run(ctx context.Context, s streams) error {
	usage := func(err error) error { return statusError{exitUsage, err} }
	option, err := all.New(cmd.Provider)
	if err != nil {
		return usage(err)
	}
	server, err := host.New(option...)
	if err != nil {
		return err
	}
	in := server.World().Instance(cmd.Provider)
	index, err := in.Index()
	if err != nil {
		return err
	}
	ours := drift.Ours{}
	if ours.Document, err = drift.Read(in.Document().Text()); err != nil {
		return err
	}
	for _, line := range index.Beyond() {
		ours.Beyond = append(ours.Beyond, line.String())
	}
	if ours.Declared, err = drift.ReadDeclarations(specs.Declared(cmd.Provider)); err != nil {
		return err
	}
	published, err := readPublished(ctx, cmd.Published)
	if err != nil {
		return usage(err)
	}
	c := drift.Compare(published, ours)
	if cmd.Update != "" {
		before, err := os.ReadFile(cmd.Update)
		if err != nil {
			return usage(err)
		}
		text := drift.UpdateBeyond(string(before), c, strings.Join(cmd.Published, ", "))
		if err := os.WriteFile(cmd.Update, []byte(text), 0o666); err != nil {
			return err
		}
	}
	if cmd.JSON {
		err = writeJSON(s.out, c)
	} else {
		err = cmd.print(s.out, c)
	}
	if n := c.Undeclared(); err == nil && n > 0 {
		return statusError{exitDiffers, fmt.Errorf("%d differences are not declared", n)}
	}
	return err
}

func (cmd driftCommand) print(w io.Writer, c drift.Comparison) error {
	var b strings.Builder
	for _, d := range c.Differences {
		switch {
		case d.Declared == "":
			fmt.Fprintln(&b, d)
		case cmd.All:
			fmt.Fprintf(&b, "%s (declared: %s)\n", d, d.Declared)
		}
	}
	for _, line := range c.Unlisted {
		fmt.Fprintf(&b, "%s is in the list of what is beyond, and not in this document (does not count)\n", line)
	}
	fmt.Fprintf(&b, "%d operations are in both; %d more are known and not served; %d differences, %d of them declared\n",
		c.Served, c.Beyond, len(c.Differences), len(c.Differences)-c.Undeclared())
	_, err := io.WriteString(w, b.String())
	return err
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// readPublished reads a document from its parts.
func readPublished(ctx context.Context, names []string) (*drift.Document, error) {
	var whole *drift.Document
	for _, name := range names {
		text, err := readFileOrURL(ctx, name)
		if err != nil {
			return nil, err
		}
		part, err := drift.Read(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if whole == nil {
			whole = part
		} else {
			whole.Add(part)
		}
	}
	return whole, nil
}

func readFileOrURL(ctx context.Context, name string) ([]byte, error) {
	if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
		return os.ReadFile(name)
	}
	ctx, cancel := context.WithTimeout(ctx, publishedTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, name, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, publishedLimit+1))
	if err == nil && len(text) > publishedLimit {
		err = errors.New(name + " is larger than 64 MiB")
	}
	return text, err
}

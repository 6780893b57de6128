package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/internal/conform"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/testdata"
)

type conformCommand struct {
	Provider    string `arg:"" help:"Whose service the target is: infisical, workos, zitadel, ocs."`
	Target      string `required:"" placeholder:"URL" help:"The running service."`
	Credentials string `placeholder:"FILE" type:"existingfile" help:"JSON with the target's credentials by the names of understudy world and info, and under \"elsewhere\" other addresses by the beginning of the path ({\"/oauth2\":\"https://…\"}). Without it, those of the default world."`
	Contract    string `enum:"documented,live" default:"documented" placeholder:"CONTRACT" help:"Which contract the target is held to: documented or live."`
	Report      string `placeholder:"FILE" help:"Write the report there too: .md, .json, .xml (JUnit), or text."`
	DryRun      bool   `help:"List every call instead of making it."`
	Slow        bool   `help:"Also play what waits for more than 5 s."`
}

// exitUnusable is the status when the target cannot be used.
const exitUnusable = 3

// Run plays the provider's conversations against the target and against a world
// here, side by side.
func (cmd conformCommand) Run(ctx context.Context, s streams) error {
	usage := func(err error) error { return statusError{exitUsage, err} }
	option, err := all.New(cmd.Provider)
	if err != nil {
		return usage(err)
	}
	u, err := url.Parse(cmd.Target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usage(fmt.Errorf("--target is an http or https address, not %q", cmd.Target))
	}
	target := strings.TrimSuffix(cmd.Target, "/")
	conversations, err := conversationsOf(cmd.Provider)
	if err != nil {
		return err
	}
	if cmd.DryRun {
		for _, c := range conversations {
			fmt.Fprintf(s.out, "%s\n  %s\n", c.Name, strings.Join(c.Calls(), "\n  "))
		}
		return nil
	}
	contract := emulator.Documented
	if cmd.Contract == "live" {
		contract = emulator.Live
	}
	now := clock.New().Now()
	server, err := host.New(append(option, emulator.WithContract(contract), emulator.WithClock(now))...)
	if err != nil {
		return err
	}
	in := server.World().Instance(cmd.Provider)
	config := conform.Config{
		Conversations: conversations,
		Target:        conform.Side{URL: target, Credentials: in.Credentials()},
		Ours:          conform.Side{URL: target, Credentials: in.Credentials(), Transport: inMemory{in, target}},
		Advance:       server.World().Clock.Advance,
		Now:           server.World().Clock.Now,
		Row:           rowOf(in),
		Slow:          cmd.Slow,
		Name:          fmt.Sprintf("understudy-conform-%x", now.UnixNano()),
	}
	if cmd.Credentials != "" {
		if config.Target.Credentials, config.Target.Elsewhere, err = readCredentials(cmd.Credentials); err != nil {
			return usage(err)
		}
	}
	result := conform.Play(ctx, config)
	title := cmd.Provider + " at " + target
	if err := result.WriteText(s.out, title); err != nil {
		return err
	}
	if cmd.Report != "" {
		var text bytes.Buffer
		if err := result.Write(&text, title, path.Ext(cmd.Report)); err != nil {
			return err
		}
		if err := os.WriteFile(cmd.Report, text.Bytes(), 0o666); err != nil {
			return usage(err)
		}
	}
	switch n := result.Unexplained(); {
	case result.Unusable != "":
		return statusError{exitUnusable, errors.New("the target cannot be used: " + result.Unusable)}
	case n > 0:
		return statusError{exitDiffers, fmt.Errorf("%d differences are not explained", n)}
	}
	return nil
}

// conversationsOf reads the conversations that may be played against a service.
func conversationsOf(provider string) ([]*conform.Conversation, error) {
	files, err := fs.Glob(testdata.Conversations, "script/"+provider+"/*.txtar")
	if err != nil {
		return nil, err
	}
	var conversations []*conform.Conversation
	for _, file := range files {
		text, err := testdata.Conversations.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c, err := conform.Parse(strings.TrimSuffix(path.Base(file), ".txtar"), string(text))
		if err != nil {
			return nil, err
		}
		conversations = append(conversations, c)
	}
	return conversations, nil
}

// readCredentials reads names and texts, and the addresses under elsewhere.
func readCredentials(file string) (credentials, elsewhere map[string]string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	credentials = map[string]string{}
	for name, value := range all {
		if name == "elsewhere" {
			err = json.Unmarshal(value, &elsewhere)
		} else {
			var text string
			err = json.Unmarshal(value, &text)
			credentials[name] = text
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %s: %w", file, name, err)
		}
	}
	return credentials, elsewhere, nil
}

// rowOf names what SUPPORTED.md says of a call.
func rowOf(in *kernel.Instance) func(method, path string, status int) string {
	return func(method, path string, status int) string {
		r, err := http.NewRequest(method, "http://understudy.test"+path, nil)
		if err != nil {
			return "no operation"
		}
		index, err := in.Index()
		if err != nil {
			return err.Error()
		}
		op, _, _ := index.Match(r)
		if op == nil || op.Load() != nil {
			return "no operation"
		}
		return strings.TrimSpace(fmt.Sprintf("%s %d %s", op.Line(), status, op.Evidence[status]))
	}
}

// inMemory is our side's transport: its requests come by the target's address, so
// that issuers and links are the same.
type inMemory struct {
	in   *kernel.Instance
	base string
}

// RoundTrip answers a request.
func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	at, err := url.Parse(m.base)
	if err != nil {
		return nil, err
	}
	inbound := r.Clone(r.Context())
	inbound.URL.Path = strings.TrimPrefix(inbound.URL.Path, at.Path)
	inbound.URL.RawPath = strings.TrimPrefix(inbound.URL.RawPath, at.EscapedPath())
	if r.Body == nil {
		inbound.Body = io.NopCloser(strings.NewReader(""))
	}
	return m.in.RoundTrip(inbound, m.base)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/all"
	"github.com/understudy-dev/understudy/emulator/population"
	"github.com/understudy-dev/understudy/internal/control"
	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/statefile"
)

type serveCommand struct {
	Listen       string   `default:"127.0.0.1:8600" placeholder:"HOST:PORT" help:"Where the gateway listens; providers listen on the next ports (infisical +1). Port 0: free ports (${default})."`
	Provider     []string `placeholder:"NAME" help:"Serve only this provider; repeatable."`
	GatewayOnly  bool     `help:"Open no ports but the gateway's; providers are its paths."`
	Seed         string   `placeholder:"TEXT" help:"What identifiers and secrets derive from."`
	World        string   `placeholder:"FILE" type:"existingfile" help:"Start with this world (YAML) instead of the default one; see understudy world."`
	Contract     string   `enum:"documented,live," default:"" placeholder:"NAME" help:"Which contract to follow: documented (the default) or live."`
	Populate     int      `placeholder:"N" help:"Add N invented organizations, identities, applications, people and secrets to each provider."`
	Set          []string `placeholder:"PROVIDER.NAME=VALUE" sep:"none" help:"Set a provider's setting; repeatable."`
	State        string   `placeholder:"FILE" help:"Keep the world in this file; one that is there wins over --seed, --world and --contract."`
	LogFormat    string   `enum:"auto,text,json" default:"auto" help:"How to log calls, ${enum}; auto is a line a call on a terminal, text elsewhere (${default})."`
	NoColor      string   `env:"NO_COLOR" hidden:""`
	Verbose      bool     `help:"Print all credentials of the default world, and a line to paste for each provider; log calls of the control API."`
	LogLevel     string   `enum:"debug,info,warn,error,off" default:"info" help:"What to log, ${enum} (${default})."`
	ReadyFile    string   `placeholder:"FILE" help:"Write addresses and credentials to this file, as JSON, once listening."`
	CheckAnswers bool     `help:"Hold every answer to the provider's document; breaches go to the journal."`
	NoHints      bool     `help:"Leave the X-Understudy-* headers out."`
	NoControl    bool     `help:"Leave the control API out, but for the health check; env needs it."`

	addressFlags

	Sandboxes   int           `default:"${sandboxes}" placeholder:"N" help:"How many sandboxes there may be at a time (${default})."`
	SandboxIdle time.Duration `default:"${sandboxIdle}" placeholder:"DURATION" help:"How long a sandbox may go unused before it makes room; 0: for ever (${default})."`
}

// shutdownGrace is how long running calls may take once the server is told to
// stop: together with what follows it stays below 5 s, whatever clients do.
const shutdownGrace = 3 * time.Second

// Run serves until ctx is done.
func (cmd serveCommand) Run(ctx context.Context, s streams) (err error) {
	options, err := cmd.options(s.err)
	if err != nil {
		return err
	}
	file := statefile.New(cmd.State)
	if cmd.State != "" {
		options = append(options, file)
		defer func() { err = errors.Join(err, file.Close()) }() // once nobody changes anything any more
	}
	server, err := host.New(options...)
	if err != nil {
		return err
	}
	if ignored := cmd.beginning(); file.Continued() && len(ignored) > 0 {
		cmd.logger(s.err).Warn("the world goes on as it is in the state file", "file", cmd.State, "ignored", strings.Join(ignored, " "))
	}
	if cmd.ReadyFile != "" {
		// That of an earlier run would send its reader to the wrong ports.
		if err := os.Remove(cmd.ReadyFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("ready file: %w", err)
		}
	}
	if err := server.Listen(cmd.Listen); err != nil {
		return whose(ctx, cmd.Listen, err)
	}
	defer func() { _ = server.Close() }()
	if ca := server.CertificatePEM(); ca != nil {
		file := cmd.CA
		if file == "" {
			if file, err = caFile(server.URL()); err != nil {
				return err
			}
		}
		file, err := filepath.Abs(file)
		if err != nil {
			return fmt.Errorf("CA file: %w", err)
		}
		if err := writeFile(file, ca); err != nil {
			return fmt.Errorf("CA file: %w", err)
		}
		defer removeCA(file, ca)
		server.TellCA(file)
	}
	info := server.Info()
	if cmd.ReadyFile != "" {
		if err := writeReadyFile(cmd.ReadyFile, info); err != nil {
			return err
		}
	}
	go func() { // after listening: the first request does not wait for more than its own document
		server.Warm()
		debug.FreeOSMemory() // of what parsing needed, nothing is needed again
		giveBack(ctx)
	}()
	for name, p := range info.Providers {
		p.Example = server.World().Instance(name).Example(p.URL, p.Credentials)
		info.Providers[name] = p
	}
	banner(s.out, info, cmd.Verbose)

	select {
	case <-ctx.Done():
	case <-file.Lost(): // Close says why
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	return server.Shutdown(grace)
}

// whose tells who has a port that is taken, if it is a server like this one.
func whose(ctx context.Context, listen string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	var health struct{ Version string }
	asked := target{Listen: listen}.get(ctx, "/_understudy/health", func(r *http.Response) error { return json.NewDecoder(r.Body).Decode(&health) })
	if asked == nil && health.Version != "" {
		return fmt.Errorf("%w: an understudy %s listens there already; use it, or give this one --listen 127.0.0.1:0", err, health.Version)
	}
	return fmt.Errorf("%w: another program has that port; --listen 127.0.0.1:0 takes free ones", err)
}

// beginning lists the flags that say what to start with.
func (cmd serveCommand) beginning() []string {
	var given []string
	populate := ""
	if cmd.Populate != 0 {
		populate = fmt.Sprint(cmd.Populate)
	}
	for _, flag := range []struct{ name, value string }{{"--seed", cmd.Seed}, {"--world", cmd.World}, {"--contract", cmd.Contract}, {"--populate", populate}} {
		if flag.value != "" {
			given = append(given, flag.name)
		}
	}
	return given
}

func (cmd serveCommand) options(log io.Writer) ([]emulator.Option, error) {
	options, err := all.New(cmd.Provider...)
	if err != nil {
		return nil, err
	}
	options = append(options, emulator.WithSeed(cmd.Seed), emulator.WithLogger(cmd.logger(log)), emulator.WithSandboxes(cmd.Sandboxes, cmd.SandboxIdle), population.Of(cmd.Populate))
	for _, o := range []struct {
		set    bool
		option emulator.Option
	}{
		{cmd.Contract == "documented", emulator.WithContract(emulator.Documented)},
		{cmd.Contract == "live", emulator.WithContract(emulator.Live)},
		{cmd.GatewayOnly, emulator.WithGatewayOnly()},
		{cmd.CheckAnswers, emulator.WithAnswerChecks()},
		{cmd.NoHints, emulator.WithoutHints()},
		{cmd.NoControl, emulator.WithoutControl()},
	} {
		if o.set {
			options = append(options, o.option)
		}
	}
	address, err := cmd.addressFlags.options()
	if err != nil {
		return nil, err
	}
	options = append(options, address...)
	for _, set := range cmd.Set {
		name, value, ok := strings.Cut(set, "=")
		provider, setting, dotted := strings.Cut(name, ".")
		if !ok || !dotted {
			return nil, fmt.Errorf("--set %s is not of the form PROVIDER.NAME=VALUE", set)
		}
		options = append(options, emulator.WithSetting(provider, setting, value))
	}
	if cmd.World != "" {
		text, err := os.ReadFile(cmd.World)
		if err != nil {
			return nil, err
		}
		options = append(options, emulator.WithWorld(bytes.NewReader(text)))
	}
	return options, nil
}

func (cmd serveCommand) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if cmd.LogLevel == "off" {
		return slog.New(slog.DiscardHandler)
	}
	if err := level.UnmarshalText([]byte(cmd.LogLevel)); err != nil {
		panic(err) // the flag's enum allows only levels
	}
	if cmd.Verbose {
		level = min(level, slog.LevelDebug)
	}
	options := &slog.HandlerOptions{Level: level}
	switch {
	case cmd.LogFormat == "json":
		return slog.New(slog.NewJSONHandler(w, options))
	case cmd.LogFormat == "auto" && isTerminal(w):
		return slog.New(newLines(w, level, cmd.NoColor == ""))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func writeReadyFile(path string, info control.Info) error {
	text, err := json.Marshal(info)
	if err == nil {
		err = writeFile(path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("ready file: %w", err)
	}
	return nil
}

// writeFile writes by rename, so that nobody reads half of it.
func writeFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".understudy-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already once it is renamed
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(0o644) // read by others, such as a container's neighbours
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// banner tells a person where everything is, and how to begin: for each provider a
// line to paste with the credentials in it, or all of them.
func banner(w io.Writer, info control.Info, verbose bool) {
	fmt.Fprintf(w, "understudy %s\nfor tests and development only; its secrets are predictable\n\n", control.Version())
	gateway := info.Gateway
	if info.Control != "" {
		gateway += " (the console, in a browser)"
	}
	fmt.Fprintf(w, "  %-10s %s\n", "gateway", gateway)
	if info.Control != "" {
		fmt.Fprintf(w, "  %-10s %s\n", "control", info.Control)
	}
	curl := "curl "
	if info.CA != "" {
		fmt.Fprintf(w, "  %-10s %s\n", "ca", info.CA)
		curl += "--cacert '" + strings.ReplaceAll(info.CA, "'", `'\''`) + "' "
	}
	names := slices.Sorted(maps.Keys(info.Providers))
	for _, name := range names {
		fmt.Fprintf(w, "  %-10s %s\n", name, info.Providers[name].URL)
	}
	for _, name := range names {
		p := info.Providers[name]
		fmt.Fprintf(w, "\n%s\n", name)
		shown, width := []string{}, 0 // as narrow as it goes: a secret has 64 characters, a terminal 80
		for _, key := range slices.Sorted(maps.Keys(p.Credentials)) {
			if verbose || strings.Contains(p.Example, p.Credentials[key]) {
				shown, width = append(shown, key), max(width, len(key))
			}
		}
		for _, key := range shown {
			fmt.Fprintf(w, "  %-*s %s\n", width, key, short(p.Credentials[key]))
		}
		fmt.Fprintf(w, "  %s\n", strings.Replace(p.Example, "curl ", curl, 1))
	}
	fmt.Fprintln(w, "\nunderstudy env PROVIDER prints what its official clients read.")
}

// longest is how much of a credential is shown: a client secret, not a token, which
// logs would keep and nobody types.
const longest = 100

func short(value string) string {
	if len(value) <= longest {
		return value
	}
	return value[:longest/4] + "…"
}

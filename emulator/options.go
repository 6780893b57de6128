package emulator

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/understudy-dev/understudy/internal/host"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/worldfile"
)

// An Option configures a server. Every provider is one.
type Option = kernel.Option

type option func(*kernel.Config)

func (o option) Apply(c *kernel.Config) { o(c) }

// WithSeed sets what identifiers and secrets are derived from: the same seed
// and the same sequence of calls give the same ones. The default is
// "understudy".
func WithSeed(seed string) Option { return option(func(c *kernel.Config) { c.Seed = seed }) }

// WithClock starts the clock at t; it goes on from there unless it is frozen.
func WithClock(t time.Time) Option { return option(func(c *kernel.Config) { c.Clock = t }) }

// WithContract sets the contract the providers are held to.
func WithContract(contract Contract) Option {
	return option(func(c *kernel.Config) { c.Contract = &contract })
}

// WithWorld starts with the world of a file, YAML or JSON, instead of the
// default one; understudy world prints what to start from. Seed, clock,
// contract and settings of other options win over the file's. New fails when the
// file is damaged, with the line and the reason.
func WithWorld(file io.Reader) Option {
	world, err := worldfile.Read(file)
	return option(func(c *kernel.Config) { c.World, c.Err = world, errors.Join(c.Err, err) })
}

// WithSetting sets a provider's setting by name, from text, as a flag has it. In
// Go, the settings are also arguments of the provider's New.
func WithSetting(provider, name, value string) Option {
	return option(func(c *kernel.Config) {
		if c.Settings == nil {
			c.Settings = map[string]map[string]any{}
		}
		if c.Settings[provider] == nil {
			c.Settings[provider] = map[string]any{}
		}
		c.Settings[provider][name] = value
	})
}

// WithLogger sets where calls (at level Info) and failures of the emulator
// itself (at level Error) are logged. The default is nowhere.
func WithLogger(logger *slog.Logger) Option {
	return option(func(c *kernel.Config) { c.Logger = logger })
}

// WithoutHints leaves the X-Understudy-* headers out of answers.
func WithoutHints() Option { return option(func(c *kernel.Config) { c.NoHints = true }) }

// AllowUnknown keeps NewTest from failing a test whose client calls what a
// provider does not know or Understudy does not serve.
func AllowUnknown() Option { return option(func(c *kernel.Config) { c.AllowUnknown = true }) }

// AllowUnused keeps NewTest from failing a test in which a fault of Next met no
// call.
func AllowUnused() Option { return option(func(c *kernel.Config) { c.AllowUnused = true }) }

// InMemory keeps NewTest from listening: the providers are reached by the server's
// Client, at the addresses of the real services. It is what a testing/synctest
// bubble needs, where no socket works, and it is quicker.
func InMemory() Option { return option(func(c *kernel.Config) { c.InMemory = true }) }

// WithAnswerChecks holds every answer to the provider's document and lists the
// breaches in the journal. NewTest always does, and fails the test.
func WithAnswerChecks() Option { return option(func(c *kernel.Config) { c.CheckAnswers = true }) }

// WithoutControl leaves the control API out of the gateway.
func WithoutControl() Option { return option(func(c *kernel.Config) { c.NoControl = true }) }

// WithGatewayOnly makes Listen open the gateway alone: the providers' URLs are
// paths of it.
func WithGatewayOnly() Option { return option(func(c *kernel.Config) { c.GatewayOnly = true }) }

// WithSandboxes bounds the sandboxes of the control API: how many there may be
// at a time, and for how long, by real time, one may go unused before it makes
// room; 0 is for ever. The default is 1,000, and an hour.
func WithSandboxes(most int, idle time.Duration) Option {
	return option(func(c *kernel.Config) { c.MaxSandboxes, c.SandboxIdle = most, idle })
}

// WithPublicURL says where clients find the gateway, such as
// https://ci.example:8443/understudy behind a proxy. Issuers, discovery documents
// and links name it, with the provider's name behind it, whatever address a
// request came by; a provider's own setting publicUrl wins. The control API answers
// to its host.
func WithPublicURL(base string) Option {
	return option(func(c *kernel.Config) {
		u, err := kernel.ParsePublicURL(base)
		if err != nil {
			c.Err = errors.Join(c.Err, fmt.Errorf("public URL: %w", err))
			return
		}
		c.PublicURL = u.String()
	})
}

// WithTrustProxy makes the X-Forwarded-Host and X-Forwarded-Proto headers count as
// the address that a request came by, also for the control API's guards. It is for
// servers that are reached through a proxy alone, one that sets both headers
// itself.
func WithTrustProxy() Option { return option(func(c *kernel.Config) { c.TrustProxy = true }) }

// WithAllowOrigin lets pages of further origins, such as https://app.example:3000,
// use the providers. Pages on this machine (localhost, 127.0.0.1) may anyway; the
// control API takes no changes from either.
func WithAllowOrigin(origins ...string) Option {
	return option(func(c *kernel.Config) {
		for _, origin := range origins {
			c.Err = errors.Join(c.Err, host.CheckOrigin(origin))
			c.AllowOrigins = append(c.AllowOrigins, origin)
		}
	})
}

// WithAllowHost makes the server answer to further host names; a port does not
// count, and *.example stands for all names below. It answers anyway to addresses,
// to names that no public site has, such as those below .test, and to the
// providers' own.
func WithAllowHost(hosts ...string) Option {
	return option(func(c *kernel.Config) {
		for _, name := range hosts {
			c.Err = errors.Join(c.Err, host.CheckName(name))
			c.AllowHosts = append(c.AllowHosts, name)
		}
	})
}

// WithAllowIssuer lets providers ask further issuers of tokens, such as
// https://token.actions.githubusercontent.com, for their keys: whatever stands at
// the same scheme, host and port. The server's own providers, and issuers on this
// machine, may be asked anyway; nobody else is.
func WithAllowIssuer(issuers ...string) Option {
	return option(func(c *kernel.Config) {
		for _, issuer := range issuers {
			origin, err := host.CheckIssuer(issuer)
			c.Err = errors.Join(c.Err, err)
			c.AllowIssuers = append(c.AllowIssuers, origin)
		}
	})
}

// WithTLS makes every listener speak https, HTTP/1.1 and HTTP/2, with a
// certificate of a throw-away authority that is made for this server: for
// localhost, *.localhost, 127.0.0.1, ::1, the host it listens on, and the hosts of
// WithPublicURL and WithAllowHost. Clients trust it by CertPool or CertificatePEM.
// The keys stay in memory.
func WithTLS() Option { return option(func(c *kernel.Config) { c.TLS = true }) }

// WithCertificate makes every listener speak https, as WithTLS does, with a
// certificate of your own.
func WithCertificate(certificate tls.Certificate) Option {
	return option(func(c *kernel.Config) { c.Certificate = &certificate })
}

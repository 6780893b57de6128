package main

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/understudy-dev/understudy/emulator"
)

// addressFlags say how the server is reached.
type addressFlags struct {
	PublicURL   string   `name:"public-url" placeholder:"URL" help:"Where clients find the gateway; issuers, discovery and links name it, whatever address a request came by."`
	TrustProxy  bool     `help:"Let X-Forwarded-Host and X-Forwarded-Proto count; for servers behind a proxy that sets both."`
	AllowHost   []string `placeholder:"HOST" help:"Answer to this host name, too; *.NAME stands for all below; repeatable."`
	AllowIssuer []string `placeholder:"URL" help:"Let providers ask this issuer of tokens for its keys, as they may ask those on this machine; repeatable."`
	AllowOrigin []string `placeholder:"ORIGIN" help:"Let pages of this origin use the providers, as pages on this machine may; repeatable."`
	TLS         bool     `name:"tls" help:"Speak https, with a certificate of a throw-away authority."`
	TLSCert     string   `name:"tls-cert" placeholder:"FILE" help:"Speak https with this certificate (PEM)."`
	TLSKey      string   `name:"tls-key" placeholder:"FILE" help:"The certificate's key (PEM)."`
	CA          string   `name:"ca" placeholder:"FILE" help:"Where --tls writes the authority's certificate, until the server ends; by default a file in a folder of the user's own."`
}

func (f addressFlags) options() ([]emulator.Option, error) {
	var options []emulator.Option
	if f.PublicURL != "" {
		options = append(options, emulator.WithPublicURL(f.PublicURL))
	}
	if f.TrustProxy {
		options = append(options, emulator.WithTrustProxy())
	}
	if len(f.AllowIssuer) > 0 {
		options = append(options, emulator.WithAllowIssuer(f.AllowIssuer...))
	}
	if len(f.AllowOrigin) > 0 {
		options = append(options, emulator.WithAllowOrigin(f.AllowOrigin...))
	}
	if len(f.AllowHost) > 0 {
		options = append(options, emulator.WithAllowHost(f.AllowHost...))
	}
	switch {
	case f.TLSCert != "" && f.TLSKey != "":
		pair, err := readPair(f.TLSCert, f.TLSKey)
		if err != nil {
			return nil, err
		}
		options = append(options, emulator.WithCertificate(pair))
	case f.TLSCert != "" || f.TLSKey != "":
		return nil, errors.New("--tls-cert and --tls-key go together")
	case f.TLS:
		options = append(options, emulator.WithTLS())
	}
	return options, nil
}

func readPair(certificate, key string) (tls.Certificate, error) {
	certificateText, err := os.ReadFile(certificate)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("--tls-cert: %w", err)
	}
	keyText, err := os.ReadFile(key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("--tls-key: %w", err)
	}
	if _, err := parseCertificate(certificateText); err != nil {
		return tls.Certificate{}, fmt.Errorf("--tls-cert %s: %w", certificate, err)
	}
	pair, err := tls.X509KeyPair(certificateText, keyText)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("--tls-key %s: %w", key, err)
	}
	return pair, nil
}

// parseCertificate reads the first certificate of a file: the server's own.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, errors.New("no PEM certificate in it")
}

// caFile is where a server writes the certificate of its authority unless it is
// told another place; a healthcheck beside it finds it by the gateway's port. It is
// in a folder of the user's own, so that nobody else can put a file there.
func caFile(gateway string) (string, error) {
	port := "443"
	if u, err := url.Parse(gateway); err == nil {
		port = cmp.Or(u.Port(), port)
	}
	folder, err := privateFolder()
	if err != nil {
		return "", fmt.Errorf("a folder for the CA file: %w; --ca names a file", err)
	}
	return filepath.Join(folder, "ca-"+port+".pem"), nil
}

// privateFolder makes a folder that only this user can change: in the user's cache,
// or, for a user who has none, such as a container's, below the temporary ones.
func privateFolder() (string, error) {
	if cache, err := os.UserCacheDir(); err == nil {
		if folder := filepath.Join(cache, "understudy"); makePrivate(folder) == nil {
			return folder, nil
		}
	}
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("understudy-%d", os.Getuid()))
	return folder, makePrivate(folder)
}

func makePrivate(folder string) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if at, err := os.Lstat(folder); err != nil || !at.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is no folder", folder))
	}
	return os.Chmod(folder, 0o700) // which fails when it is somebody else's
}

// removeCA removes the file that this server wrote, not one that took its place.
func removeCA(file string, ca []byte) {
	if text, err := os.ReadFile(file); err == nil && bytes.Equal(text, ca) {
		_ = os.Remove(file)
	}
}

// scheme is that of the server that is looked for.
func (t target) scheme() string {
	if t.TLS || t.TLSCert != "" {
		return "https"
	}
	return "http"
}

// options are those that show what the server would have if it ran.
func (t target) options() []emulator.Option {
	if t.scheme() == "https" {
		return []emulator.Option{emulator.WithTLS()}
	}
	return nil
}

// client returns a client that trusts the server at a base URL.
func (t target) client(base string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	var err error
	if t.TLSCert != "" {
		transport.TLSClientConfig, err = showing(t.TLSCert)
	} else {
		file := t.CA
		if file == "" && strings.HasPrefix(base, "https:") {
			file, _ = caFile(base) // without one, the system's authorities have to do
		}
		transport.TLSClientConfig, err = trusting(file, t.CA != "")
	}
	return &http.Client{Transport: transport}, err
}

// trusting adds a file's certificates to the system's.
func trusting(file string, must bool) (*tls.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil && !must {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // an image from scratch has none
	}
	if !pool.AppendCertsFromPEM(text) && must {
		return nil, fmt.Errorf("--ca %s: no PEM certificate in it", file)
	}
	return &tls.Config{RootCAs: pool}, nil
}

// showing trusts a server that shows this very certificate, by whatever address
// it is reached on its own machine.
func showing(file string) (*tls.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	certificate, err := parseCertificate(text)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s: %w", file, err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	config := &tls.Config{RootCAs: pool}
	if len(certificate.DNSNames) > 0 {
		config.ServerName = certificate.DNSNames[0]
	} else if len(certificate.IPAddresses) > 0 {
		config.ServerName = certificate.IPAddresses[0].String()
	}
	return config, nil
}

package emulator

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

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

// CertificatePEM returns the certificate of WithTLS's authority, PEM-encoded: what
// a client has to trust. It is nil without WithTLS, and with WithCertificate.
func (s *Server) CertificatePEM() []byte {
	if s.authority == nil {
		return nil
	}
	return s.authority.PEM()
}

// CertPool returns the certificate of WithTLS's authority as the RootCAs of a
// tls.Config. Where CertificatePEM has none, it is nil, which stands for the
// system's authorities.
func (s *Server) CertPool() *x509.CertPool {
	if s.authority == nil {
		return nil
	}
	return s.authority.Pool()
}

// TellCA makes Info, and the control API's, name the file in which clients find
// what CertificatePEM returns. The server itself writes no file.
func (s *Server) TellCA(file string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ca = file
}

func (s *Server) caFile() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ca
}

// scheme is that of the server's own addresses.
func (s *Server) scheme() string {
	if s.config.TLS || s.config.Certificate != nil {
		return "https"
	}
	return "http"
}

// tlsConfig returns what a listener on host needs, nil when it speaks no TLS.
func (s *Server) tlsConfig(host string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case s.config.Certificate != nil:
		config.Certificates = []tls.Certificate{*s.config.Certificate}
		return config, nil
	case s.authority == nil:
		return nil, nil
	}
	names := []string{"localhost", "*.localhost", "127.0.0.1", "::1"}
	for _, name := range append(slices.Clone(s.hosts), host) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	usual, err := s.authority.Issue(names...)
	if err != nil {
		return nil, err
	}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := strings.ToLower(hello.ServerName)
		if local, ok := hello.Conn.LocalAddr().(*net.TCPAddr); ok && name == "" {
			name = local.IP.String() // clients name no addresses
		}
		if slices.Contains(names, name) || !s.trusts(name) {
			return usual, nil
		}
		// A container's name or address, or one below localhost: OpenSSL takes no
		// *.localhost, and no wildcard spans two labels. Signing takes less than the
		// handshake around it.
		return s.authority.Issue(append(slices.Clone(names), name)...)
	}
	return config, nil
}

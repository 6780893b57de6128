package host

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strings"
)

// CertificatePEM returns the certificate of WithTLS's authority, PEM-encoded: what
// a client has to trust. It is nil without WithTLS, and with WithCertificate.
func (h *Host) CertificatePEM() []byte {
	if h.authority == nil {
		return nil
	}
	return h.authority.PEM()
}

// CertPool returns the certificate of WithTLS's authority as the RootCAs of a
// tls.Config. Where CertificatePEM has none, it is nil, which stands for the
// system's authorities.
func (h *Host) CertPool() *x509.CertPool {
	if h.authority == nil {
		return nil
	}
	return h.authority.Pool()
}

// TellCA makes Info, and the control API's, name the file in which clients find
// what CertificatePEM returns. The server itself writes no file.
func (h *Host) TellCA(file string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ca = file
}

// CAFile is the file that TellCA has told.
func (h *Host) CAFile() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ca
}

// scheme is that of the server's own addresses.
func (h *Host) scheme() string {
	if h.config.TLS || h.config.Certificate != nil {
		return "https"
	}
	return "http"
}

// tlsConfig returns what a listener on host needs, nil when it speaks no TLS.
func (h *Host) tlsConfig(host string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case h.config.Certificate != nil:
		config.Certificates = []tls.Certificate{*h.config.Certificate}
		return config, nil
	case h.authority == nil:
		return nil, nil
	}
	names := []string{"localhost", "*.localhost", "127.0.0.1", "::1"}
	for _, name := range append(slices.Clone(h.hosts), host) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	usual, err := h.authority.Issue(names...)
	if err != nil {
		return nil, err
	}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := strings.ToLower(hello.ServerName)
		if local, ok := hello.Conn.LocalAddr().(*net.TCPAddr); ok && name == "" {
			name = local.IP.String() // clients name no addresses
		}
		if slices.Contains(names, name) || !h.trusts(name) {
			return usual, nil
		}
		// A container's name or address, or one below localhost: OpenSSL takes no
		// *.localhost, and no wildcard spans two labels. Signing takes less than the
		// handshake around it.
		return h.authority.Issue(append(slices.Clone(names), name)...)
	}
	return config, nil
}

// Package certificate makes throw-away certificates. Real time and real
// randomness belong here and nowhere else: clients judge a certificate by their
// own clock, and its key must be nobody's guess.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"time"
)

// Certificates are good from an hour ago, for clients whose clock is behind, and
// for a year.
const (
	early = time.Hour
	life  = 365 * 24 * time.Hour
)

// An Authority issues certificates for one server. Its keys never leave memory.
type Authority struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey // signs certificates
	leaf *ecdsa.PrivateKey // the server's own, for all of its certificates
}

// NewAuthority makes an authority with new keys.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	a := &Authority{key: key, leaf: leaf}
	template := template("Understudy throw-away CA")
	template.IsCA, template.MaxPathLenZero = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	a.root, err = a.sign(template, template, key)
	return a, err
}

// Issue returns a certificate of the server for the given host names and IP
// addresses.
func (a *Authority) Issue(hosts ...string) (*tls.Certificate, error) {
	template := template("Understudy")
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	leaf, err := a.sign(template, a.root, a.leaf)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: a.leaf, Leaf: leaf}, nil
}

func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-early),
		NotAfter:              now.Add(life),
		BasicConstraintsValid: true,
	}
}

func (a *Authority) sign(template, parent *x509.Certificate, of *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, of.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// PEM returns the authority's certificate as clients take it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

// Pool returns the authority's certificate as Go clients take it.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

package main

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTLS starts with a throw-away authority and uses what the server tells.
func TestTLS(t *testing.T) {
	s := serve(t, "--listen", "127.0.0.1:0", "--tls", "--log-level", "off")
	if !strings.HasPrefix(s.info.Gateway, "https://") || !filepath.IsAbs(s.info.CA) {
		t.Fatalf("the ready file has the gateway %s and the CA %s", s.info.Gateway, s.info.CA)
	}
	text, err := os.ReadFile(s.info.CA)
	if err != nil || strings.Count(string(text), "-----BEGIN ") != 1 || !strings.HasPrefix(string(text), "-----BEGIN CERTIFICATE-----") {
		t.Errorf("the CA file: %v %s", err, text)
	}
	address := strings.TrimPrefix(s.info.Gateway, "https://")
	understudy(t, "healthcheck", "--tls", "--listen", address).check(t, 0, "", "")
	understudy(t, "healthcheck", "--url", s.info.Gateway).check(t, 0, "", "")
	understudy(t, "healthcheck", "--url", s.info.Gateway, "--ca", s.info.CA).check(t, 0, "", "")
	understudy(t, "healthcheck", "--listen", address).check(t, 1, "", "answered 400")
	o := understudy(t, "env", "infisical", "--format", "dotenv", "--url", s.info.Gateway)
	o.check(t, 0, "INFISICAL_HOST="+s.info.Providers["infisical"].URL+"\n", "")
	o.check(t, 0, "NODE_EXTRA_CA_CERTS="+s.info.CA+"\nSSL_CERT_FILE="+s.info.CA+"\n", "")

	if curl, err := exec.LookPath("curl"); err == nil {
		_, port, _ := net.SplitHostPort(address)
		for _, host := range []string{"127.0.0.1", "localhost", "x.localhost"} {
			base := "https://" + net.JoinHostPort(host, port)
			for _, version := range []string{"--http1.1", "--http2"} {
				out, err := exec.CommandContext(t.Context(), curl, "-sS", "--fail", version, "--cacert", s.info.CA, "--resolve", host+":"+port+":127.0.0.1", base+"/zitadel/.well-known/openid-configuration").CombinedOutput()
				if err != nil || !strings.Contains(string(out), `"issuer":"`+base+`/zitadel"`) {
					t.Errorf("curl %s %s: %v %s", version, base, err, out)
				}
			}
		}
	}

	o = s.stop()
	o.check(t, 0, "ca         "+s.info.CA, "")
	o.check(t, 0, "curl --cacert '"+s.info.CA+"' ", "")
	if _, err := os.Stat(s.info.CA); err == nil {
		t.Error("the CA file has outlived the server")
	}
}

// TestCertificatePair serves with a certificate that somebody brings.
func TestCertificatePair(t *testing.T) {
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip(err)
	}
	if out, err := exec.CommandContext(t.Context(), openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		"-subj", "/CN=own", "-addext", "subjectAltName=DNS:own.example", "-keyout", key, "-out", certificate).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	s := serve(t, "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key, "--log-level", "off")
	if s.info.CA != "" {
		t.Errorf("there is an authority at %s", s.info.CA)
	}
	address := strings.TrimPrefix(s.info.Gateway, "https://")
	understudy(t, "healthcheck", "--tls-cert", certificate, "--listen", address).check(t, 0, "", "")
	understudy(t, "healthcheck", "--tls", "--listen", address).check(t, 1, "", "certificate")

	free := []string{"serve", "--listen", "127.0.0.1:0"}
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--tls-cert", certificate}, "--tls-cert and --tls-key go together"},
		{[]string{"--tls-key", key}, "--tls-cert and --tls-key go together"},
		{[]string{"--tls-cert", "no.pem", "--tls-key", key}, "--tls-cert: open no.pem: "},
		{[]string{"--tls-cert", certificate, "--tls-key", "no.pem"}, "--tls-key: open no.pem: "},
		{[]string{"--tls-cert", empty, "--tls-key", key}, "--tls-cert " + empty + ": no PEM certificate in it"},
		{[]string{"--tls-cert", certificate, "--tls-key", empty}, "--tls-key " + empty + ": "},
		{[]string{"--tls", "--ca", filepath.Join(dir, "no", "ca.pem")}, "CA file: "},
		{[]string{"--public-url", "public.example"}, `public URL: "public.example" is not a base URL`},
		{[]string{"--allow-host", "*"}, `allowed host: "*" is not a host name`},
	} {
		understudy(t, append(free, test.args...)...).check(t, 1, "", test.want)
	}
}

// TestAddressTwins sets the flags by their variables.
func TestAddressTwins(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	t.Setenv("UNDERSTUDY_TLS", "true")
	t.Setenv("UNDERSTUDY_CA", ca)
	t.Setenv("UNDERSTUDY_PUBLIC_URL", "https://public.example")
	t.Setenv("UNDERSTUDY_TRUST_PROXY", "true")
	t.Setenv("UNDERSTUDY_ALLOW_HOST", "one.example,two.example")
	s := serve(t, "--listen", "127.0.0.1:0", "--log-level", "off")
	if p := s.info.Providers["zitadel"]; s.info.CA != ca || p.PublicURL != "https://public.example/zitadel" || !strings.HasPrefix(p.URL, "https://127.0.0.1:") {
		t.Errorf("the ready file has the CA %s and %+v", s.info.CA, p)
	}
	// What tells the server tells the health check beside it.
	understudy(t, "healthcheck", "--listen", strings.TrimPrefix(s.info.Gateway, "https://")).check(t, 0, "", "")
	understudy(t, "env", "infisical", "--format", "dotenv", "--url", s.info.Gateway).check(t, 0, "INFISICAL_HOST=https://public.example/infisical\n", "")
	client, err := target{CA: ca}.client(s.info.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	health, err := url.Parse(s.info.Control + "/health")
	if err != nil {
		t.Fatal(err)
	}
	for host, status := range map[string]int{"two.example": 200, "three.example": 403} {
		r := &http.Request{Method: "GET", URL: health, Host: "proxied.example", Header: http.Header{"X-Forwarded-Host": {host}}}
		response, err := client.Do(r.WithContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: %s", host, response.Status)
		}
	}
}

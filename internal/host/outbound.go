package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
)

// The bounds of what a server reads from others.
const (
	outboundTimeout = 5 * time.Second // for one document
	outboundMost    = 1 << 20         // bytes of it
	outboundKept    = 100             // documents
	outboundFor     = time.Minute     // that each is kept
)

// outbound reads, for the providers of one space, what token issuers publish. It
// asks the space's own providers, in memory; servers on this machine; and those that
// the server was told of. Documents of the last are kept for a little while.
type outbound struct {
	of   *space
	wall *clock.Clock

	mu   sync.Mutex
	kept map[string]document
}

type document struct {
	text []byte
	at   time.Time
}

func newOutbound(of *space) *outbound {
	return &outbound{of: of, wall: clock.New(), kept: map[string]document{}}
}

// Read implements kernel.Outbound.
func (o *outbound) Read(ctx context.Context, address, ca, seenAt string, suits func([]byte) bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, outboundTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if u := request.URL; u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("%q is no address such as https://issuer.example", address)
	}
	transport, told, err := o.transport(request, ca, seenAt)
	switch {
	case err != nil:
		return nil, err
	case !told:
		return read(request, transport)
	}
	o.mu.Lock()
	known, ok := o.kept[address+"\n"+ca]
	o.mu.Unlock()
	if now := o.wall.Now(); ok && now.Sub(known.at) < outboundFor && suits(known.text) {
		return known.text, nil
	}
	text, err := read(request, transport)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.kept) >= outboundKept {
		clear(o.kept)
	}
	o.kept[address+"\n"+ca] = document{text, o.wall.Now()}
	return text, nil
}

// read gets one document.
func read(request *http.Request, transport http.RoundTripper) ([]byte, error) {
	client := http.Client{Transport: transport, CheckRedirect: stay}
	response, err := client.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // the address is told anyway
		}
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer was %d", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, outboundMost+1))
	if err == nil && len(text) > outboundMost {
		err = fmt.Errorf("the answer is longer than %d bytes", outboundMost)
	}
	return text, err
}

// stay follows a few redirects, none of them to elsewhere.
func stay(next *http.Request, via []*http.Request) error {
	switch {
	case origin(next.URL) != origin(via[0].URL):
		return fmt.Errorf("it redirects to %s, which is elsewhere", origin(next.URL))
	case len(via) > 3:
		return errors.New("it redirects too often")
	}
	return nil
}

// transport returns the way to a server that may be asked; told tells that it is one
// that the server was told of.
func (o *outbound) transport(r *http.Request, ca, seenAt string) (way http.RoundTripper, told bool, err error) {
	if in, _, _ := o.of.within(r, seenAt); in != nil {
		return inMemory{o.of, seenAt}, false, nil
	}
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		trusted.RootCAs = x509.NewCertPool()
		if !trusted.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, false, errors.New("the CA certificate is not one in PEM")
		}
	}
	dialer := &net.Dialer{}
	switch {
	case slices.Contains(o.of.host.config.AllowIssuers, origin(r.URL)):
		told = true
	case isLoopback(r.URL.Hostname()):
		dialer.Control = onlyLoopback
	default:
		return nil, false, fmt.Errorf("%s is no provider of this server, not on this machine, and not named by --allow-issuer; nobody else is asked", origin(r.URL))
	}
	return &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: trusted, DisableKeepAlives: true}, told, nil
}

// inMemory leads to the providers of a space.
type inMemory struct {
	of     *space
	seenAt string
}

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	in, seen, base := m.of.within(r, m.seenAt)
	if in == nil {
		return nil, fmt.Errorf("%s is no provider of this server", r.URL)
	}
	return in.RoundTrip(seen, base)
}

// isLoopback reports whether a host name can only mean this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// onlyLoopback refuses to connect to what a name of this machine may have been made
// to stand for.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	if to, err := netip.ParseAddrPort(address); err != nil || !to.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%s is not on this machine", address)
	}
	return nil
}

// CheckIssuer reads the address of a token issuer, of which the origin counts.
func CheckIssuer(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", fmt.Errorf("allowed issuer: %q is not one like https://issuer.example", text)
	}
	return origin(u), nil
}

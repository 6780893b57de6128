package emulator

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// SignIn signs a person in to a client without a browser: it opens the address
// that the client would send a browser to and picks the person, by id, email or
// name. It returns the address that the browser is sent back to, with the code or
// with the error that the client is told; a request to be answered by a form
// (response_mode=form_post) is answered in the address all the same. For the
// address where a device is connected (RFC 8628) it returns none.
//
// It fails when nobody is called so, or when the request is not one to go back
// with, and says why.
func (s *Server) SignIn(person, authorizationURL string) (callbackURL string, err error) {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return "", fmt.Errorf("emulator: signing in: %w", err)
	}
	if query := u.Query(); query.Get("response_mode") == "form_post" {
		query.Del("response_mode")
		u.RawQuery = query.Encode()
	}
	form := url.Values{"person": {person}} // as the page that picks a person sends it
	r, err := http.NewRequest(http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("emulator: signing in: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.Transport().RoundTrip(r)
	if err != nil {
		return "", fmt.Errorf("emulator: signing in: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode >= http.StatusBadRequest {
		body, _ := io.ReadAll(answer.Body)
		return "", fmt.Errorf("emulator: signing %q in: %d: %s", person, answer.StatusCode, cmp.Or(answer.Header.Get(kernel.HeaderReason), string(body)))
	}
	return answer.Header.Get("Location"), nil
}

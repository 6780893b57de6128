package oauth

import (
	"net/http"
	"net/url"
)

// An Error is the body of a refusal by a token endpoint, RFC 6749 section 5.2.
type Error struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// A Method is a way in which a client names itself.
type Method string

// The methods, by their registered names.
const (
	None  Method = ""
	Basic Method = "client_secret_basic"
	Post  Method = "client_secret_post"
)

// Credentials are what a client names itself by.
type Credentials struct {
	ID, Secret string
	Method     Method
}

// Client reads a client's credentials from the Authorization header, whose parts
// are form-encoded (RFC 6749 section 2.3.1), or else from the form. Both is
// whether the request carries them twice; the header's are returned then.
func Client(r *http.Request, form map[string]any) (c Credentials, both bool) {
	id, _ := form["client_id"].(string)
	secret, inForm := form["client_secret"].(string)
	user, password, ok := r.BasicAuth()
	if !ok {
		if inForm {
			return Credentials{id, secret, Post}, false
		}
		return Credentials{ID: id}, false
	}
	if plain, err := url.QueryUnescape(user); err == nil {
		user = plain
	}
	if plain, err := url.QueryUnescape(password); err == nil {
		password = plain
	}
	return Credentials{user, password, Basic}, inForm
}

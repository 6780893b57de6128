package oauth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/oauth"
)

type claims struct {
	Zulu  string `json:"zulu"`
	Alpha string `json:"alpha"`
}

// TestSign lets the library of another author verify, by the key set alone.
func TestSign(t *testing.T) {
	key := oauth.Key{ID: "one", Pair: fixtures.RSAKey(0)}
	other := oauth.Key{ID: "two", Pair: fixtures.RSAKey(1)}
	for _, typ := range []string{"", "JWT"} {
		token, err := key.Sign(typ, claims{"<z>", "a"})
		if err != nil {
			t.Fatal(err)
		}
		set, err := json.Marshal(oauth.KeySet{Keys: []oauth.PublicKey{other.Public(false), key.Public(true)}})
		if err != nil {
			t.Fatal(err)
		}
		var keys jose.JSONWebKeySet
		if err := json.Unmarshal(set, &keys); err != nil {
			t.Fatalf("the key set: %v", err)
		}
		parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		var got claims
		if err := parsed.Claims(keys, &got); err != nil || got != (claims{"<z>", "a"}) {
			t.Errorf("typ %q: claims %v, %v", typ, got, err)
		}
		if typ := parsed.Headers[0].ExtraHeaders["typ"]; typ != nil && typ != "JWT" {
			t.Errorf("typ is %v", typ)
		}
		if err := oauth.Verify(token, &got, other, key); err != nil {
			t.Errorf("its own token: %v", err)
		}
		if err := oauth.Verify(token, &got, other); err != oauth.ErrKey {
			t.Errorf("without the key: %v", err)
		}
		forged := oauth.Key{ID: "one", Pair: fixtures.RSAKey(1)}
		if err := oauth.Verify(token, &got, forged); err != oauth.ErrSignature {
			t.Errorf("with another key of that name: %v", err)
		}
	}
	if err := oauth.Verify("nonsense", &claims{}, key); err != oauth.ErrMalformed {
		t.Errorf("nonsense: %v", err)
	}
}

func TestClient(t *testing.T) {
	tests := []struct {
		name     string
		user     []string // for Basic
		form     string
		want     oauth.Credentials
		wantBoth bool
	}{
		{"nothing", nil, `{}`, oauth.Credentials{}, false},
		{"id alone", nil, `{"client_id":"a"}`, oauth.Credentials{ID: "a"}, false},
		{"form", nil, `{"client_id":"a","client_secret":"s"}`, oauth.Credentials{ID: "a", Secret: "s", Method: oauth.Post}, false},
		{"basic", []string{"a%3Ab", "s+1"}, `{}`, oauth.Credentials{ID: "a:b", Secret: "s 1", Method: oauth.Basic}, false},
		{"basic, not encoded", []string{"a%zz", "s%"}, `{}`, oauth.Credentials{ID: "a%zz", Secret: "s%", Method: oauth.Basic}, false},
		{"both", []string{"a", "s"}, `{"client_id":"b","client_secret":"t"}`, oauth.Credentials{ID: "a", Secret: "s", Method: oauth.Basic}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodPost, "http://localhost", strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			if tt.user != nil {
				r.SetBasicAuth(tt.user[0], tt.user[1])
			}
			var form map[string]any
			if err := json.Unmarshal([]byte(tt.form), &form); err != nil {
				t.Fatal(err)
			}
			got, both := oauth.Client(r, form)
			if got != tt.want || both != tt.wantBoth {
				t.Errorf("got %+v, %t", got, both)
			}
		})
	}
}

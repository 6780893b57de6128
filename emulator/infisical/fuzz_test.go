package infisical_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/providertest"
)

// A login that is refused for its secret counts, and one that finds a secret
// expired or used up revokes it.
const keeps = infisical.OpLogin

func TestAdversary(t *testing.T) { providertest.Adversary(t, option) }

// TestFraming stands here for all providers.
func TestFraming(t *testing.T) { providertest.Framing(t, option) }

func FuzzBody(f *testing.F)   { providertest.FuzzBody(f, option, keeps) }
func FuzzTarget(f *testing.F) { providertest.FuzzTarget(f, option, keeps) }
func FuzzHeader(f *testing.F) { providertest.FuzzHeader(f, option, keeps) }

func FuzzToken(f *testing.F) {
	providertest.FuzzToken(f, option, func(p emulator.Provider, _ func(providertest.Request) []byte) []providertest.Token {
		credentials := p.(*infisical.Provider).Credentials()
		access := credentials["accessToken"]
		sign := func(text string) []byte { // by the seed of the suite
			h := hmac.New(sha256.New, []byte(entropy.New("script").Draw("infisical/auth-secret", 0).Hex(16)))
			h.Write([]byte(text))
			return h.Sum(nil)
		}
		return []providertest.Token{
			providertest.NewToken(access, sign, func(token string) providertest.Request {
				return providertest.Request{Method: "GET", Path: "/api/v1/identities/" + credentials["identityId"], Token: token}
			}),
			providertest.NewToken(access, sign, func(token string) providertest.Request {
				return providertest.Request{Method: "POST", Path: "/api/v1/auth/token/renew", JSON: map[string]string{"accessToken": token}}
			}),
		}
	})
}

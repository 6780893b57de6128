package ocs_test

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/ocs"
	"github.com/understudy-dev/understudy/internal/providertest"
)

func TestAdversary(t *testing.T) { providertest.Adversary(t, option) }

func FuzzBody(f *testing.F)   { providertest.FuzzBody(f, option) }
func FuzzTarget(f *testing.F) { providertest.FuzzTarget(f, option) }
func FuzzHeader(f *testing.F) { providertest.FuzzHeader(f, option) }

func FuzzToken(f *testing.F) {
	providertest.FuzzToken(f, option, func(p emulator.Provider, _ func(providertest.Request) []byte) []providertest.Token {
		credentials := p.(*ocs.Provider).Credentials()
		access := credentials["accessToken"]
		carry := func(path string) providertest.Token {
			return providertest.NewToken(access, providertest.RS256(f, access), func(token string) providertest.Request {
				return providertest.Request{Method: "GET", Path: path, Token: token}
			})
		}
		return []providertest.Token{carry("/identity/connect/userinfo"), carry("/api/v1/Tenants/" + credentials["tenantId"] + "/Roles")}
	})
}

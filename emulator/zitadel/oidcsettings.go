package zitadel

import (
	"time"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/admin"
	settingsv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/settings"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// oidcSettings say how long tokens of the instance live.
type oidcSettings struct {
	stamp
	lifetimes
}

type lifetimes struct{ AccessToken, IDToken, RefreshIdle, Refresh time.Duration }

// expiresIn is what a token's answer says of its lifetime, in seconds: the service
// counts after it has made the token.
func (l lifetimes) expiresIn() int { return max(0, int(l.AccessToken.Seconds())-1) }

// oidcSettings returns the instance's settings: the service's defaults, until they
// are changed.
func (p *Provider) oidcSettings(c *kernel.Call) oidcSettings {
	if s, ok := p.settingsOfOIDC.Get(c.Tx, ""); ok {
		return s
	}
	s := oidcSettings{lifetimes: lifetimes{tokenLifetime, tokenLifetime, refreshIdleLifetime, refreshLifetime}}
	s.touch(1, kernel.Epoch)
	return s
}

// getOIDCSettings returns how long tokens live.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.GetOIDCSettings
func (p *Provider) getOIDCSettings(c *kernel.Call, _ *admin.GetOIDCSettingsRequest) (*admin.GetOIDCSettingsResponse, error) {
	s := p.oidcSettings(c)
	return &admin.GetOIDCSettingsResponse{Settings: &settingsv1.OIDCSettings{
		Details: s.details(instanceID(c)), AccessTokenLifetime: durationpb.New(s.AccessToken), IdTokenLifetime: durationpb.New(s.IDToken),
		RefreshTokenIdleExpiration: durationpb.New(s.RefreshIdle), RefreshTokenExpiration: durationpb.New(s.Refresh),
	}}, nil
}

// updateOIDCSettings changes how long tokens live that are made from now on.
// https://zitadel.com/docs/reference/api/admin/zitadel.admin.v1.AdminService.UpdateOIDCSettings
func (p *Provider) updateOIDCSettings(c *kernel.Call, in *admin.UpdateOIDCSettingsRequest) (*admin.UpdateOIDCSettingsResponse, error) {
	s := p.oidcSettings(c)
	l := lifetimes{
		in.AccessTokenLifetime.AsDuration(), in.IdTokenLifetime.AsDuration(),
		in.RefreshTokenIdleExpiration.AsDuration(), in.RefreshTokenExpiration.AsDuration(),
	}
	switch {
	case min(l.AccessToken, l.IDToken, l.RefreshIdle, l.Refresh) <= 0:
		return nil, refuse(invalidArgument, "INST-10sxks", "Errors.Invalid.Argument").Because("every lifetime has to be more than nothing")
	case s.lifetimes == l:
		return nil, refuse(failedPrecondition, "COMMAND-0pk2nu", noChanges).Because("the settings are like that already")
	}
	s.lifetimes = l
	s.touch(s.Sequence+1, c.Now)
	p.settingsOfOIDC.Put(c.Tx, "", s)
	return &admin.UpdateOIDCSettingsResponse{Details: changed(c, s.Sequence, instanceID(c))}, nil
}

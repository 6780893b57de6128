package zitadel

import (
	"time"

	appv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// oidcConfig is what makes an application one of type OIDC, without its client
// id. In rows and world files it is the API's JSON.
type oidcConfig struct{ *appv1.OIDCConfig }

// MarshalJSON writes the configuration.
func (o oidcConfig) MarshalJSON() ([]byte, error) { return protojson.Marshal(o.OIDCConfig) }

// UnmarshalJSON reads a configuration.
func (o *oidcConfig) UnmarshalJSON(text []byte) error {
	o.OIDCConfig = &appv1.OIDCConfig{}
	return protojson.Unmarshal(text, o.OIDCConfig)
}

// newOIDCConfig is the configuration that a request asks for. What has a default
// gets it.
func newOIDCConfig(in proto.Message) *oidcConfig {
	o := translate(&appv1.OIDCConfig{}, in)
	if o.ClockSkew == nil {
		o.ClockSkew = durationpb.New(0)
	}
	if len(o.ResponseTypes) == 0 {
		o.ResponseTypes = []appv1.OIDCResponseType{appv1.OIDCResponseType_OIDC_RESPONSE_TYPE_CODE}
	}
	if len(o.GrantTypes) == 0 {
		o.GrantTypes = []appv1.OIDCGrantType{appv1.OIDCGrantType_OIDC_GRANT_TYPE_AUTHORIZATION_CODE}
	}
	return &oidcConfig{o}
}

// of is the configuration as it is shown, with the client id.
func (o oidcConfig) of(clientID string) *appv1.OIDCConfig {
	shown := proto.CloneOf(o.OIDCConfig)
	shown.ClientId = clientID
	return shown
}

// hasSecret reports whether an application of this configuration is created
// with a secret.
func (o oidcConfig) hasSecret() bool {
	return o.AuthMethodType == appv1.OIDCAuthMethodType_OIDC_AUTH_METHOD_TYPE_BASIC ||
		o.AuthMethodType == appv1.OIDCAuthMethodType_OIDC_AUTH_METHOD_TYPE_POST
}

// skewed refuses a clock skew out of bounds, which no document can say.
func skewed(message string, skew *durationpb.Duration) error {
	const maxSkew = 5 * time.Second
	if d := skew.AsDuration(); d < 0 || d > maxSkew {
		return refuse(invalidArgument, "", "invalid "+message+".ClockSkew: value must be inside range [0s, 5s]").Because("the clock skew is %s", d)
	}
	return nil
}

// addOIDCApp creates an OIDC application. Only one that authenticates with a
// secret gets one.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddOIDCApp
func (p *Provider) addOIDCApp(c *kernel.Call, in *management.AddOIDCAppRequest) (*management.AddOIDCAppResponse, error) {
	if err := skewed("AddOIDCAppRequest", in.ClockSkew); err != nil {
		return nil, err
	}
	a, v, secret, err := p.newApp(c, app{ProjectID: in.ProjectId, Name: in.Name, OIDC: newOIDCConfig(in)})
	return &management.AddOIDCAppResponse{AppId: a.ID, Details: created(c, v.Events, v.OrgID), ClientId: a.ClientID, ClientSecret: secret}, err
}

// configureOIDC replaces the configuration of an OIDC application.
func (p *Provider) configureOIDC(c *kernel.Call, projectID, appID string, config *oidcConfig) (project, error) {
	a, v, why := p.app(c, projectID, appID)
	switch {
	case why != "":
		return v, refuse(notFound, "COMMAND-2n8uU", appNotExisting).Because("%s", why)
	case a.OIDC == nil:
		return v, refuse(invalidArgument, "COMMAND-GBr34", "Application is not type OIDC").Because("application %s is of type API", a.ID)
	case proto.Equal(a.OIDC.OIDCConfig, config.OIDCConfig):
		return v, refuse(failedPrecondition, "COMMAND-1m88i", noChanges).Because("the application is configured like that already")
	}
	a.OIDC = config
	state := a.Client.now()
	state.AuthMethod = config.AuthMethodType
	a.Client = a.Client.with(c, state)
	return p.appChanged(c, v, a, 1), nil
}

// updateOIDCAppConfig changes an OIDC application. What is not sent is set to
// nothing.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateOIDCAppConfig
func (p *Provider) updateOIDCAppConfig(c *kernel.Call, in *management.UpdateOIDCAppConfigRequest) (*management.UpdateOIDCAppConfigResponse, error) {
	if err := skewed("UpdateOIDCAppConfigRequest", in.ClockSkew); err != nil {
		return nil, err
	}
	v, err := p.configureOIDC(c, in.ProjectId, in.AppId, newOIDCConfig(in))
	return &management.UpdateOIDCAppConfigResponse{Details: changed(c, v.Events, v.OrgID)}, err
}

// regenerateOIDCClientSecret replaces the secret of an OIDC application,
// whatever its state and the way it authenticates.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RegenerateOIDCClientSecret
func (p *Provider) regenerateOIDCClientSecret(c *kernel.Call, in *management.RegenerateOIDCClientSecretRequest) (*management.RegenerateOIDCClientSecretResponse, error) {
	a, v, why := p.app(c, in.ProjectId, in.AppId)
	switch {
	case why != "":
		return nil, refuse(notFound, "COMMAND-2g66f", appNotExisting).Because("%s", why)
	case a.OIDC == nil:
		return nil, refuse(invalidArgument, "COMMAND-Ghrh3", "Application is not type OIDC").Because("application %s is of type API", a.ID)
	}
	secret, v := p.regenerate(c, v, a)
	return &management.RegenerateOIDCClientSecretResponse{ClientSecret: secret, Details: changed(c, v.Events, v.OrgID)}, nil
}

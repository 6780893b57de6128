package zitadel

import (
	"reflect"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// oidcConfig is what makes an application one of type OIDC.
type oidcConfig struct {
	RedirectURIs             []string      `json:"redirectUris"`
	ResponseTypes            []string      `json:"responseTypes"`
	GrantTypes               []string      `json:"grantTypes"`
	AppType                  string        `json:"appType"`
	AuthMethodType           string        `json:"authMethodType"`
	PostLogoutRedirectURIs   []string      `json:"postLogoutRedirectUris"`
	DevMode                  bool          `json:"devMode"`
	AccessTokenType          string        `json:"accessTokenType"`
	AccessTokenRoleAssertion bool          `json:"accessTokenRoleAssertion"`
	IDTokenRoleAssertion     bool          `json:"idTokenRoleAssertion"`
	IDTokenUserinfoAssertion bool          `json:"idTokenUserinfoAssertion"`
	ClockSkew                string        `json:"clockSkew"`
	AdditionalOrigins        []string      `json:"additionalOrigins"`
	SkipNativeAppSuccessPage bool          `json:"skipNativeAppSuccessPage"`
	BackChannelLogoutURI     string        `json:"backChannelLogoutUri"`
	LoginVersion             *loginVersion `json:"loginVersion"`
}

// loginVersion says which login pages an application's users see.
type loginVersion struct {
	V1 *struct{} `json:"loginV1,omitempty"`
	V2 *struct {
		BaseURI *string `json:"baseUri,omitempty"`
	} `json:"loginV2,omitempty"`
}

// How an OIDC application authenticates; zero is basic, and not written.
const (
	oidcBasic = "OIDC_AUTH_METHOD_TYPE_BASIC"
	oidcPost  = "OIDC_AUTH_METHOD_TYPE_POST"
	oidcNone  = "OIDC_AUTH_METHOD_TYPE_NONE"
	oidcJWT   = "OIDC_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"
)

// normal is the configuration as it is kept, with one spelling of every zero, or
// a refusal by the validators. What has a default gets it.
func (o oidcConfig) normal(message string) (oidcConfig, error) {
	skew := time.Duration(0)
	if o.ClockSkew != "" {
		skew, _ = parseDuration(o.ClockSkew) // it has been read once
	}
	const maxSkew = 5 * time.Second
	if skew < 0 || skew > maxSkew {
		return o, refuse(invalidArgument, "", "invalid "+message+".ClockSkew: value must be inside range [0s, 5s]").
			Because("the clock skew is %s", skew)
	}
	o.ClockSkew = formatDuration(skew)
	o.AppType = nonZero(o.AppType, "OIDC_APP_TYPE_WEB")
	o.AuthMethodType = nonZero(o.AuthMethodType, oidcBasic)
	o.AccessTokenType = nonZero(o.AccessTokenType, "OIDC_TOKEN_TYPE_BEARER")
	if len(o.ResponseTypes) == 0 {
		o.ResponseTypes = []string{"OIDC_RESPONSE_TYPE_CODE"}
	}
	if len(o.GrantTypes) == 0 {
		o.GrantTypes = []string{"OIDC_GRANT_TYPE_AUTHORIZATION_CODE"}
	}
	for _, list := range []*[]string{&o.RedirectURIs, &o.PostLogoutRedirectURIs, &o.AdditionalOrigins} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return o, nil
}

// hasSecret reports whether an application of this configuration is created
// with a secret.
func (o oidcConfig) hasSecret() bool { return o.AuthMethodType == "" || o.AuthMethodType == oidcPost }

// oidcAuthMethod is how the application authenticates at the token endpoint, if
// it is of type OIDC.
func (a app) oidcAuthMethod() string {
	if a.OIDC == nil {
		return ""
	}
	return a.OIDC.AuthMethodType
}

type oidcBody struct {
	RedirectURIs             []string      `json:"redirectUris,omitempty"`
	ResponseTypes            []string      `json:"responseTypes,omitempty"`
	GrantTypes               []string      `json:"grantTypes,omitempty"`
	AppType                  string        `json:"appType,omitempty"`
	ClientID                 string        `json:"clientId"`
	AuthMethodType           string        `json:"authMethodType,omitempty"`
	PostLogoutRedirectURIs   []string      `json:"postLogoutRedirectUris,omitempty"`
	DevMode                  bool          `json:"devMode,omitempty"`
	AccessTokenType          string        `json:"accessTokenType,omitempty"`
	AccessTokenRoleAssertion bool          `json:"accessTokenRoleAssertion,omitempty"`
	IDTokenRoleAssertion     bool          `json:"idTokenRoleAssertion,omitempty"`
	IDTokenUserinfoAssertion bool          `json:"idTokenUserinfoAssertion,omitempty"`
	ClockSkew                string        `json:"clockSkew"`
	AdditionalOrigins        []string      `json:"additionalOrigins,omitempty"`
	SkipNativeAppSuccessPage bool          `json:"skipNativeAppSuccessPage,omitempty"`
	BackChannelLogoutURI     string        `json:"backChannelLogoutUri,omitempty"`
	LoginVersion             *loginVersion `json:"loginVersion,omitempty"`
}

func (o *oidcConfig) body(clientID string) *oidcBody {
	return &oidcBody{
		o.RedirectURIs, o.ResponseTypes, o.GrantTypes, o.AppType, clientID, o.AuthMethodType,
		o.PostLogoutRedirectURIs, o.DevMode, o.AccessTokenType,
		o.AccessTokenRoleAssertion, o.IDTokenRoleAssertion, o.IDTokenUserinfoAssertion, o.ClockSkew,
		o.AdditionalOrigins, o.SkipNativeAppSuccessPage, o.BackChannelLogoutURI, o.LoginVersion,
	}
}

type addOIDCAppRequest struct {
	ProjectID string `path:"projectId" json:"-"`
	AppID     string `json:"-"` // version 2 lets the client choose it
	Name      string `json:"name"`
	oidcConfig
}

// addOIDCApp creates an OIDC application. Only one that authenticates with a
// secret gets one.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddOIDCApp
func (p *Provider) addOIDCApp(c *kernel.Call, in addOIDCAppRequest) (addAppResponse, error) {
	config, err := in.normal("AddOIDCAppRequest")
	if err != nil {
		return addAppResponse{}, err
	}
	v, err := p.projectFor(c, in.ProjectID)
	if err != nil {
		return addAppResponse{}, err
	}
	a := app{ID: in.AppID, Name: in.Name, OIDC: &config}
	secret := ""
	if config.hasSecret() {
		secret = newSecret(c)
	}
	if v, err = p.addApp(c, v, &a, secret); err != nil {
		return addAppResponse{}, err
	}
	return addAppResponse{a.ID, created(c, v.Events, v.OrgID), a.ClientID, secret}, nil
}

type updateOIDCAppConfigRequest struct {
	ProjectID string `path:"projectId" json:"-"`
	AppID     string `path:"appId" json:"-"`
	oidcConfig
}

// updateOIDCAppConfig changes an OIDC application. What is not sent is set to
// nothing.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateOIDCAppConfig
func (p *Provider) updateOIDCAppConfig(c *kernel.Call, in updateOIDCAppConfigRequest) (detailsResponse, error) {
	config, err := in.normal("UpdateOIDCAppConfigRequest")
	if err != nil {
		return detailsResponse{}, err
	}
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	switch {
	case why != "":
		return detailsResponse{}, refuse(notFound, "COMMAND-2n8uU", appNotExisting).Because("%s", why)
	case a.OIDC == nil:
		return detailsResponse{}, refuse(invalidArgument, "COMMAND-GBr34", "Application is not type OIDC").Because("application %s is of type API", a.ID)
	case reflect.DeepEqual(*a.OIDC, config):
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-1m88i", noChanges).Because("the application is configured like that already")
	}
	a.OIDC = &config
	state := a.Client.now()
	state.AuthMethod = config.AuthMethodType
	a.Client = a.Client.with(c, state)
	v = p.appChanged(c, v, a, 1)
	return detailsResponse{changed(c, v.Events, v.OrgID)}, nil
}

// regenerateOIDCClientSecret replaces the secret of an OIDC application,
// whatever its state and the way it authenticates.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RegenerateOIDCClientSecret
func (p *Provider) regenerateOIDCClientSecret(c *kernel.Call, in appPath) (secretResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	switch {
	case why != "":
		return secretResponse{}, refuse(notFound, "COMMAND-2g66f", appNotExisting).Because("%s", why)
	case a.OIDC == nil:
		return secretResponse{}, refuse(invalidArgument, "COMMAND-Ghrh3", "Application is not type OIDC").Because("application %s is of type API", a.ID)
	}
	return p.regenerate(c, v, a), nil
}

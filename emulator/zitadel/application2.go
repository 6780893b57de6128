package zitadel

import (
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// Version 2 of the applications: other messages, the same rules.

// applicationRef names an application.
type applicationRef struct {
	ApplicationID string `json:"applicationId"`
	ProjectID     string `json:"projectId"`
}

func (in applicationRef) path() appPath { return appPath{in.ProjectID, in.ApplicationID} }

// oidcConfig2 is an OIDC application's configuration in version 2. What is nil
// was not sent.
type oidcConfig2 struct {
	RedirectURIs             []string      `json:"redirectUris,omitempty"`
	ResponseTypes            []string      `json:"responseTypes,omitempty"`
	GrantTypes               []string      `json:"grantTypes,omitempty"`
	ApplicationType          *string       `json:"applicationType"`
	AuthMethodType           *string       `json:"authMethodType"`
	PostLogoutRedirectURIs   []string      `json:"postLogoutRedirectUris,omitempty"`
	DevelopmentMode          *bool         `json:"developmentMode"`
	AccessTokenType          *string       `json:"accessTokenType"`
	AccessTokenRoleAssertion *bool         `json:"accessTokenRoleAssertion"`
	IDTokenRoleAssertion     *bool         `json:"idTokenRoleAssertion"`
	IDTokenUserinfoAssertion *bool         `json:"idTokenUserinfoAssertion"`
	ClockSkew                *string       `json:"clockSkew"`
	AdditionalOrigins        []string      `json:"additionalOrigins,omitempty"`
	SkipNativeAppSuccessPage *bool         `json:"skipNativeAppSuccessPage"`
	BackChannelLogoutURI     *string       `json:"backChannelLogoutUri"`
	LoginVersion             *loginVersion `json:"loginVersion"`
}

// over is a configuration after a change of what was sent.
func (in oidcConfig2) over(o oidcConfig) oidcConfig {
	for _, list := range []struct {
		field *[]string
		sent  []string
	}{
		{&o.RedirectURIs, in.RedirectURIs}, {&o.ResponseTypes, in.ResponseTypes}, {&o.GrantTypes, in.GrantTypes},
		{&o.PostLogoutRedirectURIs, in.PostLogoutRedirectURIs}, {&o.AdditionalOrigins, in.AdditionalOrigins},
	} {
		if len(list.sent) > 0 {
			*list.field = list.sent
		}
	}
	set(&o.AppType, in.ApplicationType)
	set(&o.AuthMethodType, in.AuthMethodType)
	set(&o.DevMode, in.DevelopmentMode)
	set(&o.AccessTokenType, in.AccessTokenType)
	set(&o.AccessTokenRoleAssertion, in.AccessTokenRoleAssertion)
	set(&o.IDTokenRoleAssertion, in.IDTokenRoleAssertion)
	set(&o.IDTokenUserinfoAssertion, in.IDTokenUserinfoAssertion)
	set(&o.ClockSkew, in.ClockSkew)
	set(&o.SkipNativeAppSuccessPage, in.SkipNativeAppSuccessPage)
	set(&o.BackChannelLogoutURI, in.BackChannelLogoutURI)
	if in.LoginVersion != nil {
		o.LoginVersion = in.LoginVersion
	}
	return o
}

// set changes a field if there is a value for it.
func set[T any](field, sent *T) {
	if sent != nil {
		*field = *sent
	}
}

type createApplicationRequest struct {
	applicationRef
	Name string       `json:"name"`
	OIDC *oidcConfig2 `json:"oidcConfiguration"`
	SAML *struct{}    `json:"samlConfiguration"`
	API  *struct {
		AuthMethodType string `json:"authMethodType"`
	} `json:"apiConfiguration"`
}

// clientResponse is a new application's client id and secret.
type clientResponse struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret,omitempty"`
}

type createApplicationResponse struct {
	ApplicationID string `json:"applicationId"`
	creationResponse
	OIDC *clientResponse `json:"oidcConfiguration,omitempty"`
	API  *clientResponse `json:"apiConfiguration,omitempty"`
}

// createApplication creates an application of the type whose configuration is
// sent.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.CreateApplication
func (p *Provider) createApplication(c *kernel.Call, in createApplicationRequest) (createApplicationResponse, error) {
	var out createApplicationResponse
	if err := p.inProject(c, in.ProjectID, "project.app.write"); err != nil {
		return out, err
	}
	var made addAppResponse
	var err error
	switch {
	case in.API != nil:
		made, err = p.addAPIApp(c, addAPIAppRequest{in.ProjectID, in.ApplicationID, in.Name, in.API.AuthMethodType})
		out.API = &clientResponse{made.ClientID, made.ClientSecret}
	case in.OIDC != nil:
		made, err = p.addOIDCApp(c, addOIDCAppRequest{in.ProjectID, in.ApplicationID, in.Name, in.OIDC.over(oidcConfig{})})
		out.OIDC = &clientResponse{made.ClientID, made.ClientSecret}
	case in.SAML != nil:
		return out, notEmulated("SAML applications have no credentials")
	default:
		return out, refuse(invalidArgument, "", unknownAppType).Because("there is no configuration that would say of which type the application is")
	}
	out.ApplicationID, out.CreationDate = made.AppID, timestamp(c.Now)
	return out, err
}

type updateApplicationRequest struct {
	applicationRef
	Name string       `json:"name"`
	OIDC *oidcConfig2 `json:"oidcConfiguration"`
	SAML *struct{}    `json:"samlConfiguration"`
	API  *struct {
		AuthMethodType string `json:"authMethodType"`
	} `json:"apiConfiguration"`
}

// updateApplication changes what is sent of an application.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.UpdateApplication
func (p *Provider) updateApplication(c *kernel.Call, in updateApplicationRequest) (changeResponse, error) {
	if err := p.inProject(c, in.ProjectID, "project.app.write"); err != nil {
		return changeResponse{}, err
	}
	a, _, why := p.app(c, in.ProjectID, in.ApplicationID)
	switch {
	case why != "":
		return changeResponse{}, refuse(notFound, "COMMAND-28di9", appNotExisting).Because("%s", why)
	case in.SAML != nil:
		return changeResponse{}, notEmulated("SAML applications have no credentials")
	case in.Name == "" && in.API == nil && in.OIDC == nil:
		return changeResponse{timestamp(a.Changed)}, nil
	}
	if in.Name != "" {
		if _, err := p.updateApp(c, updateAppRequest{in.ProjectID, in.ApplicationID, in.Name}); err != nil {
			return changeResponse{}, err
		}
	}
	var err error
	switch {
	case in.API != nil:
		_, err = p.updateAPIAppConfig(c, updateAPIAppConfigRequest{in.ProjectID, in.ApplicationID, in.API.AuthMethodType})
	case in.OIDC != nil:
		var present oidcConfig
		if a.OIDC != nil {
			present = *a.OIDC
		}
		_, err = p.updateOIDCAppConfig(c, updateOIDCAppConfigRequest{in.ProjectID, in.ApplicationID, in.OIDC.over(present)})
	}
	return changedNow(c, err)
}

// application is an application as version 2 shows it.
type application struct {
	ApplicationID string         `json:"applicationId"`
	CreationDate  timestamp      `json:"creationDate"`
	ChangeDate    timestamp      `json:"changeDate"`
	State         string         `json:"state"`
	Name          string         `json:"name"`
	OIDC          *oidcResponse2 `json:"oidcConfiguration,omitempty"`
	API           *apiConfig     `json:"apiConfiguration,omitempty"`
	ProjectID     string         `json:"projectId"`
}

type oidcResponse2 struct {
	RedirectURIs             []string      `json:"redirectUris,omitempty"`
	ResponseTypes            []string      `json:"responseTypes,omitempty"`
	GrantTypes               []string      `json:"grantTypes,omitempty"`
	ApplicationType          string        `json:"applicationType,omitempty"`
	ClientID                 string        `json:"clientId"`
	AuthMethodType           string        `json:"authMethodType,omitempty"`
	PostLogoutRedirectURIs   []string      `json:"postLogoutRedirectUris,omitempty"`
	DevelopmentMode          bool          `json:"developmentMode,omitempty"`
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

func (a app) state2() string {
	if a.Inactive {
		return "APPLICATION_STATE_INACTIVE"
	}
	return "APPLICATION_STATE_ACTIVE"
}

func (a app) body2() application {
	out := application{
		ApplicationID: a.ID, CreationDate: timestamp(a.Created), ChangeDate: timestamp(a.Changed),
		State: a.state2(), Name: a.Name, ProjectID: a.ProjectID,
	}
	if o := a.OIDC; o != nil {
		out.OIDC = &oidcResponse2{
			o.RedirectURIs, o.ResponseTypes, o.GrantTypes, o.AppType, a.ClientID, o.AuthMethodType,
			o.PostLogoutRedirectURIs, o.DevMode, o.AccessTokenType,
			o.AccessTokenRoleAssertion, o.IDTokenRoleAssertion, o.IDTokenUserinfoAssertion, o.ClockSkew,
			o.AdditionalOrigins, o.SkipNativeAppSuccessPage, o.BackChannelLogoutURI, o.LoginVersion,
		}
	} else {
		out.API = &apiConfig{a.ClientID, a.AuthMethod}
	}
	return out
}

type getApplicationRequest struct {
	ApplicationID string `json:"applicationId"`
}

type getApplicationResponse struct {
	Application application `json:"application"`
}

// getApplication returns one application, whatever its project.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.GetApplication
func (p *Provider) getApplication(c *kernel.Call, in getApplicationRequest) (getApplicationResponse, error) {
	a, ok := p.apps.Get(c.Tx, in.ApplicationID)
	if !ok || a.Removed {
		return getApplicationResponse{}, refuse(notFound, "QUERY-pCP8P", "Errors.App.NotExisting").Because("there is no application %s", in.ApplicationID)
	}
	return getApplicationResponse{a.body2()}, p.inProject(c, a.ProjectID, "project.app.read")
}

// deleteApplication removes an application with its keys.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.DeleteApplication
func (p *Provider) deleteApplication(c *kernel.Call, in applicationRef) (deletionResponse, error) {
	err := p.inProject(c, in.ProjectID, "project.app.delete")
	if err == nil {
		_, err = p.removeApp(c, in.path())
	}
	return deletedNow(c, err)
}

type deactivationResponse struct {
	DeactivationDate timestamp `json:"deactivationDate"`
}

// deactivateApplication makes an application inactive.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.DeactivateApplication
func (p *Provider) deactivateApplication(c *kernel.Call, in applicationRef) (deactivationResponse, error) {
	err := p.inProject(c, in.ProjectID, "project.app.write")
	if err == nil {
		_, err = p.deactivateApp(c, in.path())
	}
	return deactivationResponse{timestamp(c.Now)}, err
}

type reactivationResponse struct {
	ReactivationDate timestamp `json:"reactivationDate"`
}

// reactivateApplication makes an inactive application active.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.ReactivateApplication
func (p *Provider) reactivateApplication(c *kernel.Call, in applicationRef) (reactivationResponse, error) {
	err := p.inProject(c, in.ProjectID, "project.app.write")
	if err == nil {
		_, err = p.reactivateApp(c, in.path())
	}
	return reactivationResponse{timestamp(c.Now)}, err
}

type clientSecretResponse struct {
	ClientSecret string `json:"clientSecret"`
	creationResponse
}

// generateClientSecret replaces the secret of an application of any type.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.GenerateClientSecret
func (p *Provider) generateClientSecret(c *kernel.Call, in applicationRef) (clientSecretResponse, error) {
	if err := p.inProject(c, in.ProjectID, "project.app.write"); err != nil {
		return clientSecretResponse{}, err
	}
	a, v, why := p.app(c, in.ProjectID, in.ApplicationID)
	if why != "" {
		return clientSecretResponse{}, refuse(notFound, "COMMAND-Kd92s", appNotExisting).Because("%s", why)
	}
	return clientSecretResponse{p.regenerate(c, v, a).ClientSecret, creationResponse{timestamp(c.Now)}}, nil
}

// applicationFilter is one condition of a search; one for what no application
// here has never holds.
type applicationFilter struct {
	Project *struct {
		ProjectID string `json:"projectId"`
	} `json:"projectIdFilter"`
	Name   *nameQuery `json:"nameFilter"`
	State  string     `json:"stateFilter"`
	Type   string     `json:"typeFilter"`
	Client *struct {
		ClientID string `json:"clientId"`
	} `json:"clientIdFilter"`
	Entity *struct{} `json:"entityIdFilter"`
}

func (f applicationFilter) holds(a app) bool {
	kind := "APPLICATION_TYPE_API"
	if a.OIDC != nil {
		kind = "APPLICATION_TYPE_OIDC"
	}
	switch {
	case f.Project != nil:
		return a.ProjectID == f.Project.ProjectID
	case f.Name != nil:
		return matches2(a.Name, f.Name.Name, f.Name.Method)
	case f.State != "":
		return a.state2() == f.State
	case f.Type != "":
		return kind == f.Type
	case f.Client != nil:
		return a.ClientID == f.Client.ClientID
	}
	return f.Entity == nil
}

type listApplicationsRequest struct {
	Pagination listQuery           `json:"pagination"`
	Filters    []applicationFilter `json:"filters"`
}

type listApplicationsResponse struct {
	Applications []application `json:"applications,omitempty"`
	Pagination   listed        `json:"pagination"`
}

// listApplications searches the applications that the caller may read.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.ListApplications
func (p *Provider) listApplications(c *kernel.Call, in listApplicationsRequest) (listApplicationsResponse, error) {
	page, err := newPage[application](in.Pagination)
	if err != nil {
		return listApplicationsResponse{}, err
	}
next:
	for _, a := range p.apps.All(c.Tx) {
		v, _ := p.projects.Get(c.Tx, a.ProjectID)
		if a.Removed || !p.may(c, v.OrgID, v.ID, "project.app.read") {
			continue
		}
		for _, f := range in.Filters {
			if !f.holds(a) {
				continue next
			}
		}
		page.add(a.body2())
	}
	return listApplicationsResponse{page.rows, page.listed()}, nil
}

type createApplicationKeyRequest struct {
	applicationRef
	ExpirationDate *time.Time `json:"expirationDate"`
}

type createApplicationKeyResponse struct {
	KeyID string `json:"keyId"`
	creationResponse
	KeyDetails []byte `json:"keyDetails"`
}

// createApplicationKey creates a key for an application, and shows it for the
// only time.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.CreateApplicationKey
func (p *Provider) createApplicationKey(c *kernel.Call, in createApplicationKeyRequest) (createApplicationKeyResponse, error) {
	if err := p.inProject(c, in.ProjectID, "project.app.write"); err != nil {
		return createApplicationKeyResponse{}, err
	}
	made, err := p.addAppKey(c, addAppKeyRequest{in.ProjectID, in.ApplicationID, in.ExpirationDate})
	return createApplicationKeyResponse{made.ID, creationResponse{timestamp(c.Now)}, made.KeyDetails}, err
}

type deleteApplicationKeyRequest struct {
	applicationRef
	KeyID string `json:"keyId"`
}

// deleteApplicationKey takes a key away from an application.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.DeleteApplicationKey
func (p *Provider) deleteApplicationKey(c *kernel.Call, in deleteApplicationKeyRequest) (deletionResponse, error) {
	err := p.inProject(c, in.ProjectID, "project.app.write")
	if err == nil {
		_, err = p.removeAppKey(c, appKeyPath{in.ProjectID, in.ApplicationID, in.KeyID})
	}
	return deletedNow(c, err)
}

type getApplicationKeyRequest struct {
	KeyID string `json:"keyId"`
}

type getApplicationKeyResponse struct {
	KeyID          string    `json:"keyId"`
	CreationDate   timestamp `json:"creationDate"`
	ExpirationDate timestamp `json:"expirationDate"`
}

// getApplicationKey returns one key, without the key itself.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.GetApplicationKey
func (p *Provider) getApplicationKey(c *kernel.Call, in getApplicationKeyRequest) (getApplicationKeyResponse, error) {
	k, _ := p.keys.Get(c.Tx, in.KeyID)
	a, ok := p.apps.Get(c.Tx, k.OwnerID)
	if !ok || k.Removed {
		return getApplicationKeyResponse{}, noKey("no application", in.KeyID)
	}
	return getApplicationKeyResponse{k.ID, timestamp(k.Created), timestamp(k.ExpiresAt)}, p.inProject(c, a.ProjectID, "project.app.read")
}

type applicationKey struct {
	KeyID          string    `json:"keyId"`
	ApplicationID  string    `json:"applicationId"`
	ProjectID      string    `json:"projectId"`
	CreationDate   timestamp `json:"creationDate"`
	OrganizationID string    `json:"organizationId"`
	ExpirationDate timestamp `json:"expirationDate"`
}

type listApplicationKeysRequest struct {
	Pagination listQuery `json:"pagination"`
	Filters    []struct {
		Application *struct {
			ApplicationID string `json:"applicationId"`
		} `json:"applicationIdFilter"`
		Project *struct {
			ProjectID string `json:"projectId"`
		} `json:"projectIdFilter"`
		Organization *struct {
			OrganizationID string `json:"organizationId"`
		} `json:"organizationIdFilter"`
	} `json:"filters"`
}

type listApplicationKeysResponse struct {
	Keys       []applicationKey `json:"keys,omitempty"`
	Pagination listed           `json:"pagination"`
}

// listApplicationKeys searches the keys of the applications that the caller may
// read.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.ListApplicationKeys
func (p *Provider) listApplicationKeys(c *kernel.Call, in listApplicationKeysRequest) (listApplicationKeysResponse, error) {
	page, err := newPage[applicationKey](in.Pagination)
	if err != nil {
		return listApplicationKeysResponse{}, err
	}
next:
	for _, k := range p.keys.All(c.Tx) {
		a, ok := p.apps.Get(c.Tx, k.OwnerID)
		v, _ := p.projects.Get(c.Tx, a.ProjectID)
		if !ok || k.Removed || !p.may(c, v.OrgID, v.ID, "project.app.read") {
			continue
		}
		for _, f := range in.Filters {
			if f.Application != nil && f.Application.ApplicationID != a.ID ||
				f.Project != nil && f.Project.ProjectID != v.ID ||
				f.Organization != nil && f.Organization.OrganizationID != v.OrgID {
				continue next
			}
		}
		page.add(applicationKey{k.ID, a.ID, v.ID, timestamp(k.Created), v.OrgID, timestamp(k.ExpiresAt)})
	}
	return listApplicationKeysResponse{page.rows, page.listed()}, nil
}

package zitadel

import (
	appv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	appv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/application/v2"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// Version 2 of the applications: other messages, the same rules.

// createApplication creates an application of the type whose configuration is
// sent.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.CreateApplication
func (p *Provider) createApplication(c *kernel.Call, in *appv2.CreateApplicationRequest) (*appv2.CreateApplicationResponse, error) {
	a := app{ID: in.ApplicationId, ProjectID: in.ProjectId, Name: in.Name}
	switch {
	case in.GetApiConfiguration() != nil:
		a.AuthMethod = appv1.APIAuthMethodType(in.GetApiConfiguration().AuthMethodType)
	case in.GetOidcConfiguration() != nil:
		a.OIDC = newOIDCConfig(in.GetOidcConfiguration())
	case in.GetSamlConfiguration() != nil:
		return nil, notEmulated("SAML applications have no credentials")
	default:
		return nil, refuse(invalidArgument, "", unknownAppType).Because("there is no configuration that would say of which type the application is")
	}
	a, _, secret, err := p.newApp(c, a)
	out := &appv2.CreateApplicationResponse{ApplicationId: a.ID, CreationDate: moment(c.Now)}
	if a.OIDC != nil {
		out.ApplicationType = &appv2.CreateApplicationResponse_OidcConfiguration{
			OidcConfiguration: &appv2.CreateOIDCApplicationResponse{ClientId: a.ClientID, ClientSecret: secret},
		}
	} else {
		out.ApplicationType = &appv2.CreateApplicationResponse_ApiConfiguration{
			ApiConfiguration: &appv2.CreateAPIApplicationResponse{ClientId: a.ClientID, ClientSecret: secret},
		}
	}
	return out, err
}

// updateApplication changes what is sent of an application.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.UpdateApplication
func (p *Provider) updateApplication(c *kernel.Call, in *appv2.UpdateApplicationRequest) (*appv2.UpdateApplicationResponse, error) {
	a, _, why := p.app(c, in.ProjectId, in.ApplicationId)
	api, oidc := in.GetApiConfiguration(), in.GetOidcConfiguration()
	switch {
	case why != "":
		return nil, refuse(notFound, "COMMAND-28di9", appNotExisting).Because("%s", why)
	case in.GetSamlConfiguration() != nil:
		return nil, notEmulated("SAML applications have no credentials")
	case in.Name == "" && api == nil && oidc == nil:
		return &appv2.UpdateApplicationResponse{ChangeDate: moment(a.Changed)}, nil
	}
	var err error
	if in.Name != "" {
		_, err = p.updateApp(c, &management.UpdateAppRequest{ProjectId: in.ProjectId, AppId: in.ApplicationId, Name: in.Name})
	}
	switch {
	case err != nil:
	case api != nil:
		_, err = p.updateAPIAppConfig(c, &management.UpdateAPIAppConfigRequest{
			ProjectId: in.ProjectId, AppId: in.ApplicationId, AuthMethodType: appv1.APIAuthMethodType(api.AuthMethodType),
		})
	case oidc != nil:
		config := &appv1.OIDCConfig{}
		if a.OIDC != nil {
			config = proto.CloneOf(a.OIDC.OIDCConfig)
		}
		_, err = p.configureOIDC(c, in.ProjectId, in.ApplicationId, newOIDCConfig(translate(config, oidc)))
	}
	return &appv2.UpdateApplicationResponse{ChangeDate: moment(c.Now)}, err
}

func (a app) messageV2() *appv2.Application {
	m := &appv2.Application{
		ApplicationId: a.ID, CreationDate: moment(a.Created), ChangeDate: moment(a.Changed),
		State: appv2.ApplicationState(a.state()), Name: a.Name, ProjectId: a.ProjectID,
	}
	if a.OIDC != nil {
		m.Configuration = &appv2.Application_OidcConfiguration{OidcConfiguration: translate(&appv2.OIDCConfiguration{}, a.OIDC.of(a.ClientID))}
	} else {
		m.Configuration = &appv2.Application_ApiConfiguration{ApiConfiguration: &appv2.APIConfiguration{
			ClientId: a.ClientID, AuthMethodType: appv2.APIAuthMethodType(a.AuthMethod),
		}}
	}
	return m
}

// getApplication returns one application, whatever its project.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.GetApplication
func (p *Provider) getApplication(c *kernel.Call, in *appv2.GetApplicationRequest) (*appv2.GetApplicationResponse, error) {
	a, ok := p.apps.Get(c.Tx, in.ApplicationId)
	if !ok || a.Removed {
		return nil, refuse(notFound, "QUERY-pCP8P", "Errors.App.NotExisting").Because("there is no application %s", in.ApplicationId)
	}
	return &appv2.GetApplicationResponse{Application: a.messageV2()}, p.inProject(c, a.ProjectID, "project.app.read")
}

// deleteApplication removes an application with its keys.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.DeleteApplication
func (p *Provider) deleteApplication(c *kernel.Call, in *appv2.DeleteApplicationRequest) (*appv2.DeleteApplicationResponse, error) {
	_, err := p.deleteApp(c, in.ProjectId, in.ApplicationId)
	return &appv2.DeleteApplicationResponse{DeletionDate: moment(c.Now)}, err
}

// deactivateApplication makes an application inactive.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.DeactivateApplication
func (p *Provider) deactivateApplication(c *kernel.Call, in *appv2.DeactivateApplicationRequest) (*appv2.DeactivateApplicationResponse, error) {
	_, err := p.setAppActive(c, in.ProjectId, in.ApplicationId, false)
	return &appv2.DeactivateApplicationResponse{DeactivationDate: moment(c.Now)}, err
}

// reactivateApplication makes an inactive application active.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.ReactivateApplication
func (p *Provider) reactivateApplication(c *kernel.Call, in *appv2.ReactivateApplicationRequest) (*appv2.ReactivateApplicationResponse, error) {
	_, err := p.setAppActive(c, in.ProjectId, in.ApplicationId, true)
	return &appv2.ReactivateApplicationResponse{ReactivationDate: moment(c.Now)}, err
}

// generateClientSecret replaces the secret of an application of any type.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.GenerateClientSecret
func (p *Provider) generateClientSecret(c *kernel.Call, in *appv2.GenerateClientSecretRequest) (*appv2.GenerateClientSecretResponse, error) {
	a, v, why := p.app(c, in.ProjectId, in.ApplicationId)
	if why != "" {
		return nil, refuse(notFound, "COMMAND-Kd92s", appNotExisting).Because("%s", why)
	}
	secret, _ := p.regenerate(c, v, a)
	return &appv2.GenerateClientSecretResponse{ClientSecret: secret, CreationDate: moment(c.Now)}, nil
}

// meets reports whether a condition of a search holds; one on what no application
// here has never does.
func (a app) meets(f *appv2.ApplicationSearchFilter) bool {
	kind := appv2.ApplicationType_APPLICATION_TYPE_API
	if a.OIDC != nil {
		kind = appv2.ApplicationType_APPLICATION_TYPE_OIDC
	}
	switch f := f.Filter.(type) {
	case *appv2.ApplicationSearchFilter_ProjectIdFilter:
		return a.ProjectID == f.ProjectIdFilter.ProjectId
	case *appv2.ApplicationSearchFilter_NameFilter:
		return matches(a.Name, f.NameFilter.Name, f.NameFilter.Method)
	case *appv2.ApplicationSearchFilter_StateFilter:
		return f.StateFilter == 0 || int32(a.state()) == int32(f.StateFilter)
	case *appv2.ApplicationSearchFilter_TypeFilter:
		return kind == f.TypeFilter
	case *appv2.ApplicationSearchFilter_ClientIdFilter:
		return a.ClientID == f.ClientIdFilter.ClientId
	}
	return f.Filter == nil
}

// listApplications searches the applications that the caller may read.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.ListApplications
func (p *Provider) listApplications(c *kernel.Call, in *appv2.ListApplicationsRequest) (*appv2.ListApplicationsResponse, error) {
	page := newPage[*appv2.Application](in.Pagination)
	for _, a := range p.apps.All(c.Tx) {
		v, _ := p.projects.Get(c.Tx, a.ProjectID)
		if !a.Removed && p.may(c, v.OrgID, v.ID, "project.app.read") && all(in.Filters, a, app.meets) {
			page.add(a.messageV2())
		}
	}
	return &appv2.ListApplicationsResponse{Applications: page.rows, Pagination: page.pagination()}, page.err
}

// createApplicationKey creates a key for an application, and shows it for the
// only time.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.CreateApplicationKey
func (p *Provider) createApplicationKey(c *kernel.Call, in *appv2.CreateApplicationKeyRequest) (*appv2.CreateApplicationKeyResponse, error) {
	k, _, file, err := p.newAppKey(c, in.ProjectId, in.ApplicationId, in.ExpirationDate)
	return &appv2.CreateApplicationKeyResponse{KeyId: k.ID, CreationDate: moment(c.Now), KeyDetails: file}, err
}

// deleteApplicationKey takes a key away from an application.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.DeleteApplicationKey
func (p *Provider) deleteApplicationKey(c *kernel.Call, in *appv2.DeleteApplicationKeyRequest) (*appv2.DeleteApplicationKeyResponse, error) {
	_, err := p.removeAppKey(c, &management.RemoveAppKeyRequest{ProjectId: in.ProjectId, AppId: in.ApplicationId, KeyId: in.KeyId})
	return &appv2.DeleteApplicationKeyResponse{DeletionDate: moment(c.Now)}, err
}

// getApplicationKey returns one key, without the key itself.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.GetApplicationKey
func (p *Provider) getApplicationKey(c *kernel.Call, in *appv2.GetApplicationKeyRequest) (*appv2.GetApplicationKeyResponse, error) {
	k, _ := p.keys.Get(c.Tx, in.KeyId)
	a, ok := p.apps.Get(c.Tx, k.OwnerID)
	if !ok || k.Removed {
		return nil, noKey("no application", in.KeyId)
	}
	return &appv2.GetApplicationKeyResponse{
		KeyId: k.ID, CreationDate: moment(k.Created), ExpirationDate: moment(k.ExpiresAt),
	}, p.inProject(c, a.ProjectID, "project.app.read")
}

// listApplicationKeys searches the keys of the applications that the caller may
// read.
// https://zitadel.com/docs/reference/api/application/zitadel.application.v2.ApplicationService.ListApplicationKeys
func (p *Provider) listApplicationKeys(c *kernel.Call, in *appv2.ListApplicationKeysRequest) (*appv2.ListApplicationKeysResponse, error) {
	page := newPage[*appv2.ApplicationKey](in.Pagination)
	holds := func(k *appv2.ApplicationKey, f *appv2.ApplicationKeySearchFilter) bool {
		switch f := f.Filter.(type) {
		case *appv2.ApplicationKeySearchFilter_ApplicationIdFilter:
			return f.ApplicationIdFilter.ApplicationId == k.ApplicationId
		case *appv2.ApplicationKeySearchFilter_ProjectIdFilter:
			return f.ProjectIdFilter.ProjectId == k.ProjectId
		case *appv2.ApplicationKeySearchFilter_OrganizationIdFilter:
			return f.OrganizationIdFilter.OrganizationId == k.OrganizationId
		}
		return true
	}
	for _, k := range p.keys.All(c.Tx) {
		a, ok := p.apps.Get(c.Tx, k.OwnerID)
		v, _ := p.projects.Get(c.Tx, a.ProjectID)
		m := &appv2.ApplicationKey{
			KeyId: k.ID, ApplicationId: a.ID, ProjectId: v.ID, CreationDate: moment(k.Created), OrganizationId: v.OrgID,
			ExpirationDate: moment(k.ExpiresAt),
		}
		if ok && !k.Removed && p.may(c, v.OrgID, v.ID, "project.app.read") && all(in.Filters, m, holds) {
			page.add(m)
		}
	}
	return &appv2.ListApplicationKeysResponse{Keys: page.rows, Pagination: page.pagination()}, page.err
}

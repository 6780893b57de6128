package zitadel

import (
	"cmp"
	"iter"

	appv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// app is an application of a project: of type API, or of type OIDC when OIDC is
// set. The secret itself is not kept.
type app struct {
	stamp
	ID, ProjectID     string
	Name              string
	ClientID          string
	AuthMethod        appv1.APIAuthMethodType // of type API
	OIDC              *oidcConfig
	Inactive, Removed bool
	Client            views[client]
}

// client is an application as the OAuth endpoints see it.
type client struct {
	Active     bool
	Digest     string                   // of the secret; empty: it has none
	AuthMethod appv1.OIDCAuthMethodType // of type OIDC
}

// uniqueName is what no other application of the project may have.
func (a app) uniqueName() string { return present(a.Removed, a.ProjectID+"/"+fold(a.Name)) }

// secretLength is how many letters and digits a client secret has.
const secretLength = 64

// newSecret draws a client secret, for applications and machine users alike.
func newSecret(c *kernel.Call) string { return c.Draw("client-secret").Alphanumeric(secretLength) }

// rows gathers the rows of an index, to change the table while going over them.
func rows[V any](all iter.Seq2[string, V]) []V {
	var list []V
	for _, v := range all {
		list = append(list, v)
	}
	return list
}

func (a app) state() appv1.AppState {
	if a.Inactive {
		return appv1.AppState_APP_STATE_INACTIVE
	}
	return appv1.AppState_APP_STATE_ACTIVE
}

func (a app) message(orgID string) *appv1.App {
	m := &appv1.App{Id: a.ID, Details: a.details(orgID), State: a.state(), Name: a.Name}
	if a.OIDC != nil {
		m.Config = &appv1.App_OidcConfig{OidcConfig: a.OIDC.of(a.ClientID)}
	} else {
		m.Config = &appv1.App_ApiConfig{ApiConfig: &appv1.APIConfig{ClientId: a.ClientID, AuthMethodType: a.AuthMethod}}
	}
	return m
}

// app returns an application of a project of the organization that the call
// works in, with its project, or says why there is none. A removed project has
// none, and an inactive one has its own.
func (p *Provider) app(c *kernel.Call, projectID, appID string) (app, project, string) {
	v, why := p.project(c, projectID)
	if why != "" {
		return app{}, v, why
	}
	switch a, ok := p.apps.Get(c.Tx, appID); {
	case !ok || a.Removed:
		return a, v, "there is no application " + appID
	case a.ProjectID != projectID:
		return a, v, "application " + appID + " belongs to project " + a.ProjectID
	default:
		return a, v, ""
	}
}

// appChanged stores an application after n events.
func (p *Provider) appChanged(c *kernel.Call, v project, a app, n uint64) project {
	p.push(c, &v, n)
	a.touch(v.Events, c.Now)
	p.apps.Put(c.Tx, a.ID, a)
	return v
}

// newApp stores a new application, which two events make: of the application and
// of its configuration. It gets a secret only if it authenticates with one.
func (p *Provider) newApp(c *kernel.Call, a app) (_ app, v project, secret string, err error) {
	v, why := p.project(c, a.ProjectID)
	if why != "" {
		// Not a 404: to the service it is a condition that does not hold.
		return a, v, "", refuse(failedPrecondition, "COMMAND-EbFMN", projectNotFound).Because("%s", why)
	}
	state := client{Active: true}
	hasSecret := a.AuthMethod == appv1.APIAuthMethodType_API_AUTH_METHOD_TYPE_BASIC
	if a.OIDC != nil {
		state.AuthMethod = a.OIDC.AuthMethodType
		hasSecret = a.OIDC.hasSecret()
	}
	if hasSecret {
		secret = newSecret(c)
		state.Digest = kit.Digest(secret)
	}
	if _, taken := p.byAppName.Get(c.Tx, a.uniqueName()); taken {
		return a, v, "", nameTaken("Application already exists").Because("the project has an application %q", a.Name)
	}
	if _, taken := p.apps.Get(c.Tx, a.ID); taken {
		return a, v, "", nameTaken("Application already exists").Because("there is an application %s", a.ID)
	}
	a.ID, a.ClientID = cmp.Or(a.ID, p.nextID(c)), p.nextID(c)
	a.Client = a.Client.with(c, state)
	return a, p.appChanged(c, v, a, 2), secret, nil
}

// addAPIApp creates an API application. Only one that authenticates with a
// secret gets one.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddAPIApp
func (p *Provider) addAPIApp(c *kernel.Call, in *management.AddAPIAppRequest) (*management.AddAPIAppResponse, error) {
	a, v, secret, err := p.newApp(c, app{ProjectID: in.ProjectId, Name: in.Name, AuthMethod: in.AuthMethodType})
	return &management.AddAPIAppResponse{AppId: a.ID, Details: created(c, v.Events, v.OrgID), ClientId: a.ClientID, ClientSecret: secret}, err
}

// listApps searches the applications of a project. One that does not exist has
// none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListApps
func (p *Provider) listApps(c *kernel.Call, in *management.ListAppsRequest) (*management.ListAppsResponse, error) {
	page := newPage[*appv1.App](in.Query)
	holds := func(a app, q *appv1.AppQuery) bool {
		name := q.GetNameQuery()
		return name == nil || matches(a.Name, name.Name, name.Method)
	}
	if v, why := p.project(c, in.ProjectId); why == "" {
		page.processed(v.Events)
		for _, a := range p.appsOf.All(c.Tx, v.ID) {
			if all(in.Queries, a, holds) {
				page.add(a.message(v.OrgID))
			}
		}
	}
	return &management.ListAppsResponse{Details: page.details(c), Result: page.rows}, page.err
}

// getApp returns one application, active or not.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetAppByID
func (p *Provider) getApp(c *kernel.Call, in *management.GetAppByIDRequest) (*management.GetAppByIDResponse, error) {
	a, v, why := p.app(c, in.ProjectId, in.AppId)
	if why != "" {
		return nil, refuse(notFound, "QUERY-pCP8P", "Errors.App.NotExisting").Because("%s", why)
	}
	return &management.GetAppByIDResponse{App: a.message(v.OrgID)}, nil
}

// updateApp renames an application.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateApp
func (p *Provider) updateApp(c *kernel.Call, in *management.UpdateAppRequest) (*management.UpdateAppResponse, error) {
	a, v, why := p.app(c, in.ProjectId, in.AppId)
	if why != "" {
		return nil, refuse(notFound, "COMMAND-28di9", appNotExisting).Because("%s", why)
	}
	if a.Name == in.Name {
		return nil, refuse(failedPrecondition, "COMMAND-2m8vx", noChanges).Because("the application has that name already")
	}
	a.Name = in.Name
	if other, taken := p.byAppName.Get(c.Tx, a.uniqueName()); taken && other.ID != a.ID {
		return nil, nameTaken("Application already exists").Because("application %s is named %q", other.ID, a.Name)
	}
	v = p.appChanged(c, v, a, 1)
	return &management.UpdateAppResponse{Details: changed(c, v.Events, v.OrgID)}, nil
}

// updateAPIAppConfig changes how an application authenticates. Its secret, if it
// has one, stays good; one that it lacks has to be generated.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateAPIAppConfig
func (p *Provider) updateAPIAppConfig(c *kernel.Call, in *management.UpdateAPIAppConfigRequest) (*management.UpdateAPIAppConfigResponse, error) {
	a, v, why := p.app(c, in.ProjectId, in.AppId)
	switch {
	case why != "":
		return nil, refuse(notFound, "COMMAND-2n8uU", appNotExisting).Because("%s", why)
	case a.OIDC != nil:
		return nil, refuse(invalidArgument, "COMMAND-Gnwt3", "Application is not type API").Because("application %s is of type OIDC", a.ID)
	case a.AuthMethod == in.AuthMethodType:
		return nil, refuse(failedPrecondition, "COMMAND-1m88i", noChanges).Because("the application authenticates like that already")
	}
	a.AuthMethod = in.AuthMethodType
	v = p.appChanged(c, v, a, 1)
	return &management.UpdateAPIAppConfigResponse{Details: changed(c, v.Events, v.OrgID)}, nil
}

// setAppActive makes an application active or inactive.
func (p *Provider) setAppActive(c *kernel.Call, projectID, appID string, active bool) (project, error) {
	a, v, why := p.app(c, projectID, appID)
	switch {
	case why != "":
		return v, refuse(notFound, "COMMAND-ov9d3", appNotExisting).Because("%s", why)
	case !active && a.Inactive:
		return v, refuse(failedPrecondition, "COMMAND-dsh35", "Application is not active").Because("the application is inactive already")
	case active && !a.Inactive:
		return v, refuse(failedPrecondition, "COMMAND-1n8cM", "Application is not inactive").Because("the application is active")
	}
	a.Inactive = !active
	state := a.Client.now()
	state.Active = active
	a.Client = a.Client.with(c, state)
	return p.appChanged(c, v, a, 1), nil
}

// deactivateApp makes an application inactive: it cannot authenticate then, but
// its secret can be replaced.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.DeactivateApp
func (p *Provider) deactivateApp(c *kernel.Call, in *management.DeactivateAppRequest) (*management.DeactivateAppResponse, error) {
	v, err := p.setAppActive(c, in.ProjectId, in.AppId, false)
	return &management.DeactivateAppResponse{Details: changed(c, v.Events, v.OrgID)}, err
}

// reactivateApp makes an inactive application active.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ReactivateApp
func (p *Provider) reactivateApp(c *kernel.Call, in *management.ReactivateAppRequest) (*management.ReactivateAppResponse, error) {
	v, err := p.setAppActive(c, in.ProjectId, in.AppId, true)
	return &management.ReactivateAppResponse{Details: changed(c, v.Events, v.OrgID)}, err
}

// deleteApp removes an application with its keys.
func (p *Provider) deleteApp(c *kernel.Call, projectID, appID string) (project, error) {
	a, v, why := p.app(c, projectID, appID)
	if why != "" {
		return v, refuse(notFound, "COMMAND-0po9s", appNotExisting).Because("%s", why)
	}
	p.dropApp(c, a)
	p.push(c, &v, 1)
	return v, nil
}

// removeApp removes an application with its keys.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveApp
func (p *Provider) removeApp(c *kernel.Call, in *management.RemoveAppRequest) (*management.RemoveAppResponse, error) {
	v, err := p.deleteApp(c, in.ProjectId, in.AppId)
	return &management.RemoveAppResponse{Details: changed(c, v.Events, v.OrgID)}, err
}

// dropApp takes an application out. With a lag the OAuth endpoints still see it
// for a while.
func (p *Provider) dropApp(c *kernel.Call, a app) {
	p.dropKeys(c, a.ID)
	if lag.Get(c) == 0 {
		p.apps.Delete(c.Tx, a.ID)
		return
	}
	a.Removed = true
	a.Client = a.Client.with(c, client{Digest: a.Client.now().Digest})
	p.apps.Put(c.Tx, a.ID, a)
}

// regenerateAPIClientSecret replaces the secret of an API application, whatever
// its state, its project's, and the way it authenticates. There is one secret:
// the old one is dead at once.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RegenerateAPIClientSecret
func (p *Provider) regenerateAPIClientSecret(c *kernel.Call, in *management.RegenerateAPIClientSecretRequest) (*management.RegenerateAPIClientSecretResponse, error) {
	a, v, why := p.app(c, in.ProjectId, in.AppId)
	switch {
	case why != "":
		return nil, refuse(notFound, "COMMAND-2g66f", appNotExisting).Because("%s", why)
	case a.OIDC != nil:
		return nil, refuse(invalidArgument, "COMMAND-aeH4", "Application is not type API").Because("application %s is of type OIDC", a.ID)
	}
	secret, v := p.regenerate(c, v, a)
	return &management.RegenerateAPIClientSecretResponse{ClientSecret: secret, Details: changed(c, v.Events, v.OrgID)}, nil
}

// regenerate gives an application a new secret.
func (p *Provider) regenerate(c *kernel.Call, v project, a app) (string, project) {
	secret := newSecret(c)
	state := a.Client.now()
	state.Digest = kit.Digest(secret)
	a.Client = a.Client.with(c, state)
	return secret, p.appChanged(c, v, a, 1)
}

package zitadel

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"iter"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// app is an application of a project: of type API, or of type OIDC when OIDC is
// set. The secret itself is not kept.
type app struct {
	stamp
	ID, ProjectID     string
	Name              string
	ClientID          string
	AuthMethod        string // of type API; empty means basic
	OIDC              *oidcConfig
	Inactive, Removed bool
	Client            views[client]
}

// client is an application as the OAuth endpoints see it.
type client struct {
	Active     bool
	Digest     string // of the secret; empty: it has none
	AuthMethod string // of type OIDC
}

// uniqueName is what no other application of the project may have.
func (a app) uniqueName() string { return present(a.Removed, a.ProjectID+"/"+a.Name) }

// How an API application authenticates; zero is basic, and not written.
const (
	apiBasic         = "API_AUTH_METHOD_TYPE_BASIC"
	apiPrivateKeyJWT = "API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"
)

// nonZero is an enum's value as it is written: its zero is left out.
func nonZero(value, zero string) string {
	if value == zero {
		return ""
	}
	return value
}

// digest is what a secret is found by, so that finding it takes the same time
// however many there are.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

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

type apiConfig struct {
	ClientID       string `json:"clientId"`
	AuthMethodType string `json:"authMethodType,omitempty"`
}

type appBody struct {
	ID         string        `json:"id"`
	Details    objectDetails `json:"details"`
	State      string        `json:"state"`
	Name       string        `json:"name"`
	OIDCConfig *oidcBody     `json:"oidcConfig,omitempty"`
	APIConfig  *apiConfig    `json:"apiConfig,omitempty"`
}

func (a app) body(orgID string) appBody {
	b := appBody{ID: a.ID, Details: a.details(orgID), State: "APP_STATE_ACTIVE", Name: a.Name}
	if a.Inactive {
		b.State = "APP_STATE_INACTIVE"
	}
	if a.OIDC != nil {
		b.OIDCConfig = a.OIDC.body(a.ClientID)
	} else {
		b.APIConfig = &apiConfig{a.ClientID, a.AuthMethod}
	}
	return b
}

// app returns an application of a project of the organization that the call
// works in, with its project, or says why there is none. A removed project has
// none, and an inactive one has its own.
func (p *Provider) app(c *kernel.Call, projectID, appID string) (app, project, string) {
	v, ok := p.project(c, projectID)
	if !ok {
		return app{}, v, p.whyNoProject(c, projectID)
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

// addApp stores a new application, which two events make: of the application and
// of its configuration. An empty secret is none.
func (p *Provider) addApp(c *kernel.Call, v project, a *app, secret string) (project, error) {
	a.ProjectID = v.ID
	if _, taken := p.byAppName.Get(c.Tx, a.uniqueName()); taken {
		return v, nameTaken("Application already exists").Because("the project has an application %q", a.Name)
	}
	if _, taken := p.apps.Get(c.Tx, a.ID); taken {
		return v, nameTaken("Application already exists").Because("there is an application %s", a.ID)
	}
	a.ID, a.ClientID = cmp.Or(a.ID, p.nextID(c)), p.nextID(c)
	state := client{Active: true, AuthMethod: a.oidcAuthMethod()}
	if secret != "" {
		state.Digest = digest(secret)
	}
	a.Client = a.Client.with(c, state)
	return p.appChanged(c, v, *a, 2), nil
}

// projectFor returns the project that a new application is for.
func (p *Provider) projectFor(c *kernel.Call, id string) (project, error) {
	v, ok := p.project(c, id)
	if !ok {
		// Not a 404: to the service it is a condition that does not hold.
		return v, refuse(failedPrecondition, "COMMAND-EbFMN", projectNotFound).Because("%s", p.whyNoProject(c, id))
	}
	return v, nil
}

type addAPIAppRequest struct {
	ProjectID      string `path:"projectId" json:"-"`
	AppID          string `json:"-"` // version 2 lets the client choose it
	Name           string `json:"name"`
	AuthMethodType string `json:"authMethodType"`
}

type addAppResponse struct {
	AppID        string        `json:"appId"`
	Details      objectDetails `json:"details"`
	ClientID     string        `json:"clientId"`
	ClientSecret string        `json:"clientSecret,omitempty"`
}

// addAPIApp creates an API application. Only one that authenticates with a
// secret gets one.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.AddAPIApp
func (p *Provider) addAPIApp(c *kernel.Call, in addAPIAppRequest) (addAppResponse, error) {
	v, err := p.projectFor(c, in.ProjectID)
	if err != nil {
		return addAppResponse{}, err
	}
	a := app{ID: in.AppID, Name: in.Name, AuthMethod: nonZero(in.AuthMethodType, apiBasic)}
	secret := ""
	if a.AuthMethod == "" {
		secret = newSecret(c)
	}
	if v, err = p.addApp(c, v, &a, secret); err != nil {
		return addAppResponse{}, err
	}
	return addAppResponse{a.ID, created(c, v.Events, v.OrgID), a.ClientID, secret}, nil
}

type listAppsRequest struct {
	ProjectID string    `path:"projectId" json:"-"`
	Query     listQuery `json:"query"`
	Queries   []struct {
		Name *nameQuery `json:"nameQuery"`
	} `json:"queries"`
}

// listApps searches the applications of a project. One that does not exist has
// none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListApps
func (p *Provider) listApps(c *kernel.Call, in listAppsRequest) (listResponse[appBody], error) {
	page, err := newPage[appBody](in.Query)
	if err != nil {
		return listResponse[appBody]{}, err
	}
	v, ok := p.project(c, in.ProjectID)
	if !ok {
		return page.response(c), nil
	}
	page.processed(v.Events)
next:
	for _, a := range p.appsOf.All(c.Tx, v.ID) {
		for _, q := range in.Queries {
			if q.Name != nil && !matches(a.Name, q.Name.Name, q.Name.Method) {
				continue next
			}
		}
		page.add(a.body(v.OrgID))
	}
	return page.response(c), nil
}

type appPath struct {
	ProjectID string `path:"projectId" json:"-"`
	AppID     string `path:"appId" json:"-"`
}

type appResponse struct {
	App appBody `json:"app"`
}

// getApp returns one application, active or not.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetAppByID
func (p *Provider) getApp(c *kernel.Call, in appPath) (appResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	if why != "" {
		return appResponse{}, refuse(notFound, "QUERY-pCP8P", "Errors.App.NotExisting").Because("%s", why)
	}
	return appResponse{a.body(v.OrgID)}, nil
}

type updateAppRequest struct {
	ProjectID string `path:"projectId" json:"-"`
	AppID     string `path:"appId" json:"-"`
	Name      string `json:"name"`
}

// updateApp renames an application.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateApp
func (p *Provider) updateApp(c *kernel.Call, in updateAppRequest) (detailsResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	if why != "" {
		return detailsResponse{}, refuse(notFound, "COMMAND-28di9", appNotExisting).Because("%s", why)
	}
	if a.Name == in.Name {
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-2m8vx", noChanges).Because("the application has that name already")
	}
	a.Name = in.Name
	if other, taken := p.byAppName.Get(c.Tx, a.uniqueName()); taken {
		return detailsResponse{}, nameTaken("Application already exists").Because("application %s is named %q", other.ID, a.Name)
	}
	v = p.appChanged(c, v, a, 1)
	return detailsResponse{changed(c, v.Events, v.OrgID)}, nil
}

type updateAPIAppConfigRequest struct {
	ProjectID      string `path:"projectId" json:"-"`
	AppID          string `path:"appId" json:"-"`
	AuthMethodType string `json:"authMethodType"`
}

// updateAPIAppConfig changes how an application authenticates. Its secret, if it
// has one, stays good; one that it lacks has to be generated.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.UpdateAPIAppConfig
func (p *Provider) updateAPIAppConfig(c *kernel.Call, in updateAPIAppConfigRequest) (detailsResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	switch {
	case why != "":
		return detailsResponse{}, refuse(notFound, "COMMAND-2n8uU", appNotExisting).Because("%s", why)
	case a.OIDC != nil:
		return detailsResponse{}, refuse(invalidArgument, "COMMAND-Gnwt3", "Application is not type API").Because("application %s is of type OIDC", a.ID)
	case a.AuthMethod == nonZero(in.AuthMethodType, apiBasic):
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-1m88i", noChanges).Because("the application authenticates like that already")
	}
	a.AuthMethod = nonZero(in.AuthMethodType, apiBasic)
	v = p.appChanged(c, v, a, 1)
	return detailsResponse{changed(c, v.Events, v.OrgID)}, nil
}

// setActive stores whether an application is active.
func (p *Provider) setActive(c *kernel.Call, v project, a app, active bool) detailsResponse {
	a.Inactive = !active
	state := a.Client.now()
	state.Active = active
	a.Client = a.Client.with(c, state)
	v = p.appChanged(c, v, a, 1)
	return detailsResponse{changed(c, v.Events, v.OrgID)}
}

// deactivateApp makes an application inactive: it cannot authenticate then, but
// its secret can be replaced.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.DeactivateApp
func (p *Provider) deactivateApp(c *kernel.Call, in appPath) (detailsResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	switch {
	case why != "":
		return detailsResponse{}, refuse(notFound, "COMMAND-ov9d3", appNotExisting).Because("%s", why)
	case a.Inactive:
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-dsh35", "Application is not active").Because("the application is inactive already")
	}
	return p.setActive(c, v, a, false), nil
}

// reactivateApp makes an inactive application active.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ReactivateApp
func (p *Provider) reactivateApp(c *kernel.Call, in appPath) (detailsResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	switch {
	case why != "":
		return detailsResponse{}, refuse(notFound, "COMMAND-ov9d3", appNotExisting).Because("%s", why)
	case !a.Inactive:
		return detailsResponse{}, refuse(failedPrecondition, "COMMAND-1n8cM", "Application is not inactive").Because("the application is active")
	}
	return p.setActive(c, v, a, true), nil
}

// removeApp removes an application with its keys.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveApp
func (p *Provider) removeApp(c *kernel.Call, in appPath) (detailsResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	if why != "" {
		return detailsResponse{}, refuse(notFound, "COMMAND-0po9s", appNotExisting).Because("%s", why)
	}
	p.dropApp(c, a)
	p.push(c, &v, 1)
	return detailsResponse{changed(c, v.Events, v.OrgID)}, nil
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
	a.Client = a.Client.with(c, client{})
	p.apps.Put(c.Tx, a.ID, a)
}

type secretResponse struct {
	ClientSecret string        `json:"clientSecret"`
	Details      objectDetails `json:"details"`
}

// regenerateAPIClientSecret replaces the secret of an API application, whatever
// its state, its project's, and the way it authenticates. There is one secret:
// the old one is dead at once.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RegenerateAPIClientSecret
func (p *Provider) regenerateAPIClientSecret(c *kernel.Call, in appPath) (secretResponse, error) {
	a, v, why := p.app(c, in.ProjectID, in.AppID)
	switch {
	case why != "":
		return secretResponse{}, refuse(notFound, "COMMAND-2g66f", appNotExisting).Because("%s", why)
	case a.OIDC != nil:
		return secretResponse{}, refuse(invalidArgument, "COMMAND-aeH4", "Application is not type API").Because("application %s is of type OIDC", a.ID)
	}
	return p.regenerate(c, v, a), nil
}

// regenerate gives an application a new secret.
func (p *Provider) regenerate(c *kernel.Call, v project, a app) secretResponse {
	secret := newSecret(c)
	state := a.Client.now()
	state.Digest = digest(secret)
	a.Client = a.Client.with(c, state)
	v = p.appChanged(c, v, a, 1)
	return secretResponse{secret, changed(c, v.Events, v.OrgID)}
}

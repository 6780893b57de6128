package workos

import (
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/signin"
)

// authorization is what a person lets an application know of them, signed in to
// one organization.
type authorization struct {
	ID             string
	OrganizationID string // "" for none
	PersonID       string
	ApplicationID  string
	Scopes         []string
}

// by is the key of what a person has authorized an application for.
func by(person, application string) string { return person + "/" + application }

type authorizationData struct {
	Object        string          `json:"object"`
	ID            string          `json:"id"`
	GrantedScopes []string        `json:"granted_scopes"`
	Application   applicationData `json:"application"`
	UserID        string          `json:"user_id,omitempty"` // in an organization's list
}

// authorizationData shows authorizations as a user's list does.
func (p *Provider) authorizationData(c *kernel.Call) func(authorization) authorizationData {
	return func(a authorization) authorizationData {
		app, _ := p.applications.Get(c.Tx, a.ApplicationID)
		return authorizationData{Object: "authorized_connect_application", ID: a.ID, GrantedScopes: a.Scopes, Application: app.data()}
	}
}

// authorizes keeps what a sign-in lets an application know. One of the
// environment's own asks nobody.
func (p *Provider) authorizes(c *kernel.Call, k signin.Client, g signin.Grant) {
	app, _ := p.byClientID.Get(c.Tx, k.ID)
	a := authorization{OrganizationID: g.Organization, PersonID: g.Person, ApplicationID: app.ID}
	for _, before := range p.authorizedBy.All(c.Tx, by(g.Person, app.ID)) {
		if before.OrganizationID == g.Organization {
			a = before
		}
	}
	if a.ID == "" {
		a.ID = p.newID(c, authorizationPrefix)
	}
	a.Scopes = signin.Union(a.Scopes, g.Scopes)
	p.authorizations.Put(c.Tx, a.ID, a)
}

type listAuthorizedRequest struct {
	OrganizationID string `path:"organization_id" json:"-"`
	page
}

// listAuthorized returns a page of what people have authorized, signed in to an
// organization.
// https://workos.com/docs/reference/authkit/organization
func (p *Provider) listAuthorized(c *kernel.Call, in listAuthorizedRequest) (list[authorizationData], error) {
	o, err := p.organization(c, in.OrganizationID)
	if err != nil {
		return list[authorizationData]{}, err
	}
	show := p.authorizationData(c)
	return paginate(in.page, authorizationPrefix, rows(c, p.authorizationsIn, o.ID+"/"), nil, func(a authorization) authorizationData {
		data := show(a)
		data.UserID = a.PersonID
		return data
	})
}

type userPath struct {
	UserID string `path:"user_id" json:"-"`
}

// person finds a person.
func (p *Provider) person(c *kernel.Call, id string) (person, error) {
	u, ok := p.people.Get(c.Tx, id)
	if !ok {
		return u, entityNotFound("User", id).Because("nobody has the id %s", id)
	}
	return u, nil
}

type listAuthorizedByUserRequest struct {
	userPath
	page
}

// listAuthorizedByUser returns a page of what a person has authorized.
// https://workos.com/docs/reference/authkit/user
func (p *Provider) listAuthorizedByUser(c *kernel.Call, in listAuthorizedByUserRequest) (list[authorizationData], error) {
	u, err := p.person(c, in.UserID)
	if err != nil {
		return list[authorizationData]{}, err
	}
	return paginate(in.page, authorizationPrefix, rows(c, p.authorizationsBy, u.ID+"/"), nil, p.authorizationData(c))
}

type deleteAuthorizedRequest struct {
	userPath
	ApplicationID string `path:"application_id" json:"-"`
}

// deleteAuthorized takes an authorization back, and all that its sign-ins gave.
// https://workos.com/docs/reference/authkit/user
func (p *Provider) deleteAuthorized(c *kernel.Call, in deleteAuthorizedRequest) (kernel.Answer, error) {
	u, err := p.person(c, in.UserID)
	if err != nil {
		return kernel.Answer{}, err
	}
	app, err := p.application(c, in.ApplicationID)
	if err != nil {
		return kernel.Answer{}, err
	}
	if p.authorizedBy.Delete(c.Tx, by(u.ID, app.ID)) == 0 {
		return kernel.Answer{}, entityNotFound("Authorized Connect Application", in.ApplicationID).
			Because("the person %s has not authorized application %s", u.ID, app.ID)
	}
	p.desk.Withdraw(c, app.ClientID, u.ID, "its person took back what the application was authorized for")
	return noContent, nil
}

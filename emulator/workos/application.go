package workos

import (
	"slices"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// The types of applications.
const (
	typeM2M   = "m2m"
	typeOAuth = "oauth"
)

// How applications come to be.
const (
	authenticated = "authenticated" // by the API or the dashboard
	dynamic       = "dynamic"       // they registered themselves
)

// application is a Connect application.
type application struct {
	ID, ClientID         string
	Type                 string
	Name                 string
	Description          *string
	Scopes               []string
	OrganizationID       string // "" for first-party and dynamic ones
	RedirectURIs         []RedirectURI
	UsesPKCE             bool
	FirstParty, Dynamic  bool
	CreatedAt, UpdatedAt time.Time
}

func (a application) registration() string {
	if a.Dynamic {
		return dynamic
	}
	return authenticated
}

// applicationData is the application object; what a variant lacks is left out.
type applicationData struct {
	Object                   string         `json:"object"`
	ID                       string         `json:"id"`
	ClientID                 string         `json:"client_id"`
	Description              *string        `json:"description"`
	Name                     string         `json:"name"`
	Scopes                   []string       `json:"scopes"`
	CreatedAt                kit.Timestamp  `json:"created_at"`
	UpdatedAt                kit.Timestamp  `json:"updated_at"`
	ApplicationType          string         `json:"application_type"`
	RedirectURIs             *[]RedirectURI `json:"redirect_uris,omitempty"`
	UsesPKCE                 *bool          `json:"uses_pkce,omitempty"`
	IsFirstParty             *bool          `json:"is_first_party,omitempty"`
	WasDynamicallyRegistered *bool          `json:"was_dynamically_registered,omitempty"`
	OrganizationID           string         `json:"organization_id,omitempty"`
}

func (a application) data() applicationData {
	d := applicationData{
		Object: "connect_application", ID: a.ID, ClientID: a.ClientID,
		Description: a.Description, Name: a.Name, Scopes: kit.List(a.Scopes),
		CreatedAt: kit.Timestamp(a.CreatedAt), UpdatedAt: kit.Timestamp(a.UpdatedAt),
		ApplicationType: a.Type, OrganizationID: a.OrganizationID,
	}
	if a.Type == typeOAuth {
		uris := kit.List(a.RedirectURIs)
		d.RedirectURIs, d.UsesPKCE, d.IsFirstParty = &uris, &a.UsesPKCE, &a.FirstParty
		if !a.FirstParty {
			d.WasDynamicallyRegistered = &a.Dynamic
		}
	}
	return d
}

type listApplicationsRequest struct {
	page
	RegistrationTypes []string `query:"registration_types" json:"-"`
	OrganizationID    string   `query:"organization_id" json:"-"`
}

// listApplications returns a page of the applications.
// https://workos.com/docs/reference/workos-connect/applications/list
func (p *Provider) listApplications(c *kernel.Call, in listApplicationsRequest) (list[applicationData], error) {
	types := in.RegistrationTypes
	if len(types) == 0 {
		types = []string{authenticated}
	}
	var index between[application]
	switch withDynamic, others := slices.Contains(types, dynamic), slices.Contains(types, authenticated); {
	case in.OrganizationID != "":
		if _, err := p.organization(c, in.OrganizationID); err != nil {
			return list[applicationData]{}, validation(fieldError{"organization_id", err.Message}).Because("%s", err.Reason)
		}
		if !others { // dynamic ones belong to no organization
			return list[applicationData]{Object: "list", Data: []applicationData{}}, nil
		}
		index = rows(c, p.byOrganization, in.OrganizationID+"/")
	case withDynamic && others:
		index = rows(c, p.applicationsByID, "")
	default:
		index = rows(c, p.byRegistration, types[0]+"/")
	}
	return paginate(in.page, applicationPrefix, index, nil, application.data)
}

// mutable is what an update can change too. A null clears the description, as the
// page says; it leaves lists as they are, because the Node.js SDK sends null for
// whatever its caller does not name.
type mutable struct {
	Name         *string           `json:"name"`
	Description  kit.Field[string] `json:"description"`
	Scopes       *[]string         `json:"scopes"`
	RedirectURIs *[]RedirectURI    `json:"redirect_uris"`
}

// assign changes what is given.
func (a *application) assign(in mutable) {
	kit.Put(&a.Name, in.Name)
	in.Description.Put(&a.Description)
	kit.Put(&a.Scopes, in.Scopes)
	kit.Put(&a.RedirectURIs, in.RedirectURIs)
}

type createApplicationRequest struct {
	mutable
	ApplicationType string `json:"application_type"`
	UsesPKCE        *bool  `json:"uses_pkce"`
	IsFirstParty    *bool  `json:"is_first_party"`
	OrganizationID  string `json:"organization_id"`
}

// check lists what does not go together: the document has both types of
// application in one schema.
func (in createApplicationRequest) check(a application) (wrong []fieldError) {
	refuse := func(given bool, name string) {
		if given {
			wrong = append(wrong, fieldError{name, unknownProperty(name)})
		}
	}
	m2m := a.Type == typeM2M
	refuse(m2m && in.RedirectURIs != nil, "redirect_uris")
	refuse(m2m && in.UsesPKCE != nil, "uses_pkce")
	refuse(m2m && in.IsFirstParty != nil, "is_first_party")
	refuse(!m2m && a.FirstParty && in.OrganizationID != "", "organization_id")
	if !m2m && in.IsFirstParty == nil {
		wrong = append(wrong, fieldError{"is_first_party", mustBe("is_first_party", "boolean")})
	} else if (m2m || !a.FirstParty) && in.OrganizationID == "" {
		wrong = append(wrong, fieldError{"organization_id", mustBe("organization_id", "string")})
	}
	return wrong
}

// createApplication makes an application, which has no secret yet.
// https://workos.com/docs/reference/workos-connect/applications/create
func (p *Provider) createApplication(c *kernel.Call, in createApplicationRequest) (applicationData, error) {
	a := application{Type: in.ApplicationType, OrganizationID: in.OrganizationID}
	kit.Put(&a.UsesPKCE, in.UsesPKCE)
	kit.Put(&a.FirstParty, in.IsFirstParty)
	a.assign(in.mutable)
	if wrong := in.check(a); len(wrong) > 0 {
		return applicationData{}, validation(wrong...).Because("for an application of type %s: %s", a.Type, wrong[0].Code)
	}
	if !a.FirstParty {
		if _, err := p.organization(c, a.OrganizationID); err != nil {
			return applicationData{}, err
		}
	}
	return p.addApplication(c, a).data(), nil
}

// addApplication stores an application with what every one gets.
func (p *Provider) addApplication(c *kernel.Call, a application) application {
	if a.ID == "" {
		a.ID = p.newID(c, applicationPrefix)
	}
	if a.ClientID == "" {
		a.ClientID = p.newID(c, clientPrefix)
	}
	a.CreatedAt, a.UpdatedAt = c.Now, c.Now
	p.applications.Put(c.Tx, a.ID, a)
	return a
}

type idPath struct {
	ID string `path:"id" json:"-"`
}

// application finds an application by its id or its client id.
func (p *Provider) application(c *kernel.Call, id string) (application, error) {
	a, ok := p.applications.Get(c.Tx, id)
	if !ok {
		a, ok = p.byClientID.Get(c.Tx, id)
	}
	if !ok {
		return a, entityNotFound("Application", id).Because("no application has this id or client id%s", quoted(id))
	}
	return a, nil
}

// getApplication returns one application.
// https://workos.com/docs/reference/workos-connect/applications/get
func (p *Provider) getApplication(c *kernel.Call, in idPath) (applicationData, error) {
	a, err := p.application(c, in.ID)
	return a.data(), err
}

type updateApplicationRequest struct {
	idPath
	mutable
}

// updateApplication changes what is given; the method is PUT all the same.
// https://workos.com/docs/reference/workos-connect/applications/update
func (p *Provider) updateApplication(c *kernel.Call, in updateApplicationRequest) (applicationData, error) {
	a, err := p.application(c, in.ID)
	if err != nil {
		return applicationData{}, err
	}
	if a.Type == typeM2M && in.RedirectURIs != nil {
		return applicationData{}, validation(fieldError{"redirect_uris", unknownProperty("redirect_uris")}).
			Because("application %s is %s and redirects nobody", a.ID, a.Type)
	}
	a.assign(in.mutable)
	a.UpdatedAt = c.Now
	p.applications.Put(c.Tx, a.ID, a)
	return a.data(), nil
}

// deleteApplication ends an application and its secrets. Tokens that were issued
// verify until they expire.
// https://workos.com/docs/reference/workos-connect/applications/delete
func (p *Provider) deleteApplication(c *kernel.Call, in idPath) (kernel.Answer, error) {
	a, err := p.application(c, in.ID)
	if err != nil {
		return kernel.Answer{}, err
	}
	p.removeApplication(c, a)
	return noContent, nil
}

func (p *Provider) removeApplication(c *kernel.Call, a application) {
	p.secretsOf.Delete(c.Tx, a.ID)
	p.authorizationsOf.Delete(c.Tx, a.ID)
	p.applications.Delete(c.Tx, a.ID)
}

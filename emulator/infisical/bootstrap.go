package infisical

import (
	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

type bootstrapRequest struct {
	Email        string `json:"email"`
	Password     string `json:"password"`
	Organization string `json:"organization"`
}

type bootstrapResponse struct {
	Message      string                `json:"message"`
	User         bootstrapUser         `json:"user"`
	Organization bootstrapOrganization `json:"organization"`
	Identity     bootstrapIdentity     `json:"identity"`
}

type bootstrapUser struct {
	ID         string    `json:"id"`
	Email      string    `json:"email"`
	Username   string    `json:"username"`
	FirstName  string    `json:"firstName"`
	LastName   string    `json:"lastName"`
	SuperAdmin bool      `json:"superAdmin"`
	IsAccepted bool      `json:"isAccepted"`
	CreatedAt  timestamp `json:"createdAt"`
	UpdatedAt  timestamp `json:"updatedAt"`
}

type bootstrapOrganization struct {
	organizationBody
	CreatedAt timestamp `json:"createdAt"`
	UpdatedAt timestamp `json:"updatedAt"`
}

type bootstrapIdentity struct {
	identityBody
	Credentials bootstrapCredentials `json:"credentials"`
}

type bootstrapCredentials struct {
	Token string `json:"token"`
}

// bootstrap sets up an instance that nobody has set up: an organization and an
// administrator identity with a token. The user exists only in the answer:
// people cannot log in here.
// https://infisical.com/docs/api-reference/endpoints/admin/bootstrap-instance
func (p *Provider) bootstrap(c *kernel.Call, in bootstrapRequest) (bootstrapResponse, error) {
	var issues []any
	for _, part := range []struct{ name, text string }{{"password", in.Password}, {"organization", in.Organization}} {
		if trim(part.text) == "" { // the document's minLength counts the spaces
			issues = append(issues, zodIssue(gate.Breach{Path: []string{part.name}, Rule: "minLength", Limit: 1}))
		}
	}
	if issues != nil {
		return bootstrapResponse{}, validation(issues...).Because("the password or the organization is blank")
	}
	for _, id := range p.identities.All(c.Tx) {
		if id.Role == roleAdmin {
			return bootstrapResponse{}, badRequest("Instance has already been set up").Because("identity %s is an administrator", id.ID)
		}
	}
	name := trim(in.Organization)
	if err := fit(text("organization", &name), text("email", &in.Email)); err != nil {
		return bootstrapResponse{}, err
	}
	org, err := p.addOrganization(c, Organization{Name: name})
	if err != nil {
		return bootstrapResponse{}, err
	}
	seeded, err := p.seedIdentity(c, Identity{
		Name: "Instance Admin Identity", Role: roleAdmin, OrganizationID: org.ID,
		identityInFile: identityInFile{TokenAuth: &tokenAuthInput{}},
	}, nil)
	if err != nil {
		return bootstrapResponse{}, err
	}
	id, _ := p.identities.Get(c.Tx, seeded.ID)
	// The service's token for a new instance has no lifetime of its own.
	cl := p.newClaims(c, id, org, tokenAuthMethod)
	cl.endless = true
	token, err := cl.token(c)
	name = "Instance Admin Token"
	p.addToken(c, cl, &name, token.ExpiresIn)
	now := timestamp(c.Now)
	return bootstrapResponse{
		Message: "Successfully bootstrapped instance",
		User: bootstrapUser{
			ID: c.Draw("user").UUID(), Email: in.Email, Username: in.Email, FirstName: "Admin", LastName: "User",
			SuperAdmin: true, IsAccepted: true, CreatedAt: now, UpdatedAt: now,
		},
		Organization: bootstrapOrganization{org.body(), now, now},
		Identity:     bootstrapIdentity{id.body(), bootstrapCredentials{token.AccessToken}},
	}, err
}

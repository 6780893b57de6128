package infisical

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// organization is a row.
type organization struct {
	ID, Name, Slug       string
	ParentID             string // of a sub-organization
	CreatedAt, UpdatedAt time.Time
}

// identity is a machine identity and its membership of one organization.
type identity struct {
	ID, Name, OrganizationID string
	ProjectID                string // of an identity that a project has of its own
	MembershipID             string
	Role                     string
	HasDeleteProtection      bool
	Metadata                 []metadata
	LastLoginAuthMethod      string
	LastLoginTime            time.Time
	CreatedAt, UpdatedAt     time.Time
}

// metadata is one pair of an identity's metadata.
type metadata struct {
	ID    string `json:"id"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

// The built-in organization roles.
const (
	roleAdmin    = "admin"
	roleMember   = "member"
	roleNoAccess = "no-access"
)

// The auth methods, as tokens and lists name them.
const (
	universalAuthMethod = "universal-auth"
	tokenAuthMethod     = "token-auth"
)

type createIdentityRequest struct {
	Name                string          `json:"name"`
	OrganizationID      string          `json:"organizationId"`
	Role                *string         `json:"role"`
	HasDeleteProtection bool            `json:"hasDeleteProtection"`
	Metadata            []metadataInput `json:"metadata"`
}

type metadataInput struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type createIdentityResponse struct {
	Identity createdIdentity `json:"identity"`
}

// identityBody is what every answer to a change shows of an identity.
type identityBody struct {
	ID                  string    `json:"id"`
	Name                string    `json:"name"`
	AuthMethod          *string   `json:"authMethod"`
	CreatedAt           timestamp `json:"createdAt"`
	UpdatedAt           timestamp `json:"updatedAt"`
	HasDeleteProtection bool      `json:"hasDeleteProtection"`
	OrgID               string    `json:"orgId"`
	ProjectID           *string   `json:"projectId"`
}

func (id identity) body() identityBody {
	body := identityBody{
		ID: id.ID, Name: id.Name,
		CreatedAt: timestamp(id.CreatedAt), UpdatedAt: timestamp(id.UpdatedAt),
		HasDeleteProtection: id.HasDeleteProtection, OrgID: id.OrganizationID,
	}
	if id.ProjectID != "" {
		body.ProjectID = &id.ProjectID
	}
	return body
}

type createdIdentity struct {
	identityBody
	AuthMethods []string   `json:"authMethods"`
	Metadata    []metadata `json:"metadata"`
}

// createIdentity makes an identity in the caller's organization.
// https://infisical.com/docs/api-reference/endpoints/identities/create
func (p *Provider) createIdentity(c *kernel.Call, in createIdentityRequest) (createIdentityResponse, error) {
	var none createIdentityResponse
	pairs, err := trimMetadata(in.Metadata)
	if err != nil {
		return none, err
	}
	caller, err := authorize(c, "create")
	if err != nil {
		return none, err
	}
	if err := ownOrganization(caller, trim(in.OrganizationID)); err != nil {
		return none, err
	}
	id := identity{
		ID:                  c.Draw("identity").UUID(),
		Name:                trim(in.Name),
		OrganizationID:      caller.OrganizationID,
		MembershipID:        c.Draw("membership").UUID(),
		Role:                roleNoAccess,
		HasDeleteProtection: in.HasDeleteProtection,
		CreatedAt:           c.Now, UpdatedAt: c.Now,
	}
	if in.Role != nil {
		id.Role = *in.Role
	}
	if !p.isRole(c, id.OrganizationID, id.Role) {
		return none, notFound(unknownRole, id.Role)
	}
	if err := fitIdentity(id.Name, pairs); err != nil {
		return none, err
	}
	id.Metadata = newMetadata(c, pairs)
	p.identities.Put(c.Tx, id.ID, id)
	return createIdentityResponse{createdIdentity{id.body(), []string{}, id.Metadata}}, nil
}

func fitIdentity(name string, pairs []metadataInput) error {
	columns := []column{text("name", &name)}
	for _, m := range pairs {
		columns = append(columns, text("a key of metadata", &m.Key), column{"a value of metadata", m.Value, maxMetadataValue})
	}
	return fit(columns...)
}

func newMetadata(c *kernel.Call, in []metadataInput) []metadata {
	list := make([]metadata, len(in))
	for i, m := range in {
		list[i] = metadata{c.Draw("metadata").UUID(), m.Key, m.Value}
	}
	return list
}

// isRole reports whether an organization has a role.
func (p *Provider) isRole(c *kernel.Call, organization, slug string) bool {
	_, ok := p.roleNamed(c, organization, slug)
	return ok && slug != roleViewer
}

// trimMetadata cuts white space off. The service does so before it looks at the
// length, which the document's minLength cannot say.
func trimMetadata(in []metadataInput) ([]metadataInput, error) {
	pairs := make([]metadataInput, len(in))
	var issues []any
	for i, m := range in {
		pairs[i] = metadataInput{trim(m.Key), trim(m.Value)}
		for _, part := range []struct{ name, text string }{{"key", pairs[i].Key}, {"value", pairs[i].Value}} {
			if part.text == "" {
				issues = append(issues, zodIssue(gate.Breach{
					Path: []string{"metadata", strconv.Itoa(i), part.name}, Rule: "minLength", Limit: 1,
				}))
			}
		}
	}
	if issues != nil {
		return nil, validation(issues...).Because("a key or value of the metadata is blank")
	}
	return pairs, nil
}

type identityPath struct {
	IdentityID string `path:"identityId" json:"-"`
}

// membership is an identity's place in its organization.
type membership struct {
	ID                  string      `json:"id"`
	Role                string      `json:"role"`
	RoleID              *string     `json:"roleId"`
	OrgID               string      `json:"orgId"`
	CreatedAt           timestamp   `json:"createdAt"`
	UpdatedAt           timestamp   `json:"updatedAt"`
	IdentityID          string      `json:"identityId"`
	LastLoginAuthMethod *string     `json:"lastLoginAuthMethod"`
	LastLoginTime       *timestamp  `json:"lastLoginTime"`
	CustomRole          *customRole `json:"customRole,omitempty"`
}

type customRole struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Slug        string          `json:"slug"`
	Permissions json.RawMessage `json:"permissions"`
	Description *string         `json:"description"`
}

func (p *Provider) membership(c *kernel.Call, id identity) membership {
	m := membership{
		ID: id.MembershipID, Role: id.Role, OrgID: id.OrganizationID, IdentityID: id.ID,
		CreatedAt: timestamp(id.CreatedAt), UpdatedAt: timestamp(id.UpdatedAt),
	}
	if own, ok := p.roleBySlug.Get(c.Tx, key(id.OrganizationID, id.Role)); ok {
		m.Role, m.RoleID = customRoleName, &own.ID
		m.CustomRole = &customRole{own.ID, own.Name, own.Slug, json.RawMessage(own.Permissions), own.Description}
	}
	if id.LastLoginAuthMethod != "" {
		at := timestamp(id.LastLoginTime)
		m.LastLoginAuthMethod, m.LastLoginTime = &id.LastLoginAuthMethod, &at
	}
	return m
}

type getIdentityResponse struct {
	Identity gotIdentity `json:"identity"`
}

type gotIdentity struct {
	membership
	Metadata []metadata      `json:"metadata"`
	Identity gotIdentityName `json:"identity"`
}

type gotIdentityName struct {
	Name                     string   `json:"name"`
	ID                       string   `json:"id"`
	HasDeleteProtection      bool     `json:"hasDeleteProtection"`
	OrgID                    string   `json:"orgId"`
	AuthMethods              []string `json:"authMethods"`
	ActiveLockoutAuthMethods []string `json:"activeLockoutAuthMethods"`
}

// getIdentity returns an identity by way of its membership.
// https://infisical.com/docs/api-reference/endpoints/identities/get-by-id
func (p *Provider) getIdentity(c *kernel.Call, in identityPath) (getIdentityResponse, error) {
	id, err := p.managed(c, in.IdentityID, "read")
	if err != nil {
		return getIdentityResponse{}, err
	}
	name := gotIdentityName{
		Name: id.Name, ID: id.ID, HasDeleteProtection: id.HasDeleteProtection, OrgID: id.OrganizationID,
		AuthMethods: p.authMethods(c, id), ActiveLockoutAuthMethods: []string{},
	}
	if ua, ok := p.universalAuths.Get(c.Tx, id.ID); ok && p.locked(c, ua) {
		name.ActiveLockoutAuthMethods = []string{universalAuthMethod}
	}
	return getIdentityResponse{gotIdentity{p.membership(c, id), id.Metadata, name}}, nil
}

// authMethods names the ways an identity can log in.
func (p *Provider) authMethods(c *kernel.Call, id identity) []string {
	methods := []string{}
	if _, ok := p.universalAuths.Get(c.Tx, id.ID); ok {
		methods = append(methods, universalAuthMethod)
	}
	if _, ok := p.tokenAuths.Get(c.Tx, id.ID); ok {
		methods = append(methods, tokenAuthMethod)
	}
	return append(methods, p.methods.of(c, id.ID)...)
}

type listIdentitiesRequest struct {
	OrgID string `query:"orgId" json:"-"`
}

type listIdentitiesResponse struct {
	Identities []listedIdentity `json:"identities"`
	TotalCount int              `json:"totalCount"`
}

type listedIdentity struct {
	membership
	Identity listedIdentityName `json:"identity"`
}

type listedIdentityName struct {
	Name                string   `json:"name"`
	ID                  string   `json:"id"`
	HasDeleteProtection bool     `json:"hasDeleteProtection"`
	AuthMethods         []string `json:"authMethods"`
}

// listIdentities returns the identities of the caller's organization.
// https://infisical.com/docs/api-reference/endpoints/identities/list
func (p *Provider) listIdentities(c *kernel.Call, in listIdentitiesRequest) (listIdentitiesResponse, error) {
	response := listIdentitiesResponse{Identities: []listedIdentity{}}
	caller, err := authorize(c, "read")
	if err == nil {
		err = ownOrganization(caller, trim(in.OrgID))
	}
	if err != nil {
		return response, err
	}
	answer := newBudget()
	for _, id := range p.identities.All(c.Tx) {
		if id.OrganizationID == caller.OrganizationID && id.ProjectID == "" {
			if err := answer.spendOn(600, id.Name); err != nil {
				return response, err
			}
			response.Identities = append(response.Identities, p.listed(c, id))
		}
	}
	response.TotalCount = len(response.Identities)
	return response, nil
}

func (p *Provider) listed(c *kernel.Call, id identity) listedIdentity {
	return listedIdentity{p.membership(c, id), listedIdentityName{id.Name, id.ID, id.HasDeleteProtection, p.authMethods(c, id)}}
}

// ownOrganization refuses callers who name another organization than theirs.
func ownOrganization(caller identity, id string) error {
	if id == caller.OrganizationID {
		return nil
	}
	return forbidden("%s", errorMessages[403]).Because("the caller belongs to organization %s, not to %q", caller.OrganizationID, id)
}

type identityDetailsResponse struct {
	IdentityDetails identityDetails `json:"identityDetails"`
}

type identityDetails struct {
	Organization organizationBody `json:"organization"`
}

type organizationBody struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

func (o organization) body() organizationBody { return organizationBody{o.ID, o.Name, o.Slug} }

// getIdentityDetails tells any identity where it belongs.
// https://infisical.com/docs/api-reference/endpoints/identities/details
func (p *Provider) getIdentityDetails(c *kernel.Call, _ struct{}) (identityDetailsResponse, error) {
	org, _ := p.organizations.Get(c.Tx, callerOf(c).OrganizationID)
	return identityDetailsResponse{identityDetails{org.body()}}, nil
}

type updateIdentityRequest struct {
	IdentityID          string           `path:"identityId" json:"-"`
	Name                *string          `json:"name"`
	Role                *string          `json:"role"`
	HasDeleteProtection *bool            `json:"hasDeleteProtection"`
	Metadata            *[]metadataInput `json:"metadata"`
}

type updateIdentityResponse struct {
	Identity updatedIdentity `json:"identity"`
}

type updatedIdentity struct {
	identityBody
	Metadata []metadata `json:"metadata"`
}

// updateIdentity changes what is sent; metadata is replaced as a whole.
// https://infisical.com/docs/api-reference/endpoints/identities/update
func (p *Provider) updateIdentity(c *kernel.Call, in updateIdentityRequest) (updateIdentityResponse, error) {
	var none updateIdentityResponse
	var pairs []metadataInput
	if in.Metadata != nil {
		var err error
		if pairs, err = trimMetadata(*in.Metadata); err != nil {
			return none, err
		}
	}
	id, err := p.managed(c, in.IdentityID, "edit")
	if err != nil {
		return none, err
	}
	if in.Role != nil {
		if !p.isRole(c, id.OrganizationID, *in.Role) {
			return none, notFound(unknownRole, *in.Role)
		}
		id.Role = *in.Role
	}
	named := in.Name != nil && trim(*in.Name) != ""
	if named {
		id.Name, id.UpdatedAt = trim(*in.Name), c.Now
	}
	if protect := in.HasDeleteProtection; protect != nil && *protect != id.HasDeleteProtection {
		if *protect || named || !c.Differs(protectionAlone) {
			id.HasDeleteProtection, id.UpdatedAt = *protect, c.Now
		}
	}
	if err := fitIdentity(id.Name, pairs); err != nil {
		return none, err
	}
	shown := id.Metadata
	switch {
	case in.Metadata != nil:
		id.Metadata = newMetadata(c, pairs)
		shown = id.Metadata
	case len(id.Metadata) > 0 && c.Differs(metadataEcho):
		shown = []metadata{}
	}
	p.identities.Put(c.Tx, id.ID, id)
	return updateIdentityResponse{updatedIdentity{id.body(), shown}}, nil
}

type deleteIdentityResponse struct {
	Identity identityBody `json:"identity"`
}

// deleteIdentity ends an identity, its universal auth, client secrets and tokens.
// https://infisical.com/docs/api-reference/endpoints/identities/delete
func (p *Provider) deleteIdentity(c *kernel.Call, in identityPath) (deleteIdentityResponse, error) {
	var none deleteIdentityResponse
	id, err := p.managed(c, in.IdentityID, "delete")
	if err != nil {
		return none, err
	}
	if id.HasDeleteProtection {
		return none, badRequest("Identity has delete protection")
	}
	p.removeIdentity(c, id)
	return deleteIdentityResponse{id.body()}, nil
}

// removeIdentity deletes an identity with everything that hangs from it.
func (p *Provider) removeIdentity(c *kernel.Call, id identity) {
	if ua, ok := p.universalAuths.Get(c.Tx, id.ID); ok {
		p.removeUniversalAuth(c, ua, "") // the identity's own revocation covers its tokens
	}
	if t, ok := p.tokenAuths.Get(c.Tx, id.ID); ok {
		p.removeTokenAuth(c, t)
	}
	p.revoke(c, identityTokens+id.ID, "identity tokens have been revoked")
	p.methods.remove(c, id.ID)
	for _, m := range collect(p.membersOfIdentity.All(c.Tx, id.ID)) {
		p.privilegesOf.Delete(c.Tx, m.ID)
		p.members.Delete(c.Tx, m.ID)
	}
	p.groupsOfIdentity.Delete(c.Tx, id.ID)
	p.identities.Delete(c.Tx, id.ID)
}

// managed finds an identity for a caller who may do action. The identity
// service spells "id" where the auth services spell "ID".
func (p *Provider) managed(c *kernel.Call, id, action string) (identity, error) {
	row, err := p.identity(c, id, "Failed to find identity with id %s")
	if err == nil && row.ProjectID != "" && action != "read" {
		err = badRequest("Identity is managed by project")
	}
	if err == nil {
		_, err = authorize(c, action)
	}
	return row, err
}

const identityNotFound = "Failed to find identity with ID %s"

// identity finds an identity of the caller's organization.
func (p *Provider) identity(c *kernel.Call, id, message string) (identity, error) {
	if !uuidPattern.MatchString(id) {
		if c.Differs(nonUUIDIdentity) {
			return identity{}, databaseFailure(identityLookup).Because("identity id %q is not a UUID", id)
		}
		return identity{}, notFound(message, id).Because("identity id %q is not a UUID", id)
	}
	row, ok := p.identities.Get(c.Tx, strings.ToLower(id))
	if !ok || row.OrganizationID != callerOf(c).OrganizationID {
		return identity{}, notFound(message, id).Because("the caller's organization has no identity %s", id)
	}
	return row, nil
}

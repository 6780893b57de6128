package infisical

import (
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/internal/gate"
	"github.com/understudy-dev/understudy/emulator/internal/kernel"
)

// organization is a row.
type organization struct {
	ID, Name, Slug string
}

// identity is a machine identity and its membership of one organization.
type identity struct {
	ID, Name, OrganizationID string
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

type createdIdentity struct {
	ID                  string     `json:"id"`
	Name                string     `json:"name"`
	AuthMethod          *string    `json:"authMethod"`
	CreatedAt           timestamp  `json:"createdAt"`
	UpdatedAt           timestamp  `json:"updatedAt"`
	HasDeleteProtection bool       `json:"hasDeleteProtection"`
	OrgID               string     `json:"orgId"`
	ProjectID           *string    `json:"projectId"`
	AuthMethods         []string   `json:"authMethods"`
	Metadata            []metadata `json:"metadata"`
}

// createIdentity makes an identity in the caller's organization.
// https://infisical.com/docs/api-reference/endpoints/identities/create
func (p *Provider) createIdentity(c *kernel.Call, in createIdentityRequest) (createIdentityResponse, error) {
	var none createIdentityResponse
	pairs, issues := trimMetadata(in.Metadata)
	if len(issues) > 0 {
		return none, validation(issues...).Because("a key or value of the metadata is blank")
	}
	caller, err := authorize(c, "create")
	if err != nil {
		return none, err
	}
	if org := strings.TrimSpace(in.OrganizationID); org != caller.OrganizationID {
		return none, forbidden("%s", errorMessages[403]).Because("the caller belongs to organization %s, not to %s", caller.OrganizationID, org)
	}
	id := identity{
		ID:                  c.Draw("identity").UUID(),
		Name:                strings.TrimSpace(in.Name),
		OrganizationID:      caller.OrganizationID,
		MembershipID:        c.Draw("membership").UUID(),
		Role:                roleNoAccess,
		HasDeleteProtection: in.HasDeleteProtection,
		CreatedAt:           c.Now, UpdatedAt: c.Now,
	}
	if in.Role != nil {
		id.Role = *in.Role
	}
	switch id.Role {
	case roleAdmin, roleMember, roleNoAccess:
	default:
		return none, notFound(unknownRole, id.Role)
	}
	id.Metadata = make([]metadata, len(pairs))
	for i, m := range pairs {
		id.Metadata[i] = metadata{c.Draw("metadata").UUID(), m.Key, m.Value}
	}
	p.identities.Put(c.Tx, id.ID, id)
	return createIdentityResponse{createdIdentity{
		ID: id.ID, Name: id.Name,
		CreatedAt: timestamp(id.CreatedAt), UpdatedAt: timestamp(id.UpdatedAt),
		HasDeleteProtection: id.HasDeleteProtection, OrgID: id.OrganizationID,
		AuthMethods: []string{}, Metadata: id.Metadata,
	}}, nil
}

// trimMetadata cuts white space off. The service does so before it looks at the
// length, which the document's minLength cannot say.
func trimMetadata(in []metadataInput) (pairs []metadataInput, issues []any) {
	for i, m := range in {
		m = metadataInput{trim(m.Key), trim(m.Value)}
		for _, part := range []struct{ name, text string }{{"key", m.Key}, {"value", m.Value}} {
			if part.text == "" {
				issues = append(issues, zodIssue(gate.Breach{
					Path: []string{"metadata", strconv.Itoa(i), part.name}, Rule: "minLength", Limit: 1,
				}))
			}
		}
		pairs = append(pairs, m)
	}
	return pairs, issues
}

type identityPath struct {
	IdentityID string `path:"identityId" json:"-"`
}

type getIdentityResponse struct {
	Identity identityMembership `json:"identity"`
}

type identityMembership struct {
	ID                  string          `json:"id"`
	Role                string          `json:"role"`
	RoleID              *string         `json:"roleId"`
	OrgID               string          `json:"orgId"`
	CreatedAt           timestamp       `json:"createdAt"`
	UpdatedAt           timestamp       `json:"updatedAt"`
	IdentityID          string          `json:"identityId"`
	LastLoginAuthMethod *string         `json:"lastLoginAuthMethod"`
	LastLoginTime       *timestamp      `json:"lastLoginTime"`
	Metadata            []metadata      `json:"metadata"`
	Identity            identityDetails `json:"identity"`
}

type identityDetails struct {
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
	var none getIdentityResponse
	if _, err := authorize(c, "read"); err != nil {
		return none, err
	}
	// The identity service spells "id", the auth services "ID".
	id, err := p.identity(c, in.IdentityID, "Failed to find identity with id %s")
	if err != nil {
		return none, err
	}
	m := identityMembership{
		ID: id.MembershipID, Role: id.Role, OrgID: id.OrganizationID,
		CreatedAt: timestamp(id.CreatedAt), UpdatedAt: timestamp(id.UpdatedAt),
		IdentityID: id.ID, Metadata: id.Metadata,
		Identity: identityDetails{
			Name: id.Name, ID: id.ID, HasDeleteProtection: id.HasDeleteProtection, OrgID: id.OrganizationID,
			AuthMethods: []string{}, ActiveLockoutAuthMethods: []string{},
		},
	}
	if id.LastLoginAuthMethod != "" {
		at := timestamp(id.LastLoginTime)
		m.LastLoginAuthMethod, m.LastLoginTime = &id.LastLoginAuthMethod, &at
	}
	if ua, ok := p.universalAuths.Get(c.Tx, id.ID); ok {
		m.Identity.AuthMethods = []string{universalAuthMethod}
		if p.locked(c, ua) {
			m.Identity.ActiveLockoutAuthMethods = []string{universalAuthMethod}
		}
	}
	return getIdentityResponse{m}, nil
}

const identityNotFound = "Failed to find identity with ID %s"

// identity finds an identity of the caller's organization.
func (p *Provider) identity(c *kernel.Call, id, message string) (identity, error) {
	if !uuidPattern.MatchString(id) {
		if c.Differs(nonUUIDIdentity) {
			return identity{}, databaseFailure().Because("identity id %q is not a UUID", id)
		}
		return identity{}, notFound(message, id).Because("identity id %q is not a UUID", id)
	}
	row, ok := p.identities.Get(c.Tx, strings.ToLower(id))
	if !ok || row.OrganizationID != callerOf(c).OrganizationID {
		return identity{}, notFound(message, id).Because("the caller's organization has no identity %s", id)
	}
	return row, nil
}

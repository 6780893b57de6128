package zitadel

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// member gives a user roles in an organization or a project, as it is or as it is
// granted, or, when all are empty, in the whole instance.
type member struct {
	stamp
	UserID, OrgID, ProjectID string
	GrantID                  string // of a granted project
	Roles                    []string
}

// putMember stores a member after an event.
func (p *Provider) putMember(c *kernel.Call, m member) {
	m.touch(m.Sequence+1, c.Now)
	p.members.Put(c.Tx, m.key(), m)
}

func (m member) key() string { return m.UserID + "/" + m.OrgID + "/" + m.ProjectID + "/" + m.GrantID }

// The roles that have permissions.
const (
	roleIAMOwner           = "IAM_OWNER"
	roleIAMOwnerViewer     = "IAM_OWNER_VIEWER"
	roleOrgOwner           = "ORG_OWNER"
	roleOrgOwnerViewer     = "ORG_OWNER_VIEWER"
	roleOrgUserManager     = "ORG_USER_MANAGER"
	roleProjectOwner       = "PROJECT_OWNER"
	roleProjectOwnerViewer = "PROJECT_OWNER_VIEWER"
	roleProjectGrantOwner  = "PROJECT_GRANT_OWNER"
)

// allows reports whether a role has a permission, in what it is a role of.
func allows(role, permission string) bool {
	read := strings.HasSuffix(permission, ".read")
	if strings.HasPrefix(permission, "iam.") || permission == "org.create" {
		return role == roleIAMOwner || role == roleIAMOwnerViewer && read
	}
	switch role {
	case roleIAMOwner, roleOrgOwner:
		return true
	case roleIAMOwnerViewer, roleOrgOwnerViewer:
		return read
	case roleOrgUserManager:
		return read && permission != "project.app.read" || strings.HasPrefix(permission, "user.")
	case roleProjectOwner:
		return strings.HasPrefix(permission, "project.") && permission != "project.create"
	case roleProjectOwnerViewer:
		return strings.HasPrefix(permission, "project.") && read
	case roleProjectGrantOwner:
		return strings.HasPrefix(permission, "project.grant.member.") || permission == "project.read" || permission == "project.grant.read"
	}
	return false
}

// caller is who calls the Management API, and for which organization.
type caller struct {
	user  user
	orgID string
}

// orgOf returns the organization that a call of the Management API works in.
func orgOf(c *kernel.Call) string { return c.Caller.(caller).orgID }

// identify finds out who calls, for which organization, and whether that user
// may: the service asks all of it before it looks at the request.
// https://zitadel.com/docs/guides/integrate/zitadel-apis/access-zitadel-apis
func (p *Provider) identify(c *kernel.Call) error {
	if !c.Secured {
		return nil
	}
	if isOAuth(c.Op) {
		return p.identifyUserInfo(c)
	}
	header := c.Request.Header.Get("Authorization")
	if header == "" {
		return refuse(unauthenticated, "", "auth header missing").Because("no Authorization header with an access token")
	}
	text, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return refuse(unauthenticated, "AUTH-7fs1e", "invalid auth header").Because("the Authorization header does not begin with \"Bearer \"")
	}
	held, why := p.resolve(c, text)
	if why == "" && !held.PAT && !slices.Contains(held.Audience, instanceProject(c)) {
		why = "the token is not meant for this API: its scopes lack " + instanceAudience
	}
	if why != "" {
		return refuse(unauthenticated, "AUTH-7fs1e", tokenInvalid).Because("%s", why)
	}
	orgID := cmp.Or(c.Request.Header.Get("X-Zitadel-Orgid"), held.user.OrgID)
	if _, ok := p.organizations.Get(c.Tx, orgID); !ok {
		return refuse(permissionDenied, "AUTH-Bs7Ds", "Organisation doesn't exist").Because("there is no organization %q", orgID)
	}
	c.Caller, c.Credential = caller{held.user, orgID}, held.ID
	if permission := permissionFor(p.inputs[c.Op]); permission != "" {
		projectID := c.Vars["projectId"]
		if strings.HasPrefix(permission, "project.") {
			projectID = cmp.Or(projectID, c.Vars["id"])
		}
		return p.authorize(c, held.user, orgID, projectID, permission)
	}
	return nil
}

// workIn makes the call work in an organization, if the caller has a permission
// there. The services of version 2 ask for what they work on, and then for its
// organization, not for the caller's or the header's.
func (p *Provider) workIn(c *kernel.Call, orgID, projectID, permission string) error {
	who := c.Caller.(caller)
	if _, ok := p.organizations.Get(c.Tx, orgID); !ok {
		return refuse(permissionDenied, "AUTH-Bs7Ds", "Organisation doesn't exist").Because("there is no organization %q", orgID)
	}
	who.orgID = orgID
	c.Caller = who
	return p.authorize(c, who.user, orgID, projectID, permission)
}

// inProject is workIn for the organization of a project. One that does not exist
// is the handler's to refuse.
func (p *Provider) inProject(c *kernel.Call, id, permission string) error {
	if v, ok := p.projects.Get(c.Tx, id); ok && !v.Removed {
		return p.workIn(c, v.OrgID, v.ID, permission)
	}
	return nil
}

// A check is what a method of version 2 asks for before it works: a permission, in
// the organization of what the request names.
type check func(c *kernel.Call, in proto.Message) error

// ofProject asks for a permission in the project that a request names.
func (p *Provider) ofProject(permission string) check {
	return func(c *kernel.Call, in proto.Message) error {
		return p.inProject(c, in.(interface{ GetProjectId() string }).GetProjectId(), permission)
	}
}

// ofUser asks for a permission in the organization of the user that a request names.
// One that does not exist is the handler's to refuse.
func (p *Provider) ofUser(permission string) check {
	return func(c *kernel.Call, in proto.Message) error {
		u, ok := p.users.Get(c.Tx, in.(interface{ GetUserId() string }).GetUserId())
		if !ok {
			return nil
		}
		return p.workIn(c, u.OrgID, "", permission)
	}
}

// ofOrganization asks for a permission in the organization that a request names.
func (p *Provider) ofOrganization(permission string) check {
	return func(c *kernel.Call, in proto.Message) error {
		org, err := p.organization(c, in.(interface{ GetOrganizationId() string }).GetOrganizationId())
		if err != nil {
			return err
		}
		return p.workIn(c, org.ID, "", permission)
	}
}

// ofInstance asks for a permission in the instance. A request that names another
// one finds none.
func (p *Provider) ofInstance(permission string) check {
	return func(c *kernel.Call, in proto.Message) error {
		if err := p.workIn(c, orgOf(c), "", permission); err != nil {
			return err
		}
		named, ok := in.(interface{ GetInstanceId() string })
		if own := instanceID(c); ok && cmp.Or(named.GetInstanceId(), own) != own {
			return refuse(notFound, "QUERY-n0wng", instanceNotFound).Because("this is instance %s", own)
		}
		return nil
	}
}

// may reports whether the caller has a permission.
func (p *Provider) may(c *kernel.Call, orgID, projectID, permission string) bool {
	return p.authorize(c, c.Caller.(caller).user, orgID, projectID, permission) == nil
}

// authorize refuses a user who lacks a permission in an organization, or has it
// for other projects alone.
func (p *Provider) authorize(c *kernel.Call, u user, orgID, projectID, permission string) error {
	elsewhere := false
	for _, m := range p.membershipsOf.All(c.Tx, u.ID) {
		if !slices.ContainsFunc(m.Roles, func(role string) bool { return allows(role, permission) }) {
			continue
		}
		if m.ProjectID == "" {
			if m.OrgID == "" || m.OrgID == orgID {
				return nil
			}
			continue
		}
		pr, _ := p.projects.Get(c.Tx, m.ProjectID)
		if m.GrantID != "" { // the roles are for the organization that the project is granted to
			by, _ := p.projectGrants.Get(c.Tx, m.GrantID)
			pr.OrgID = by.OrgID
			if m.GrantID != c.Vars["grantId"] {
				continue
			}
		}
		switch {
		case pr.OrgID != orgID:
		case m.ProjectID == projectID:
			return nil
		default:
			elsewhere = true
		}
	}
	if elsewhere {
		return refuse(permissionDenied, "AUTH-3jknH", "No matching permissions found").
			Because("user %s has %s for other projects, not for %q", u.UserName, permission, projectID)
	}
	return refuse(permissionDenied, "AUTH-5mWD2", "No matching permissions found").
		Because("user %s has no role with %s in organization %s", u.UserName, permission, orgID)
}

// held is a good token and who holds it.
type held struct {
	accessToken
	PAT  bool
	user user
}

// resolve finds what a token stands for, or says why it is not good. Opaque ones
// are found by digest, JWTs by their signature and their record, wherever they
// say that they come from.
func (p *Provider) resolve(c *kernel.Call, text string) (held, string) {
	var h held
	sum := kit.Digest(text)
	if pat, ok := p.byPATDigest.Get(c.Tx, sum); ok {
		h.accessToken = accessToken{
			ID: pat.ID, UserID: pat.UserID, Scopes: pat.Scopes,
			IssuedAt: pat.Created, ExpiresAt: pat.ExpiresAt,
		}
		h.PAT = true
	} else if token, ok := p.byTokenDigest.Get(c.Tx, sum); ok {
		h.accessToken = token
	} else {
		id, why := p.verifyJWT(c, text)
		if why != "" {
			return h, why
		}
		if h.accessToken, ok = p.tokens.Get(c.Tx, id); !ok {
			return h, "the JWT is signed with this world's key, but there is no record of it: it is revoked, its user is removed, or it is from another world"
		}
	}
	if !c.Now.Before(h.ExpiresAt) {
		return h, "the token expired at " + h.ExpiresAt.UTC().Format(time.RFC3339)
	}
	h.user, _ = p.users.Get(c.Tx, h.UserID) // whose tokens go when it goes
	if why := h.user.whyNotActive(); why != "" {
		return h, why
	}
	if h.user.Human != nil {
		if _, _, why := p.desk.Token(c, h.ID); why != "" {
			return h, "the token of a sign-in: " + why
		}
	}
	return h, ""
}

// identifyUserInfo finds out whose userinfo is asked for.
func (p *Provider) identifyUserInfo(c *kernel.Call) error {
	text, ok := strings.CutPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
	if !ok {
		form, _ := c.Body.Value.(map[string]any)
		text, _ = form["access_token"].(string)
	}
	if text == "" {
		problem := refuseOAuth(invalidRequest, "access token missing")
		problem.Status = http.StatusUnauthorized
		return problem.Because("no access token in the Authorization header")
	}
	held, why := p.resolve(c, text)
	if why != "" {
		problem := refuseOAuth(accessDenied, "access token invalid")
		problem.Status = http.StatusUnauthorized
		return problem.Because("%s", why)
	}
	c.Caller, c.Credential = held, held.ID
	return nil
}

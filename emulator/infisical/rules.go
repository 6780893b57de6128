package infisical

import (
	"encoding/json"
	"fmt"

	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// rules says what the handlers take for granted of the tables; an imported state
// is held to it.
func (p *Provider) rules(env *kernel.Env) {
	p.organizations.Keyed(func(o organization) string { return o.ID })
	p.identities.Keyed(func(i identity) string { return i.ID })
	p.identities.Refers("OrganizationID", p.organizations, func(i identity) string { return i.OrganizationID })
	p.universalAuths.Keyed(func(u universalAuth) string { return u.IdentityID })
	p.universalAuths.KeyedBy(p.identities)
	p.clientSecrets.Keyed(func(s clientSecret) string { return s.ID })
	p.clientSecrets.Refers("UAID", p.byUAID, func(s clientSecret) string { return s.UAID })
	p.lockouts.KeyedBy(p.byUAID)
	p.tokenAuths.Keyed(func(t tokenAuth) string { return t.IdentityID })
	p.tokenAuths.KeyedBy(p.identities)
	p.tokens.Keyed(func(t accessToken) string { return t.ID })
	p.tokens.Refers("IdentityID", p.identities, func(t accessToken) string { return t.IdentityID })
	p.issued.Keyed(func(t issuedToken) string { return t.ID })
	p.revocations.KeyedFreely() // by tokens and what made them, which may be gone
	p.tokenUses.KeyedFreely()   // by tokens of any auth

	p.projects.Keyed(func(r project) string { return r.ID })
	p.projects.Refers("OrganizationID", p.organizations, func(r project) string { return r.OrganizationID })
	p.environments.Keyed(func(e environment) string { return e.ID })
	p.environments.Refers("ProjectID", p.projects, func(e environment) string { return e.ProjectID })
	p.folders.Keyed(func(f folder) string { return f.ID })
	p.folders.Refers("EnvironmentID", p.environments, func(f folder) string { return f.EnvironmentID })
	p.folders.Refers("ParentID", p.folders, func(f folder) string { return f.ParentID })
	p.tags.Keyed(func(t tag) string { return t.ID })
	p.tags.Refers("ProjectID", p.projects, func(t tag) string { return t.ProjectID })
	p.secrets.Keyed(func(s secret) string { return s.ID })
	p.secrets.Refers("FolderID", p.folders, func(s secret) string { return s.FolderID })
	p.secrets.RefersAll("Tags", p.tags, func(s secret) []string { return s.Tags })
	p.pastVersions.Keyed(func(s secret) string { return s.versionKey(float64(s.Version)) })
	p.imports.Keyed(func(i secretImport) string { return i.ID })
	p.imports.Refers("FolderID", p.folders, func(i secretImport) string { return i.FolderID })
	p.imports.Refers("EnvironmentID", p.environments, func(i secretImport) string { return i.EnvironmentID })
	p.organizations.Refers("ParentID", p.organizations, func(o organization) string { return o.ParentID })
	p.identities.Refers("ProjectID", p.projects, func(i identity) string { return i.ProjectID })
	p.roles.Keyed(func(r role) string { return r.ID })
	p.roles.Valid(func(r role) error { return permissionsAreJSON(r.Permissions) })
	p.members.Keyed(func(m projectMember) string { return m.ID })
	p.members.Refers("ProjectID", p.projects, func(m projectMember) string { return m.ProjectID })
	p.members.Refers("IdentityID", p.identities, func(m projectMember) string { return m.IdentityID })
	p.privileges.Keyed(func(v privilege) string { return v.ID })
	p.privileges.Valid(func(v privilege) error { return permissionsAreJSON(v.Permissions) })
	p.privileges.Refers("MemberID", p.members, func(v privilege) string { return v.MemberID })
	p.groups.Keyed(func(g group) string { return g.ID })
	p.groups.Refers("OrganizationID", p.organizations, func(g group) string { return g.OrganizationID })
	p.groupMembers.Keyed(groupMember.place)
	p.groupMembers.Refers("GroupID", p.groups, func(m groupMember) string { return m.GroupID })
	p.groupMembers.Refers("IdentityID", p.identities, func(m groupMember) string { return m.IdentityID })
	p.methods.oidc.rules(p)
	p.methods.jwt.rules(p)
	p.methods.kubernetes.rules(p)
	p.methods.aws.rules(p)

	uuid := (*entropy.Draw).UUID
	env.Drawn("role", p.roles, uuid)
	env.Drawn("project-membership", p.members, uuid)
	env.Drawn("privilege", p.privileges, uuid)
	env.Drawn("group", p.groups, uuid)
	env.Drawn("secret-import", p.imports, uuid)
	env.Drawn("organization", p.organizations, uuid)
	env.Drawn("identity", p.identities, uuid)
	env.Drawn("universal-auth", p.byUAID, uuid)
	env.Drawn("client-id", p.byClientID, uuid)
	env.Drawn("client-secret-id", p.clientSecrets, uuid)
	env.Drawn("client-secret", p.byDigest, func(d *entropy.Draw) string { return kit.Digest(d.Hex(32)) })
	env.Drawn("access-token", p.tokens, uuid)
	env.Drawn("project", p.projects, uuid)
	env.Drawn("environment", p.environments, uuid)
	env.Drawn("folder", p.folders, uuid)
	env.Drawn("tag", p.tags, uuid)
	env.Drawn("secret", p.secrets, uuid)
}

// permissionsAreJSON holds rules that are kept as they came to being shown again.
func permissionsAreJSON(text string) error {
	if !json.Valid([]byte(text)) {
		return fmt.Errorf("the permissions %.20q are not JSON", text)
	}
	return nil
}

package zitadel

// rules says what the handlers take for granted of the tables; an imported state
// is held to it.
func (p *Provider) rules() {
	p.ids.Keyed(func(lastID) string { return "" })
	p.organizations.Keyed(func(o organization) string { return o.ID })
	p.members.Keyed(member.key)
	p.members.Refers("UserID", p.users, func(m member) string { return m.UserID })
	p.members.Refers("OrgID", p.organizations, func(m member) string { return m.OrgID })
	p.members.Refers("ProjectID", p.projects, func(m member) string { return m.ProjectID })
	p.projectGrants.Keyed(func(g projectGrant) string { return g.ID })
	p.projectGrants.Refers("ProjectID", p.projects, func(g projectGrant) string { return g.ProjectID })
	p.projectGrants.Refers("OrgID", p.organizations, func(g projectGrant) string { return g.OrgID })
	p.members.Refers("GrantID", p.projectGrants, func(m member) string { return m.GrantID })
	p.grants.Refers("ProjectGrantID", p.projectGrants, func(g grant) string { return g.ProjectGrantID })
	p.domains.Keyed(func(d domain) string { return fold(d.Name) })
	p.domains.Refers("OrgID", p.organizations, func(d domain) string { return d.OrgID })
	p.webKeys.Keyed(func(k webKey) string { return k.ID })
	p.settingsOfOIDC.Keyed(func(oidcSettings) string { return "" })
	p.projects.Keyed(func(v project) string { return v.ID })
	p.projects.Refers("OrgID", p.organizations, func(v project) string { return v.OrgID })
	p.apps.Keyed(func(a app) string { return a.ID })
	p.apps.Refers("ProjectID", p.projects, func(a app) string { return a.ProjectID })
	p.users.Keyed(func(u user) string { return u.ID })
	p.users.Refers("OrgID", p.organizations, func(u user) string { return u.OrgID })
	p.keys.Keyed(func(k key) string { return k.ID })
	p.pats.Keyed(func(t personalAccessToken) string { return t.ID })
	p.pats.Refers("UserID", p.users, func(t personalAccessToken) string { return t.UserID })
	p.tokens.Keyed(func(t accessToken) string { return t.ID })
	p.tokens.Refers("UserID", p.users, func(t accessToken) string { return t.UserID })
	p.metadata.Keyed(metadata.key) // of users and organizations
	p.roles.Keyed(role.key)
	p.roles.Refers("ProjectID", p.projects, func(r role) string { return r.ProjectID })
	p.grants.Keyed(func(g grant) string { return g.ID })
	p.grants.Refers("OrgID", p.organizations, func(g grant) string { return g.OrgID })
	p.grants.Refers("UserID", p.users, func(g grant) string { return g.UserID })
	p.grants.Refers("ProjectID", p.projects, func(g grant) string { return g.ProjectID })
}

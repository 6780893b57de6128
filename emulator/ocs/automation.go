package ocs

import (
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// automationIdentity is whom the service lets work for itself, with roles. It has
// no secret.
type automationIdentity struct {
	ID, TenantID, Name string
	RoleIDs, Tags      []string
}

type automationIdentityInput struct {
	Wanted  []string  `query:"tag" json:"-"`
	Name    *string   `json:"Name"`
	RoleIDs *[]string `json:"RoleIds"`
	Tags    *[]string `json:"Tags"`
}

type automationIdentityBody struct {
	ID          string   `json:"Id"`
	Name        string   `json:"Name"`
	TenantID    string   `json:"TenantId"`
	RoleIDs     []string `json:"RoleIds"`
	RoleTypeIDs []string `json:"RoleTypeIds"`
	Tags        []string `json:"Tags"`
}

// automationIdentities are those of a tenant. Members may have to do with them as
// far as they hold their roles.
// https://docs.aveva.com/bundle/connect-data-services-developer/page/api-reference/identity/identity-automation-identities.html
func (p *Provider) automationIdentities() kit.Resource[automationIdentity, automationIdentityInput] {
	return kit.Resource[automationIdentity, automationIdentityInput]{
		Rows: p.automationsOf, Key: func(a automationIdentity) string { return a.ID }, Path: "automationIdentityId",
		Enter: inTenant[automationIdentityInput],
		New: func(c *kernel.Call, tenantID string) automationIdentity {
			t, _ := p.tenants.Get(c.Tx, tenantID)
			return automationIdentity{ID: c.Draw("automation-identity").UUID(), TenantID: tenantID, RoleIDs: []string{t.MemberRoleID}}
		},
		Assign: func(c *kernel.Call, a *automationIdentity, in automationIdentityInput) (err error) {
			kit.Put(&a.Name, in.Name)
			kit.Put(&a.Tags, in.Tags)
			if in.RoleIDs != nil {
				a.RoleIDs, err = p.rolesFor(c, a.TenantID, *in.RoleIDs)
			}
			if err == nil && a.Name == "" {
				err = invalid("Name: missing.", "Send a Name.")
			}
			if err == nil {
				err = p.guardAutomation(c, kit.Create, *a)
			}
			return err
		},
		Guard: p.guardAutomation,
		Find: func(c *kernel.Call, tenantID, id string) (automationIdentity, bool) {
			a, ok := p.automations.Get(c.Tx, strings.ToLower(id))
			return a, ok && a.TenantID == tenantID
		},
		Show: func(c *kernel.Call, a automationIdentity) any {
			return automationIdentityBody{a.ID, a.Name, a.TenantID, kit.List(a.RoleIDs), p.roleTypes(c, a.RoleIDs), kit.List(a.Tags)}
		},
		Missing: func(id string) error { return notFound("automation identity", id) },
		Keep:    func(in automationIdentityInput, a automationIdentity) bool { return tagged(a.Tags, in.Wanted) },
		Page:    page,
	}
}

// guardAutomation refuses a caller without one of the identity's roles, who does
// not administrate.
func (p *Provider) guardAutomation(c *kernel.Call, _ kit.Action, a automationIdentity) error {
	who := callerOf(c)
	if who.administrates() {
		return nil
	}
	held, _ := p.clients.Get(c.Tx, who.ClientID)
	for _, id := range a.RoleIDs {
		r, _ := p.roles.Get(c.Tx, id)
		if !slices.Contains(held.RoleIDs, id) && !slices.Contains(who.RoleTypes, r.RoleTypeID) {
			return forbidden("client %s does not hold the role %s of the automation identity", who.ClientID, r.Name)
		}
	}
	return nil
}

// tagged reports whether something has all the tags that are wanted.
func tagged(has, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(tag string) bool { return tag != "" && !slices.Contains(has, tag) })
}

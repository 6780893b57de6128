package ocs

import (
	"fmt"
	"math"
	"strconv"

	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// The sequences that numbers are drawn from.
const (
	madeSequence     = "ocs client made"
	secretIDSequence = "ocs secret id"
	deletionSequence = "ocs deletion"
)

// rules says what the handlers take for granted of the tables; an imported state
// is held to it.
func (p *Provider) rules(env *kernel.Env) {
	p.tenants.Keyed(func(t tenant) string { return t.ID })
	p.tenants.Refers("MemberRoleID", p.roles, func(t tenant) string { return t.MemberRoleID })
	p.issued.Keyed(func(t kit.Issued) string { return t.ID })
	p.roles.Keyed(func(r role) string { return r.ID })
	p.roles.Refers("TenantID", p.tenants, func(r role) string { return r.TenantID })
	p.clients.Keyed(func(cl client) string { return cl.ID })
	p.clients.Refers("TenantID", p.tenants, func(cl client) string { return cl.TenantID })
	p.clients.RefersAll("RoleIDs", p.roles, func(cl client) []string { return cl.RoleIDs })
	p.clients.Valid(func(cl client) error {
		if cl.Kind < 0 || cl.Kind >= kinds {
			return fmt.Errorf("there is no kind %d of clients", cl.Kind)
		}
		return nil
	})
	p.clients.Counted(madeSequence, func(_ string, cl client) uint64 { return cl.Made })
	p.secrets.Keyed(func(s secret) string { return secretKey(s.ID) })
	p.secrets.Refers("ClientID", p.clients, func(s secret) string { return s.ClientID })
	p.secrets.Counted(secretIDSequence, func(_ string, s secret) uint64 { return uint64(s.ID) })
	p.people.Keyed(func(u person) string { return u.ID })
	p.people.Refers("TenantID", p.tenants, func(u person) string { return u.TenantID })
	p.people.RefersAll("Roles", p.roles, func(u person) []string { return u.Roles })
	p.invitationTable.Keyed(func(i invitation) string { return i.ID })
	p.invitationTable.Refers("TenantID", p.tenants, func(i invitation) string { return i.TenantID })
	p.invitationTable.Refers("UserID", p.people, func(i invitation) string { return i.UserID })
	p.automations.Keyed(func(a automationIdentity) string { return a.ID })
	p.automations.Refers("TenantID", p.tenants, func(a automationIdentity) string { return a.TenantID })
	p.automations.RefersAll("RoleIDs", p.roles, func(a automationIdentity) []string { return a.RoleIDs })
	p.namespaceTable.Keyed(Namespace.key)
	p.namespaceTable.Refers("TenantID", p.tenants, func(n Namespace) string { return n.TenantID })
	p.communityTable.Keyed(func(g Community) string { return g.ID })
	p.communityTable.Refers("TenantID", p.tenants, func(g Community) string { return g.TenantID })
	p.goneClients.KeyedFreely()
	p.goneClients.Counted(deletionSequence, func(key string, _ gone[client]) uint64 { return deletion(key) })
	p.goneSecrets.KeyedFreely()
	p.goneSecrets.Counted(deletionSequence, func(key string, _ gone[secret]) uint64 { return deletion(key) })

	uuid := (*entropy.Draw).UUID
	env.Drawn("tenant", p.tenants, uuid)
	env.Drawn("role", p.roles, uuid)
	env.Drawn("client", p.clients, uuid)
	env.Drawn("person", p.people, uuid)
	env.Drawn("invitation", p.invitationTable, uuid)
	env.Drawn("automation-identity", p.automations, uuid)
	env.Drawn("community", p.communityTable, uuid)
	env.Drawn("secret", p.byDigest, func(d *entropy.Draw) string { return kit.Digest(newValue(d)) })
}

// deletion is the number that a deleted row has for its key; what is none is
// beyond every sequence.
func deletion(key string) uint64 {
	n, err := strconv.ParseUint(key, 10, 64)
	if err != nil {
		return math.MaxUint64
	}
	return n
}

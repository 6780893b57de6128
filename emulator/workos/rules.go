package workos

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
	p.environments.Keyed(func(environment) string { return theEnvironment })
	p.apiKeys.Keyed(func(k apiKey) string { return k.Digest })
	p.keys.Keyed(func(k organizationKey) string { return k.ID })
	p.keys.Refers("OrganizationID", p.organizations, func(k organizationKey) string { return k.OrganizationID })
	p.organizations.Keyed(func(o organization) string { return o.ID })
	p.domains.KeyedFreely() // by name
	p.domains.Refers("organization", p.organizations, func(id string) string { return id })
	p.applications.Keyed(func(a application) string { return a.ID })
	p.applications.Refers("OrganizationID", p.organizations, func(a application) string { return a.OrganizationID })
	p.secrets.Keyed(func(s clientSecret) string { return s.ID })
	p.secrets.Refers("ApplicationID", p.applications, func(s clientSecret) string { return s.ApplicationID })
	p.people.Keyed(func(u person) string { return u.ID })
	p.people.RefersAll("Organizations", p.organizations, func(u person) []string { return u.Organizations })
	p.issued.Keyed(func(t kit.Issued) string { return t.ID })
	p.authorizations.Keyed(func(a authorization) string { return a.ID })
	p.authorizations.Refers("OrganizationID", p.organizations, func(a authorization) string { return a.OrganizationID })
	p.authorizations.Refers("PersonID", p.people, func(a authorization) string { return a.PersonID })
	p.authorizations.Refers("ApplicationID", p.applications, func(a authorization) string { return a.ApplicationID })
	p.idempotentCalls.KeyedFreely() // by operation and key
	p.idempotentCalls.Valid(func(i idempotentCall) error {
		if i.Status < 200 || i.Status > 299 || !json.Valid(i.Answer) {
			return fmt.Errorf("%d with %.20q is no answer that is kept", i.Status, i.Answer)
		}
		return nil
	})
	p.ticks.KeyedFreely() // by prefix

	env.Drawn("organization-key", p.keyByDigest, func(d *entropy.Draw) string { return kit.Digest(newKeyValue(d)) })
	env.Drawn("client-secret", p.secretByDigest, func(d *entropy.Draw) string { return kit.Digest(d.Hex(secretBytes)) })
}

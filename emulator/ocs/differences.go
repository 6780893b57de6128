package ocs

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// The differences between the pages of 2019 and what has held since. The pages
// are those of osisoft/OCS-Docs on GitHub, and later those of docs.aveva.com.
var (
	noExpiration = &kernel.Difference{
		Name: "secret-without-expiration", Documented: "2xx, the secret never expires", Live: "400",
		Source: "Identity_Secret.md since July 2019: Expires, which is true by default, needs an Expiration",
	}
	ignoredExpiration = &kernel.Difference{
		Name: "expiration-of-a-secret-that-never-expires", Documented: "2xx, the Expiration is ignored", Live: "400",
		Source: "Identity_Secret.md since July 2019: Expires: false goes without an Expiration",
	}
	keptExpiration = &kernel.Difference{
		Name: "update-without-expiration", Documented: "200, the secret never expires", Live: "200, the Expiration stays",
		Source: "Identity_Secret.md since July 2019: what an update leaves out or sets to null stays",
	}
	expirationAlone = &kernel.Difference{
		Name: "update-with-expiration-alone", Documented: "200, the secret expires", Live: "400",
		Source: "the rule of July 2019 for what comes of an update whose Expires is left out and stays false; not run against the service",
	}
	self = &kernel.Difference{
		Name: "own-secrets", Documented: "403", Live: "2xx, a client-credential client lists, reads, adds and deletes its own secrets",
		Source: "the page of secrets since June 2022: Self beside Tenant Administrator, except for PUT",
	}
	hybridReads = &kernel.Difference{
		Name: "hybrid-clients-read-by-members", Documented: "403", Live: "200",
		Source: "the page of hybrid clients today: Tenant Member; in 2019: Account Administrator",
	}
	redirectURIs = &kernel.Difference{
		Name: "hybrid-client-without-redirect-uris", Documented: "201", Live: "400",
		Source: "the page of hybrid clients since July 2021: RedirectUris is required on creation",
	}
	hybridRefresh = &kernel.Difference{
		Name: "hybrid-client-refresh-tokens", Documented: "a refresh_token, as AllowOfflineAccess describes it and the vendor's hybrid sample uses it", Live: "no refresh_token",
		Source: "the page of hybrid clients since February 2022: refresh tokens are currently not supported for them; AVEVA/sample-adh-authentication_hybrid-dotnet asks for offline_access all the same",
	}
	unknownMember = &kernel.Difference{
		Name: "unknown-member", Documented: "400", Live: "as without the member",
		Source: "the service's OpenAPI file names Newtonsoft.Json, which skips unknown members; not run against the service",
	}
	memberCase = &kernel.Difference{
		Name: "member-in-another-case", Documented: "400", Live: "as in the page's case",
		Source: "the service's OpenAPI file names ASP.NET and Newtonsoft.Json, which reads names without regard to case; not run against the service",
	}
	dateAlone = &kernel.Difference{
		Name: "date-without-a-time", Documented: "400", Live: "2xx, midnight in UTC",
		Source: "the service's OpenAPI file names Newtonsoft.Json, which reads such dates; not run against the service",
	}
)

var differences = []*kernel.Difference{
	noExpiration, ignoredExpiration, keptExpiration, expirationAlone, self, hybridReads, redirectURIs, hybridRefresh, unknownMember,
	memberCase, dateAlone,
}

// decode reads a body. The service takes its members' names in any case.
func decode(c *kernel.Call) (kernel.Body, error) {
	body, err := c.DecodeBody(c.Takes)
	if err != nil {
		return body, err
	}
	if schema := c.Operation().BodySchema(body.MediaType); schema != nil {
		if folded, ok := fold(c, schema, body.Value); ok {
			return kernel.NewBody(body.MediaType, folded), nil
		}
	}
	return body, nil
}

// fold returns a value with the names that its schema has, and whether the
// contract lets them stand for those that were sent.
func fold(c *kernel.Call, schema *openapi3.Schema, value any) (folded any, live bool) {
	switch value := value.(type) {
	case []any:
		if schema.Items == nil {
			return value, false // no list is wanted
		}
		items := slices.Clone(value)
		for i, item := range items {
			if now, ok := fold(c, schema.Items.Value, item); ok {
				items[i], live = now, true
			}
		}
		return items, live
	case map[string]any:
		object := maps.Clone(value)
		for _, name := range slices.Sorted(maps.Keys(value)) {
			for known := range schema.Properties {
				if name != known && strings.EqualFold(name, known) && c.Differs(memberCase) {
					delete(object, name)
					object[known], live = value[name], true
				}
			}
		}
		return object, live
	}
	return value, false
}

// tolerate lets pass what the service does not mind: members that it skips, and
// dates without a time.
func tolerate(c *kernel.Call, b gate.Breach) bool {
	switch text, _ := b.Got.(string); b.Rule {
	case gate.RuleUnknown:
		return c.Differs(unknownMember)
	case "pattern": // the document has patterns for dates alone
		_, err := time.Parse(time.DateOnly, text)
		return err == nil && c.Differs(dateAlone)
	}
	return false
}

var chosen = []kernel.Choice{
	{Name: "error-texts", What: "the sentences in Error, Reason and Resolution are Understudy's own; the service's are not public", Decided: "recorded refusals"},
	{Name: "unauthenticated", What: "a 401 has the envelope, as the pages of today say and those of 2019 deny, and WWW-Authenticate: Bearer", Decided: "a call without a token"},
	{Name: "order-of-checks", What: "the token, then the tenant, then the role, then the request itself, then the client, then the secret", Decided: "a member's call for a client that does not exist, with a broken body"},
	{Name: "another-tenant", What: "403 for a tenant that exists and is not the token's", Decided: "a token of another tenant"},
	{Name: "null-members", What: "members that are null are present, whatever Accept-Verbosity says; lists that are empty are []", Decided: "a recorded secret that never expires, with and without Accept-Verbosity"},
	{Name: "member-order", What: "members stand in the order of the samples of 2019", Decided: "a recorded secret and client"},
	{Name: "times", What: "written in UTC with the offset +00:00, as the samples of 2019 have one and those of today Z; read with any offset, without one as UTC; of more than seven fractional digits the first seven count", Decided: "a recorded secret with an Expiration"},
	{Name: "past-expiration", What: "accepted; the secret cannot be used", Decided: "a POST with one"},
	{Name: "expired-secrets", What: "listed, counted towards the limit, and revived by an update, until they are deleted; at its Expiration itself a secret still works, as IdentityServer has it", Decided: "a list after one has expired, and a PUT of it"},
	{Name: "expires", What: "true exactly when Expiration is not null, also when it was left out", Decided: "a POST without Expires"},
	{Name: "update-description", What: "a Description that is left out or null stays, in both contracts", Decided: "a PUT with Description: null"},
	{Name: "update-never-expires", What: "Expires: false takes the stored Expiration away, in both contracts", Decided: "a PUT with Expires: false"},
	{Name: "secret-limit", What: "400 for the 11th secret of a client", Decided: "an 11th POST"},
	{Name: "secret-value", What: "44 characters: 32 bytes in base64; an update or a deletion is all that can end it", Decided: "a recorded secret"},
	{Name: "secret-id", What: "one sequence for all clients of all tenants; 400 for what is no 32-bit integer", Decided: "two clients' secrets; a GET with a word for an id"},
	{Name: "paging", What: "400 for a negative skip or count; count 0 is an empty list; there is no upper bound", Decided: "a GET with skip=-1, count=0, count=1001"},
	{Name: "list-order", What: "the order in which things were added", Decided: "a list after a deletion and an addition"},
	{Name: "total-count", What: "with a filter, how many match it", Decided: "a list with a tag"},
	{Name: "tags", What: "a client is found when it has all the given tags", Decided: "a list with two tags"},
	{Name: "unknown-ids", What: "207 when any of the given ids of client-credential clients does not exist, even if none does; hybrid clients that do not exist are left out", Decided: "a list with ids that nobody has"},
	{Name: "client-name", What: "400 without one on creation; an update may leave it out", Decided: "a POST without a Name"},
	{Name: "client-id", What: "any text of up to 100 characters, which is unique among all tenants; a GUID is drawn for none", Decided: "a POST with an Id that is no GUID"},
	{Name: "client-roles", What: "the member role alone when none are given; 400 without the member role, or for a role that does not exist", Decided: "a POST without RoleIds, and one without the member role"},
	{Name: "new-client", What: "enabled, unless Enabled is false", Decided: "a POST without Enabled"},
	{Name: "delete-client", What: "always possible; the 409 of the page has no known condition", Decided: "a recorded 409"},
	{Name: "built-in-roles", What: "400 for changing one; 405 for deleting one, as in the service's OpenAPI file", Decided: "a PUT and a DELETE of a built-in role"},
	{Name: "role-clash", What: "302 when the rest is the same, 409 when not", Decided: "a second POST of a role"},
	{Name: "role-permissions", What: "the built-in administrator and member roles decide; the others permit nothing here", Decided: "a token of a Tenant Contributor"},
	{Name: "body-limits", What: "400 for a body over 1 MiB, 415 for one that is not application/json", Decided: "a body over 1 MiB, and one of text/plain"},
	{Name: "issuer", What: "the address of the request with /identity; the service's own is not public", Decided: "the discovery document"},
	{Name: "token-claims", What: "aud and scope are " + apiScope + "; tid and role_type, which users' tokens are known to have, tell a client's tenant and roles as they were when it was issued; the header's typ is JWT", Decided: "a client's token"},
	{Name: "token-order", What: "the client is looked at before the grant and the scope", Decided: "a wrong secret with an unknown grant"},
	{Name: "userinfo", What: "a client's own token is answered with its id as sub", Decided: "a call with a client's token"},
	{Name: "sign-in", What: "errors, what is sent back and what is only shown, lifetimes (code and ID token 5m, session 10h, refresh token of a hybrid client 30d) as IdentityServer4 has them by default; of an authorization-code client 8h, as the vendor's Grafana plugin says", Decided: "a recorded sign-in"},
	{Name: "sign-in-errors-shown", What: "400 with the envelope, to browsers a page; the service's own page is not public", Decided: "a sign-in with a wrong redirect_uri"},
	{Name: "code-after-a-wrong-verifier", What: "can be used still; IdentityServer4 removes a code when it is first looked at", Decided: "a code sent again after a wrong code_verifier"},
	{Name: "code-reuse", What: "revokes what the code gave, by RFC 6749 section 4.1.2", Decided: "a code sent twice, and the first token used"},
	{Name: "hybrid-pkce", What: "hybrid clients may use PKCE, authorization-code clients must; S256 alone", Decided: "a sign-in to each kind without a code_challenge, and with a plain one"},
	{Name: "user-token-claims", What: "tid and role_type in access and ID tokens, as the vendor's samples read them of user profiles; name and email by the scopes profile and email", Decided: "a user's tokens"},
	{Name: "device-code-lifetime", What: "300 seconds when nothing is said, as IdentityServer4 has it", Decided: "a POST without DeviceCodeLifetime"},
	{Name: "users", What: "those made over the API cannot sign in, because nobody accepts an invitation here; 400 for an Id that another has; the member role alone when no roles are given; 404 for a PUT with an unknown Id, as the page lists, though the vendor's library calls it createOrUpdate", Decided: "a POST with the Id of another, one without RoleIds, and a PUT with an unknown Id"},
	{Name: "invitations", What: "sent at once and by every update, unless SendInvitation is false; State is not taken from requests; one that has expired is still found by its identifier and its user", Decided: "a POST without SendInvitation; a GET after the Expires"},
	{Name: "automation-identity-roles", What: "the member role alone when none are given; 400 without it", Decided: "a POST without RoleIds"},
	{Name: "namespaces", What: "those of the world, in one region; a missing one is a 404 with the envelope; their access control is left out", Decided: "a recorded namespace, and a GET of one that is not there"},
	{Name: "communities", What: "those of the caller's tenant, which owns them alone; a missing one is a 404, which the page does not list", Decided: "a GET of one that is not there"},
	{Name: "propagation", What: "concerns updates and deletions of clients and secrets, each for as long as the setting says; what is added can be used at once", Decided: "a PUT and a token every minute after it"},
	{Name: "regions", What: "there is one region, which takes writes", Decided: "a POST at a regional host"},
	{Name: "default-token", What: "the access token of the world's credentials lives until 2100-01-01 and names the vendor's host as its issuer", Decided: "nothing: the service has no such token"},
}

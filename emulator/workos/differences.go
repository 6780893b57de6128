package workos

import "github.com/understudy-dev/understudy/internal/kernel"

// The differences between the published page and the running service.
var hintSide = &kernel.Difference{
	Name: "secret-hint", Documented: "the first characters of the secret", Live: "its last characters",
	Source: "the pages of creating and listing say first; the OpenAPI document and the object's own page say last",
}

var differences = []*kernel.Difference{hintSide}

// What nobody public says, and is chosen; chosen lists it for users.
const (
	// secretBytes is how long a secret is: the token page shows 64 hexadecimal
	// digits, the secrets page an invented text.
	secretBytes = 32
	// hintLength is as in the OpenAPI document's example.
	hintLength = 6
	// tooManySecrets is the message for a sixth secret.
	tooManySecrets = "An application can have at most %d client secrets."
	// malformedBody is the message for a body that is not JSON.
	malformedBody = "The request body is not valid JSON."
	// malformedForm is the description for a body that is no form.
	malformedForm = "The request body is not a valid form."
	// invalidMetadata is the message for metadata beyond its bounds.
	invalidMetadata = "The metadata is invalid."
	// externalIDUsed is the message for an external id that is taken.
	externalIDUsed = "The external id '%s' is already used by another organization."
	// expiresInPast is the end of an API key in the past, when it is made.
	expiresInPast = "expires_at must be a future timestamp"
	// invalidClientMetadata is the description for an application that cannot
	// register itself.
	invalidClientMetadata = "The client metadata is invalid."
	// badCursor is the end of the message for a cursor that is no identifier.
	badCursor = " must be a valid cursor"
	// verificationPrefix begins the name of the DNS record that would verify a domain;
	// the sample's goes on with the end of its organization's id.
	verificationPrefix = "understudy-domain-verification-"
	// wrongSecret is the description for a known client with another secret.
	wrongSecret = "Invalid client ID or secret."
	// missingClient is recorded for a request that names no client; it is chosen
	// for one that names a client and has no secret.
	missingClient = "Missing authorization header."
)

var chosen = []kernel.Choice{
	{Name: "secret-form", What: "64 hexadecimal digits without a prefix, as the token page's example", Decided: "a secret of a real application"},
	{Name: "secret-hint-length", What: "six characters, as in the OpenAPI document's example", Decided: "a secret of a real application with its hint"},
	{Name: "sixth-secret", What: "422, \"An application can have at most 5 client secrets.\"", Decided: "a sixth creation at the service"},
	{Name: "secret-order", What: "an application's secrets are listed in the order they were made", Decided: "a list of two secrets at the service"},
	{Name: "last-used", What: "last_used_at is the moment of the last exchange that gave a token, or of the last validation that found an API key; updated_at moves with it, as in the page's sample of a used secret", Decided: "a list of secrets before and after an exchange"},
	{Name: "not-found-nouns", What: "404s name an Application or a Client secret, with code and entity_id as recorded for other objects", Decided: "a read of an unknown application at the service"},
	{Name: "validation", What: "422s list a field and a sentence for each breach, as recorded on other operations; unknown properties, and those of the other type of application, are breaches", Decided: "the same breach at the service"},
	{Name: "malformed-body", What: "400, \"" + malformedBody + "\"; 415 for another media type than JSON", Decided: "a body that is no JSON at the service"},
	{Name: "unknown-path", What: "404, \"Not Found\", as recorded for unknown objects of some operations", Decided: "a call of an unknown path to the service"},
	{Name: "unknown-organization", What: "404 when creating an application; 422 when listing applications, which documents no other refusal", Decided: "a creation and a list with an unknown organization at the service"},
	{Name: "null-lists", What: "null for scopes or redirect_uris leaves them as they are in an update: the Node.js SDK sends it for whatever its caller does not name; a redirect URI without default is none", Decided: "an update with null at the service"},
	{Name: "deleted-organization", What: "its applications, API keys and memberships end with it, at once; the 202 has no body", Decided: "a read of an application after the deletion of its organization at the service"},
	{Name: "empty-external-id", What: "an empty external_id is as none: workos-go v4 and v6 send it in every update", Decided: "an update with workos-go v6 at the service"},
	{Name: "null", What: "a member that is null is as if it was not sent, but for metadata's keys, description, external_id and an API key's expires_at: workos-go v4 and v6 send null for every list that their caller leaves out", Decided: "a creation with workos-go v6 at the service"},
	{Name: "organization-domains", What: "an update with domain_data or domains replaces the domains; those that stay keep their ids. verification_prefix is \"" + verificationPrefix + "\" and the end of the organization's id, as in the OpenAPI document's sample", Decided: "an update with other domains at the service"},
	{Name: "api-key-form", What: "sk_ and 40 letters and digits; obfuscated_value shows the last four, as in the OpenAPI document's example", Decided: "an API key of a real organization"},
	{Name: "api-key-past-expiration", What: "422 when a key is made, \"" + expiresInPast + "\"; the page says that it must be in the future", Decided: "a creation with a past expires_at at the service"},
	{Name: "cursors", What: "a cursor is a place among identifiers, whether it exists or not, and both at once bound a page from both sides; what is no identifier is 422; before is null on the first page", Decided: "a list after a cursor that is deleted at the service"},
	{Name: "token-lifetime", What: "300 s, as in the page's example of a user's token; the setting tokenLifetime changes it", Decided: "a machine's token of the service"},
	{Name: "scopes", What: "without a scope, the token gets all the application's; asked for may be those and openid, profile, email and offline_access, which the page's own example asks for; anything else is invalid_scope", Decided: "a token request with the same scope to the service"},
	{Name: "scope-claim", What: "left out when there is none", Decided: "a machine's token of the service without scopes"},
	{Name: "client-authentication", What: "before the grant type is looked at; another secret is \"" + wrongSecret + "\", none is \"" + missingClient + "\", two are invalid_request. Beside a Basic header a client_id in the form does not count, and of a parameter given twice the last does", Decided: "the same token request to the service"},
	{Name: "grants", What: "an OAuth application's client_credentials are unauthorized_client, as a machine's other grants are", Decided: "the same token request to the service"},
	{Name: "sign-in", What: "codes live 10m, as those of the service's other sign-in, refresh tokens 30d from the sign-in and are good once, sessions 24h; PKCE is needed by applications that use it and those that registered themselves, which then need no secret; S256 alone; a code that is used again revokes what it gave, a refresh token does not", Decided: "the same sign-in at the service; its lifetimes can be seen in the dashboard"},
	{Name: "sign-in-errors", What: "an unknown application leads to /oauth2/error with application_not_found, as observed, a wrong address with redirect_uri_invalid; everything else is sent back to the application by RFC 6749", Decided: "the same authorization request to the service"},
	{Name: "registration", What: "by RFC 7591 for anybody: redirect_uris and the grants of people; without token_endpoint_auth_method the application gets a secret; what the RFC knows beside is ignored, and refusals are \"" + invalidClientMetadata + "\"", Decided: "the same registration at the service"},
	{Name: "organization-of-a-sign-in", What: "org_id is the organization_id of the request, if the person is a member, or else the first of the person's; who is no member is access_denied", Decided: "a sign-in of a member of two organizations at the service"},
	{Name: "authorized-applications", What: "one for each person, application and organization signed in to, with all the scopes that were granted; an application of the environment's own asks nobody and has none. Deleting one ends what its sign-ins gave, in all of the person's organizations", Decided: "the lists of an organization and a user after sign-ins to a third-party and a first-party application"},
	{Name: "user-tokens", What: "sid begins with app_consent_, as in the page's example, and stays for a browser's session; without a scope the application's own are granted; the ID token lives as long as the access token", Decided: "a user's tokens of the service"},
	{Name: "introspection", What: "any application of the environment may ask about any token; an inactive one is {\"active\":false}; a machine's has no jti; deleting the application ends its tokens there", Decided: "the same introspection at the service"},
	{Name: "userinfo", What: "a machine's token needs the scope openid and shows its sub alone; any other is the recorded refusal", Decided: "a call with a machine's token to the service"},
	{Name: "idempotency", What: "what is recorded for organizations holds for all creations: 24 hours, for each API key and path; only 2xx answers are kept. A body that breaks the document is a 422 before its key is looked at", Decided: "a creation of a secret with one key twice at the service"},
	{Name: "rate-limit-window", What: "a fixed window of a minute by the world's clock, for each client address; calls without a good API key do not count", Decided: "a burst of calls to the service"},
}

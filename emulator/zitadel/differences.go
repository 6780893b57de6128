package zitadel

import (
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// The differences between the published pages and the running service.
var (
	emptyBody = &kernel.Difference{
		Name: "no-body", Documented: "400", Live: "as for {}",
		Source: "the gateway's generated handlers take the end of the input for an empty message",
	}
	contentType = &kernel.Difference{
		Name: "content-type", Documented: "400 for anything but JSON", Live: "whatever the type, the body is read as JSON",
		Source: "internal/api/grpc/server/gateway.go registers one marshaler for all types",
	}
	trailingData = &kernel.Difference{
		Name: "text-after-the-body", Documented: "400", Live: "ignored",
		Source: "the gateway's JSON decoder takes one value (grpc-gateway runtime/marshal_jsonpb.go)",
	}
	unknownEnum = &kernel.Difference{
		Name: "unknown-enum-name", Documented: "400", Live: "as if not sent",
		Source: "protojson drops unknown names with the gateway's DiscardUnknown",
	}
	badAssertion = &kernel.Difference{
		Name: "bad-assertion-grant", Documented: "400 invalid_grant", Live: "500 server_error, Errors.Internal",
		Source: "RFC 7523 section 3.1; zitadel/zitadel issues 9745, 12692",
	}
)

var differences = []*kernel.Difference{emptyBody, contentType, trailingData, unknownEnum, badAssertion}

// What nobody public says, and is chosen; chosen lists it for users.
const (
	// emptyBodyMessage is the message for a body that the page requires and that
	// is not there: what the gateway's decoder calls it.
	emptyBodyMessage = "EOF"
	// contentTypeMessage is the message for a body that is not JSON by its type.
	contentTypeMessage = "unsupported content type"
	// tooLargeMessage is the message for a body that is too large.
	tooLargeMessage = "request body too large"
	// keyExpired is the refusal of an expiration date that has passed.
	keyExpiredID, keyExpired = "DOMAIN-dv3t5", "Errors.AuthNKey.ExpireBeforeNow"
	// unknownAdmin is the refusal of a project whose administrator does not exist.
	unknownAdmin = userNotFound
	// unknownAppType and unknownUserType are the refusals of a new application or
	// user without a type.
	unknownAppType, unknownUserType = "unknown app type", "user type is not implemented"
	// instanceVersion is the release that the instance says to be.
	instanceVersion = "v4.0.0"
	// undetermined is the language of people who have named none.
	undetermined = "und"
	// defaultLimit and maxLimit bound the pages of lists.
	defaultLimit, maxLimit = 100, 1000
	// tokenLifetime is how long access and ID tokens live, unless the settings say
	// otherwise.
	tokenLifetime = 12 * time.Hour
)

var chosen = []kernel.Choice{
	{Name: "sign-in", What: "codes live 5m, sessions 24h; refresh tokens 30d unused and 90d in all, as the service's defaults; they are good once, a code that is used again revokes what it gave; an application without authentication needs PKCE at the authorization endpoint; S256 alone", Decided: "the same call to an instance of the service"},
	{Name: "sign-in-errors", What: "what is not sent back to the application is 400 in JSON, to browsers a page, where zitadel/oidc answers the same sentence in plain text; scopes that nobody knows are left out", Decided: "the same call to an instance of the service"},
	{Name: "response-types", What: "code and id_token; \"id_token token\" is refused as missing in the configuration", Decided: "the same call to an instance of the service"},
	{Name: "people", What: "are users; their tokens are meant for the application and its project, and open no API without a role; one of version 1 is initial until the email is verified and there is a password, and can sign in all the same; a person without a language has \"" + undetermined + "\"", Decided: "the same call to an instance of the service"},
	{Name: "user-states", What: "an inactive or locked user's tokens are not good; client credentials of one are 400 invalid_request \"Errors.User.NotActive\", without a check of the secret; locking makes no inactive user locked, and deactivating no initial one inactive", Decided: "the same call to an instance of the service"},
	{Name: "devices", What: "codes live 5m, polled every 5s, as the service's defaults; the page is /device", Decided: "the same call to an instance of the service"},
	{Name: "empty-body-message", What: "in the documented contract a missing body is 400, code 3, \"" + emptyBodyMessage + "\", before anybody asks who calls", Decided: "the same call to an instance of the service"},
	{Name: "content-type-message", What: "in the documented contract a body of another type than JSON is 400, code 3, \"" + contentTypeMessage + "\"; one without a type is read as JSON", Decided: "the same call to an instance of the service"},
	{Name: "unknown-enum-message", What: "in the documented contract an unknown enum name is answered like an unknown number", Decided: "the same call to an instance of the service"},
	{Name: "body-over-1-MiB", What: "413, code 8, \"" + tooLargeMessage + "\"", Decided: "nothing: it is Understudy's own"},
	{Name: "unknown-paths", What: "unknown paths and methods are answered as by the gateway of the Management API wherever they are", Decided: "the same call to an instance of the service"},
	{Name: "sequence", What: "every project, user and organization counts its events from 1; applications and keys count with their project or user", Decided: "the same call to an instance of the service"},
	{Name: "unknown-project-admin", What: "400, code 9, \"" + unknownAdmin + "\", without an id", Decided: "the same call to an instance of the service"},
	{Name: "list-order", What: "lists are in the order of creation, users by the sorting column if one is named; processedSequence is the highest sequence in reach and viewTimestamp now", Decided: "the same call to an instance of the service"},
	{Name: "list-limits", What: "a page has 100 rows unless limit says otherwise, and at most 1000", Decided: "the same call to an instance of the service"},
	{Name: "unique-names", What: "a project's name is unique in its organization, an application's in its project, a user name in the instance, whatever their case, as internal/eventstore/v3/unique_constraints.go stores them", Decided: "the same call to an instance of the service"},
	{Name: "project-scoped-callers", What: "a caller with permissions on single projects alone cannot create or search projects: 403 AUTH-3jknH", Decided: "the same call to an instance of the service"},
	{Name: "creation-date-of-changes", What: "the details of a change have no creationDate, as the service makes them (internal/api/grpc/object/converter.go); the pages name the member for all, and say what it is on reads and creations alone", Decided: "a page that says what it is on changes"},
	{Name: "member-and-grant-messages", What: "the words of refusals about members, roles and grants; the ids are the service's where public (ORG-GoXOn, Org-4N8es, COMMAND-vv8M9, COMMAND-3M9sd, COMMAND-4m9ff, COMMAND-Rs8fy, QUERY-wIPkA); an account with the service would decide the rest", Decided: "the same call to an instance of the service"},
	{Name: "roles", What: "IAM_OWNER, IAM_OWNER_VIEWER, ORG_OWNER, ORG_OWNER_VIEWER, ORG_USER_MANAGER, PROJECT_OWNER and PROJECT_OWNER_VIEWER have permissions; others have none", Decided: "the same call to an instance of the service"},
	{Name: "past-expiration", What: "an expiration date in the past is 400, code 3, " + keyExpiredID + " for keys and personal access tokens alike", Decided: "the same call to an instance of the service"},
	{Name: "key-pairs", What: "generated keys of applications and machine users are taken in turn from a few public RSA keys", Decided: "nothing: it is Understudy's own"},
	{Name: "oidc-compliance", What: "no OIDC application is found non-compliant", Decided: "the same call to an instance of the service"},
	{Name: "secret-of-a-removed-user", What: "a user is seen by the OAuth endpoints at once, and gone at once, whatever the lag; the lag holds for secrets, keys, applications and the state of projects", Decided: "the same call to an instance of the service"},
	{Name: "machine-login-name", What: "a machine user's login name, and so its client id, is its user name", Decided: "the same call to an instance of the service"},
	{Name: "id-token", What: "a grant with the scope openid answers with an ID token too", Decided: "the same call to an instance of the service"},
	{Name: "refresh-token", What: "the scope offline_access adds a refresh token, which no client of a machine user can use", Decided: "the same call to an instance of the service"},
	{Name: "other-grants", What: "subject tokens are never good: 400 invalid_grant", Decided: "the same call to an instance of the service"},
	{Name: "jwt-profile-client-id", What: "the client_id of a token from a JWT-profile grant is the user's id, of one from client credentials the user name", Decided: "the same call to an instance of the service"},
	{Name: "revocation", What: "an OIDC application can revoke a token whose audience has its client id or its project's id; other tokens are left alone and the answer is 200 all the same", Decided: "the same call to an instance of the service"},
	{Name: "version-2", What: "methods of version 2 refuse with the ids and messages of the methods of version 1 that do the same; creating without a type is 400, code 3, \"" + unknownAppType + "\" or \"" + unknownUserType + "\"", Decided: "the same call to an instance of the service"},
	{Name: "version-2-permissions", What: "methods of version 2 ask for the permission in the organization of what they work on: 403 AUTH-5mWD2; lists leave out what the caller may not read", Decided: "the same call to an instance of the service"},
	{Name: "version-2-lists", What: "in the order of creation, whatever the sorting column; pages as in version 1", Decided: "the same call to an instance of the service"},
	{Name: "metadata", What: "every value counts its events from 1", Decided: "the same call to an instance of the service"},
	{Name: "version-2-users", What: "a machine user without a user name logs in by its id; an update that changes nothing is 200", Decided: "the same call to an instance of the service"},
	{Name: "default-organization", What: "the first organization", Decided: "the same call to an instance of the service"},
	{Name: "instance", What: "is named \"" + instanceName + "\", is of version " + instanceVersion + " and runs; its one domain is the instance's own", Decided: "the same call to an instance of the service"},
	{Name: "domains", What: "a new domain of an organization is verified, as the default policy asks for no proof; no other organization can have it, whatever the case", Decided: "the same call to an instance of the service"},
	{Name: "project-grants", What: "a role PROJECT_GRANT_OWNER manages the members of the grant; other roles of granted projects have no permissions", Decided: "the same call to an instance of the service"},
	{Name: "web-keys", What: "an instance begins with one active key; keys are RSA of 2048 bits with SHA256, others are 501; a world has eight more, and a ninth change is 501; a key that never signed can be deleted, as internal/command/web_key.go has it", Decided: "the same call to an instance of the service"},
	{Name: "oidc-settings", What: "hold for tokens made afterwards", Decided: "the same call to an instance of the service"},
	{Name: "general-settings", What: "English is the one language", Decided: "the same call to an instance of the service"},
	{Name: "rpc-status", What: "an injected status has the code of the gateway's table; a fault's code that is a gRPC code's name, in any spelling, names it exactly", Decided: "the same call to an instance of the service"},
	{Name: "default-token", What: "the personal access token of the world's credentials lives until 2100-01-01", Decided: "nothing: it is Understudy's own"},
}

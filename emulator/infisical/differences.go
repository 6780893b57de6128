package infisical

import (
	"errors"
	"net/http"
	"regexp"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// The differences between the published page and the running service. The
// source of each is the backend's public code; its error handler has no branch
// for errors of the framework's body parsers, so they end as 500.
var (
	malformedJSON = &kernel.Difference{
		Name: "malformed-json", Documented: "400 BadRequest", Live: "500 InternalServerError",
		Source: "backend/src/server/plugins/error-handler.ts",
	}
	emptyJSONBody = &kernel.Difference{
		Name: "empty-json-body", Documented: "400 BadRequest", Live: "500 InternalServerError",
		Source: "backend/src/server/plugins/error-handler.ts",
	}
	contentType = &kernel.Difference{
		Name: "unsupported-content-type", Documented: "400 BadRequest", Live: "500 InternalServerError",
		Source: "backend/src/server/plugins/error-handler.ts",
	}
	bodyTooLarge = &kernel.Difference{
		Name: "body-over-1-MiB", Documented: "400 BadRequest", Live: "500 InternalServerError",
		Source: "backend/src/server/plugins/error-handler.ts",
	}
	formBody = &kernel.Difference{
		Name: "form-body", Documented: "400 BadRequest", Live: "as for JSON, every value a string",
		Source: "backend/src/server/app.ts registers a form parser",
	}
	textBody = &kernel.Difference{
		Name: "text-body", Documented: "400 BadRequest", Live: "422 ValidationFailure",
		Source: "the framework's own parser makes plain text a string",
	}
	unknownKey = &kernel.Difference{
		Name: "unknown-key", Documented: "422 unrecognized_keys", Live: "as without the key",
		Source: "backend/src/server/plugins/fastify-zod.ts parses with zod's default, which strips",
	}
	nonUUIDIdentity = &kernel.Difference{
		Name: "identity-id-not-a-uuid", Documented: "404 NotFound", Live: "500 " + identityLookup,
		Source: "the identity id is a uuid column; backend/src/services/membership-identity/membership-identity-dal.ts names the error; not run against the service",
	}
	fractionalNumber = &kernel.Difference{
		Name: "fractional-ttl-or-uses", Documented: "200", Live: "500 " + rowCreation,
		Source: "the columns are integers, the schema takes any number; backend/src/lib/knex/index.ts names the error; not run against the service",
	}
	tokenWithoutBody = &kernel.Difference{
		Name: "token-without-body", Documented: "200", Live: "422, or 500 where the content type is JSON",
		Source: "the page's request body is optional; backend/src/server/plugins/fastify-zod.ts parses what is not there as null",
	}
	tokenCeiling = &kernel.Difference{
		Name: "token-auth-ceiling", Documented: "a lifetime as configured, 0 without end", Live: "at most 90 days",
		Source: "backend/src/services/identity-access-token/identity-access-token-fns.ts",
	}
	metadataEcho = &kernel.Difference{
		Name: "identity-update-metadata", Documented: "the identity's metadata", Live: "only the metadata that the call sent",
		Source: "backend/src/services/identity/identity-service.ts answers with what it has inserted",
	}
	cleanUp = &kernel.Difference{
		Name: "client-secret-clean-up", Documented: "a client secret that has ended stays", Live: "404 from a day after its end",
		Source: "backend/src/services/identity-ua/identity-ua-client-secret-dal.ts, deleted by a daily job; ours by the clock",
	}
	endlessToken = &kernel.Difference{
		Name: "token-without-end", Documented: "taken", Live: "401 UnauthorizedError since 2026-08-02, which ends the token of a bootstrap",
		Source: "backend/src/services/identity-access-token/identity-access-token-fns.ts; https://github.com/Infisical/infisical/issues/7599",
	}
	keysNotRead = &kernel.Difference{
		Name: "jwt-auth-keys-not-read", Documented: "401 UnauthorizedError", Live: "500 InternalServerError",
		Source: "backend/src/services/identity-jwt-auth/identity-jwt-auth-service.ts lets the errors of its key library go; not run against the service",
	}
	protectionAlone = &kernel.Difference{
		Name: "delete-protection-off-without-name", Documented: "200, the protection is off", Live: "200, the protection stays",
		Source: "backend/src/services/identity/identity-service.ts writes it with a name or when it is turned on",
	}
)

var differences = []*kernel.Difference{
	malformedJSON, emptyJSONBody, contentType, bodyTooLarge, formBody, textBody,
	unknownKey, nonUUIDIdentity, fractionalNumber, tokenWithoutBody, tokenCeiling, metadataEcho, protectionAlone,
	cleanUp, endlessToken, keysNotRead,
}

// maxTokenAge is the service's upper bound of a token's life, in seconds: 90 days,
// as its /api/status tells.
const maxTokenAge = 7_776_000

// The names of database errors: the service's names of what failed.
const (
	identityLookup = "MembershipGetByIdentityId"
	rowCreation    = "Create"
)

// What nobody public says, and is chosen; chosen lists it for users.
const (
	// unknownRole is the message for a role that the organization lacks.
	unknownRole = "Failed to find role with slug %s"
	// unknownProjectSlug is the message for a project slug that is not there.
	unknownProjectSlug = "Project with slug '%s' not found"
)

var chosen = []kernel.Choice{
	{Name: "identity-permissions", What: "only the role admin may manage identities, their auth methods and tokens; in the service a member may do most of it. The refusal's details are an empty list", Decided: "the same calls by an identity with another role to the service"},
	{Name: "world-token", What: "the access token of the world's first identity is of token auth, with a record where that identity has token auth", Decided: "nothing: it is Understudy's own"},
	{Name: "unknown-role", What: "404 NotFound, \"" + unknownRole + "\"", Decided: "a creation with an unknown role at the service"},
	{Name: "token-list-ties", What: "of tokens changed at the same time, the newest comes first", Decided: "two tokens of one instant in a list of the service; its query names no second order"},
	{Name: "token-use-shown", What: "accessTokenNumUses stays 0 and the dates of use and renewal null, as nothing public writes them; the limit is enforced all the same", Decided: "a list of tokens after their use at the service"},
	{Name: "unparsable-body-messages", What: "in the documented contract the 400s for unreadable bodies carry the messages of the framework's own errors", Decided: "nothing: the service answers these bodies with 500, as live does"},
	{Name: "foreign-organization", What: "naming an organization that is not the caller's is a 403 ForbiddenError", Decided: "a call with another organization's id to the service"},
	{Name: "default-token", What: "the access token of the world's credentials lives until 2100-01-01", Decided: "nothing: it is Understudy's own"},
	{Name: "rate-limit-window", What: "a fixed window of a minute by the world's clock, for each client address", Decided: "a burst of calls to the service; its headers tell the window"},
	{Name: "unknown-project-slug", What: "404 NotFound, \"" + unknownProjectSlug + "\"", Decided: "a read of secrets by an unknown slug at the service"},
	{Name: "project-membership", What: "an identity that is no member of a project has its role in the organization there: admin and member may do everything, no-access nothing but read what holds no secrets. The service asks for a membership of everybody", Decided: "nothing: a test would have to make a membership before its first call"},
	{Name: "project-permissions", What: "a member of a project may do what its roles there and its specific privileges allow, as backend/src/ee/services/permission/default-roles.ts has the rules of member and viewer; of conditions those on environment, secretPath and secretName count, for the folder that a call names; a rule with another condition does not apply. A list leaves out the secrets that the caller may not see, also below the folder and in what is imported. Folders and imports may be listed by all who are no members", Decided: "recordings of calls with custom roles"},
	{Name: "secret-permission-words", What: "refusals name the actions describeSecret, create, edit and delete on secrets, and create, edit and delete on secret-folders, with an empty list of rules", Decided: "a refused call to the service"},
	{Name: "secret-path", What: "an empty path is the root, and a slash in front or too many of them make no difference", Decided: "the same call to the service"},
	{Name: "batch-duplicate-key", What: "a key that stands twice in one batch is refused as one that exists", Decided: "a batch with one key twice at the service; its code looks for keys that are stored alone"},
	{Name: "issuers", What: "keys are read of issuers that are this server's own providers, on this machine, or named by --allow-issuer, whose documents are kept for a minute; certificates are always checked. The service asks every public issuer, none at a private address, at each login", Decided: "nothing: a test server is to call nobody by surprise"},
	{Name: "issuer-failures", What: "what a refusal says behind \"Failed to fetch\" and \"Failed to retrieve\" is Understudy's own; the service has the words of its HTTP and key libraries", Decided: "recordings of logins with an issuer that is not there"},
	{Name: "claim-globs", What: "bound subjects, audiences and claims are globs as github.com/bmatcuk/doublestar knows them (*, **, ?, [a-z], {a,b}); of several claims that do not fit, the first by name is told", Decided: "picomatch, the service's library, has more forms"},
	{Name: "groups", What: "groups and their members are kept and shown, and change nothing of what an identity may do: projects have no groups here", Decided: "serving the groups of projects"},
	{Name: "refusals-of-second-wave", What: "the words of refusals for what is not there, is taken or is protected, of projects, tags, imports, roles, memberships, privileges, groups, sub-organizations and of JWT, OIDC, Kubernetes and AWS auth", Decided: "the same calls to the service"},
	{Name: "sub-organization-membership", What: "every identity of an organization may have a token for its sub-organizations, with the same role; the service asks for a membership", Decided: "a token for a sub-organization without a membership at the service"},
	{Name: "bounds", What: "a path of more than 100 folders is a 400, as is a list, a search or an expansion of references that would come to more than 16 MiB or have as much looked at; the service names no bounds", Decided: "nothing: they are Understudy's own"},
	{Name: "rotated-secrets", What: "no secret is rotated: isRotatedSecret is false and rotationId null in every answer", Decided: "a secret of a rotation at the service"},
}

// decode reads bodies. The page knows JSON alone; the service also takes forms
// and makes plain text a string.
func decode(c *kernel.Call) (kernel.Body, error) {
	switch c.MediaType() {
	case "application/x-www-form-urlencoded":
		if c.Differs(formBody) {
			return c.DecodeForm()
		}
	case "text/plain":
		if c.Differs(textBody) {
			return c.DecodeText(), nil
		}
	}
	body, err := c.DecodeBody(c.Takes)
	var problem *kernel.Problem
	if !errors.As(err, &problem) || problem.Kind != kernel.EmptyBody {
		return body, err
	}
	switch {
	case c.Request.Method == http.MethodDelete: // the framework looks for no body there
		return kernel.Body{}, nil
	case c.Op == OpCreateToken && !c.Differs(tokenWithoutBody): // optional on the page, whatever the content type promises
		return kernel.Body{}, nil
	}
	return body, err
}

// tolerate lets unknown keys pass where the service strips them.
func tolerate(c *kernel.Call, b gate.Breach) bool {
	return b.Rule == gate.RuleUnknown && c.Differs(unknownKey)
}

var uuidPattern = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

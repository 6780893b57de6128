package infisical

import (
	"regexp"

	"github.com/understudy-dev/understudy/emulator/internal/gate"
	"github.com/understudy-dev/understudy/emulator/internal/kernel"
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
		Name: "identity-id-not-a-uuid", Documented: "404 NotFound", Live: "500 " + databaseErrorName,
		Source: "the identity id is a uuid column; not run against the service",
	}
	fractionalNumber = &kernel.Difference{
		Name: "fractional-ttl-or-uses", Documented: "200", Live: "500 " + databaseErrorName,
		Source: "the columns are integers, the schema takes any number; not run against the service",
	}
)

var differences = []*kernel.Difference{
	malformedJSON, emptyJSONBody, contentType, bodyTooLarge, formBody, textBody,
	unknownKey, nonUUIDIdentity, fractionalNumber,
}

// What nobody public says, and is chosen.
const (
	// databaseErrorName is the error name of a failed database call; the
	// service puts the name of its failing function there.
	databaseErrorName = "DatabaseError"
	// maxTokenAge is the service's upper bound of a token's life, in seconds:
	// 90 days in its tests; the default of the setting is not known.
	maxTokenAge = 7_776_000
	// unknownRole is the message for a role that the organization lacks.
	unknownRole = "Failed to find role with slug %s"
)

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
	return c.DecodeBody(c.Takes)
}

// tolerate lets unknown keys pass where the service strips them.
func tolerate(c *kernel.Call, b gate.Breach) bool {
	return b.Rule == gate.RuleUnknown && c.Differs(unknownKey)
}

var uuidPattern = regexp.MustCompile(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

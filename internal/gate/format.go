package gate

import (
	"fmt"
	"net/mail"
	"regexp"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// formats are the string formats the documents use; kin-openapi checks none of
// them by itself.
var formats = openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
	"uuid": openapi3.NewCallbackValidator(func(s string) error {
		if !uuid.MatchString(s) {
			return fmt.Errorf("not a UUID")
		}
		return nil
	}),
	"email": openapi3.NewCallbackValidator(func(s string) error {
		_, err := mail.ParseAddress(s)
		return err
	}),
	"date-time": openapi3.NewCallbackValidator(func(s string) error {
		_, err := time.Parse(time.RFC3339Nano, s)
		return err
	}),
})

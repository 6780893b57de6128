package fault_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// Skip counts from when the faults before it are spent: the second fault here
// begins to count with the third call.
func ExampleFault_Skip() {
	inf := infisical.New()
	srv, err := emulator.New(inf)
	if err != nil {
		fmt.Println(err)
		return
	}
	id := inf.SeedIdentity(infisical.Identity{Name: "ci"})

	srv.Faults.Next(infisical.OpLogin, fault.Status(500).Skip(1), fault.Status(503).Skip(2))
	for range 6 {
		body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, id.ClientID, id.ClientSecret)
		answer, err := srv.Client().Post(inf.URL()+"/api/v1/auth/universal-auth/login", "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = answer.Body.Close()
		fmt.Println(http.StatusText(answer.StatusCode))
	}
	// Output:
	// OK
	// Internal Server Error
	// OK
	// OK
	// Service Unavailable
	// OK
}

package control

import (
	"net/http"
	"slices"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

type inventoryRequest struct {
	Provider *string `query:"provider"`
	Kind     *string `query:"kind"`
	Owner    *string `query:"owner"` // an id or a name
	Live     *bool   `query:"live"`
}

type inventoryBody struct {
	Credentials []kernel.Credential `json:"credentials"`
}

func (a *api) inventory(c *kernel.Call, in inventoryRequest) (inventoryBody, error) {
	w := a.world(c)
	switch {
	case in.Provider != nil && w.Instance(*in.Provider) == nil:
		return inventoryBody{}, Refuse(http.StatusBadRequest, "there is no provider %q here", *in.Provider)
	case in.Kind != nil && !slices.Contains(kernel.CredentialKinds, *in.Kind):
		return inventoryBody{}, Refuse(http.StatusBadRequest, "there is no kind %q of credentials; there are %s", *in.Kind, strings.Join(kernel.CredentialKinds, ", "))
	}
	return inventoryBody{slices.DeleteFunc(w.Inventory(), func(k kernel.Credential) bool {
		return in.Provider != nil && k.Provider != *in.Provider || in.Kind != nil && k.Kind != *in.Kind ||
			in.Owner != nil && k.Owner.ID != *in.Owner && k.Owner.Name != *in.Owner || in.Live != nil && k.Live != *in.Live
	})}, nil
}

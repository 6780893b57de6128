package control

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// A sandboxRequest is what a sandbox is made from.
type sandboxRequest struct {
	startRequest
	Listen string `json:"listen"`
}

type sandboxBody struct {
	ID        string                     `json:"id"`
	Gateway   string                     `json:"gateway"`
	Control   string                     `json:"control"`
	Contract  string                     `json:"contract"`
	Seed      string                     `json:"seed"`
	Idle      float64                    `json:"idle"` // in seconds
	Providers map[string]sandboxProvider `json:"providers"`
}

type sandboxProvider struct {
	URL         string            `json:"url"`
	GatewayURL  string            `json:"gatewayUrl"`
	Credentials map[string]string `json:"credentials,omitempty"`
}

// sandbox describes a sandbox by the address of the call, with its credentials or
// without.
func (a *api) sandbox(c *kernel.Call, sp Space, credentials bool) sandboxBody {
	gateway := c.Base + sp.Path()
	body := sandboxBody{
		ID: sp.ID(), Gateway: gateway, Control: gateway + Prefix,
		Contract: sp.World().Contract().String(), Seed: sp.World().Seed(),
		Idle:      sp.Idle().Seconds(),
		Providers: map[string]sandboxProvider{},
	}
	for _, in := range sp.World().Instances() {
		at := gateway + "/" + in.Name()
		p := sandboxProvider{URL: sp.URL(in, c.Request, at), GatewayURL: at}
		if credentials {
			p.Credentials = in.Credentials()
		}
		body.Providers[in.Name()] = p
	}
	return body
}

func (a *api) createSandbox(c *kernel.Call, id string, in sandboxRequest) (kernel.Answer, error) {
	var start *kernel.Start
	if !in.empty() {
		changed, err := in.start(a.host.Own().World().Start())
		if err != nil {
			return kernel.Answer{}, err
		}
		start = &changed
	}
	asked, err := json.Marshal(c.Body.Value) // sorts the keys
	if err != nil {
		return kernel.Answer{}, err
	}
	if in.empty() && in.Listen == "" {
		asked = nil // however nothing is spelt
	}
	sp, created, err := a.host.CreateSandbox(id, sha256.Sum256(asked), start, in.Listen)
	if err != nil {
		return kernel.Answer{}, err
	}
	body := a.sandbox(c, sp, true)
	if !created {
		return kernel.Answer{Status: http.StatusOK, Body: body}, nil
	}
	return kernel.Answer{Status: http.StatusCreated, Header: http.Header{"Location": {body.Control}}, Body: body}, nil
}

type sandboxPath struct {
	ID string `path:"id" json:"-"`
}

func (a *api) putSandbox(c *kernel.Call, in struct {
	sandboxPath
	sandboxRequest
},
) (kernel.Answer, error) {
	return a.createSandbox(c, in.ID, in.sandboxRequest)
}

func (a *api) postSandbox(c *kernel.Call, in sandboxRequest) (kernel.Answer, error) {
	return a.createSandbox(c, "", in)
}

type sandboxesBody struct {
	Sandboxes []sandboxBody `json:"sandboxes"`
}

func (a *api) listSandboxes(c *kernel.Call, _ none) (sandboxesBody, error) {
	body := sandboxesBody{[]sandboxBody{}}
	for _, sp := range a.host.Sandboxes() {
		body.Sandboxes = append(body.Sandboxes, a.sandbox(c, sp, false))
	}
	return body, nil
}

func (a *api) deleteSandbox(_ *kernel.Call, in sandboxPath) (kernel.Answer, error) {
	if !a.host.DeleteSandbox(in.ID) {
		return kernel.Answer{}, Refuse(http.StatusNotFound, "there is no sandbox %s, or no longer", in.ID)
	}
	return noContent, nil
}

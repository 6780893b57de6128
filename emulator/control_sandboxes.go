package emulator

import (
	"crypto/sha256"
	"encoding/json"
	"net"
	"net/http"
	"net/url"

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
	URL        string `json:"url"`
	GatewayURL string `json:"gatewayUrl"`
}

// sandbox describes a sandbox by the address of the call. Its credentials are
// left to its info: minting them may take longer than making the sandbox.
func (ct *control) sandbox(c *kernel.Call, sp *space) sandboxBody {
	gateway := c.Base + sp.path()
	body := sandboxBody{
		ID: sp.id, Gateway: gateway, Control: gateway + controlPrefix,
		Contract: sp.world.Contract().String(), Seed: sp.world.Seed(),
		Idle:      ct.server.sandboxes.idle(sp).Seconds(),
		Providers: map[string]sandboxProvider{},
	}
	for _, in := range sp.world.Instances() {
		at := gateway + "/" + in.Name()
		body.Providers[in.Name()] = sandboxProvider{ct.urlOf(c, sp, in, at), at}
	}
	return body
}

// urlOf returns the address to use for a provider that the gateway has at the
// given one: its own port, at the host that the call came by, which may be the
// name of a container.
func (ct *control) urlOf(c *kernel.Call, sp *space, in *kernel.Instance, gatewayURL string) string {
	listens := ct.server.portsOf(sp) != nil
	if sp == ct.server.own && ct.server.config.GatewayOnly || sp != ct.server.own && !listens {
		return gatewayURL
	}
	u, err := url.Parse(in.URL())
	if err != nil || !listens || ct.server.config.TrustProxy { // the call came by the proxy's host
		return in.URL()
	}
	u.Host = net.JoinHostPort(hostname(c.Request.Host), u.Port())
	return u.String()
}

func (ct *control) createSandbox(c *kernel.Call, id string, in sandboxRequest) (kernel.Answer, error) {
	var start *kernel.Start
	if !in.empty() {
		changed, err := in.start(ct.server.world.Start())
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
	sp, created, err := ct.server.sandboxes.create(id, sha256.Sum256(asked), start, in.Listen)
	if err != nil {
		return kernel.Answer{}, err
	}
	body := ct.sandbox(c, sp)
	if !created {
		return kernel.Answer{Status: http.StatusOK, Body: body}, nil
	}
	return kernel.Answer{Status: http.StatusCreated, Header: http.Header{"Location": {body.Control}}, Body: body}, nil
}

type sandboxPath struct {
	ID string `path:"id" json:"-"`
}

func (ct *control) putSandbox(c *kernel.Call, in struct {
	sandboxPath
	sandboxRequest
},
) (kernel.Answer, error) {
	return ct.createSandbox(c, in.ID, in.sandboxRequest)
}

func (ct *control) postSandbox(c *kernel.Call, in sandboxRequest) (kernel.Answer, error) {
	return ct.createSandbox(c, "", in)
}

type sandboxesBody struct {
	Sandboxes []sandboxBody `json:"sandboxes"`
}

func (ct *control) listSandboxes(c *kernel.Call, _ none) (sandboxesBody, error) {
	body := sandboxesBody{[]sandboxBody{}}
	for _, sp := range ct.server.sandboxes.all() {
		body.Sandboxes = append(body.Sandboxes, ct.sandbox(c, sp))
	}
	return body, nil
}

func (ct *control) deleteSandbox(_ *kernel.Call, in sandboxPath) (kernel.Answer, error) {
	if !ct.server.sandboxes.delete(in.ID) {
		return kernel.Answer{}, refuse(http.StatusNotFound, "there is no sandbox %s, or no longer", in.ID)
	}
	return noContent, nil
}

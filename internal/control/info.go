package control

import (
	"cmp"
	"runtime/debug"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

type healthBody struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

func (a *api) health(*kernel.Call, none) (healthBody, error) {
	return healthBody{"ok", Version()}, nil
}

// Version returns the version of the Understudy module in this program.
func Version() string {
	const module = "github.com/understudy-dev/understudy"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Path == module && info.Main.Version != "" {
			return info.Main.Version
		}
		for _, dep := range info.Deps {
			if dep.Path == module {
				return dep.Version
			}
		}
	}
	return "(devel)"
}

// Info describes a running server: what the ready file holds, and what the
// control API's info adds.
type Info struct {
	Gateway   string                  `json:"gateway"`
	Control   string                  `json:"control,omitempty"`
	CA        string                  `json:"ca,omitempty"` // the file that TellCA has told
	Contract  string                  `json:"contract,omitempty"`
	Seed      string                  `json:"seed,omitempty"`
	Clock     *ClockInfo              `json:"clock,omitempty"`
	Providers map[string]ProviderInfo `json:"providers"`
}

// ClockInfo is where a clock stands.
type ClockInfo struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
	Offset string    `json:"offset"` // from real time, as a Go duration
}

// ProviderInfo is where a provider is and how to get in.
type ProviderInfo struct {
	URL         string            `json:"url"`
	GatewayURL  string            `json:"gatewayUrl,omitempty"`
	PublicURL   string            `json:"publicUrl,omitempty"` // what issuers and links name, if it is pinned
	Credentials map[string]string `json:"credentials"`
	// What the control API's info adds for people: the variables that official
	// clients read, and a shell command that shows the provider at work.
	Env     map[string]string `json:"env,omitempty"`
	Example string            `json:"example,omitempty"`
}

// info shows the gateway by the address of the call: it may have come by a
// mapped port.
func (a *api) info(c *kernel.Call, _ none) (Info, error) {
	sp := a.at(c)
	clock := clockInfo(sp.World().Clock)
	info := Info{
		Gateway: c.Base, Control: c.Base + Prefix, CA: a.host.CAFile(),
		Contract: sp.World().Contract().String(), Seed: sp.World().Seed(), Clock: &clock,
		Providers: map[string]ProviderInfo{},
	}
	for _, in := range sp.World().Instances() {
		at := c.Base + "/" + in.Name()
		p := ProviderInfo{URL: sp.URL(in, c.Request, at), GatewayURL: at, PublicURL: in.PublicURL(), Credentials: in.Credentials(), Env: map[string]string{}}
		for _, v := range Env(in, p, info.CA) {
			p.Env[v.Name] = v.Value
		}
		p.Example = in.Example(p.URL, p.Credentials)
		info.Providers[in.Name()] = p
	}
	return info, nil
}

// Env returns the variables that official clients of a provider read; caFile is
// the file with the authority that they have to trust, or "".
func Env(in *kernel.Instance, at ProviderInfo, caFile string) []kernel.EnvVar {
	vars := in.Env(cmp.Or(at.PublicURL, at.URL), at.Credentials)
	if caFile != "" {
		for _, name := range []string{"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"} { // Node's; OpenSSL's and Go's
			vars = append(vars, kernel.EnvVar{Name: name, Value: caFile})
		}
	}
	return vars
}

type operationsRequest struct {
	Provider *string `query:"provider"`
}

type operationsBody struct {
	Operations []operationBody `json:"operations"`
	Beyond     []beyondBody    `json:"beyond"`
}

type beyondBody struct {
	Provider   string `json:"provider"`
	Group      string `json:"group"`
	Operations int    `json:"operations"`
}

type operationBody struct {
	Operation string `json:"operation"`
	Provider  string `json:"provider"`
	Served    bool   `json:"served"`
	Reason    string `json:"reason,omitempty"`
	Statuses  []int  `json:"statuses"`
}

func (a *api) operations(c *kernel.Call, in operationsRequest) (operationsBody, error) {
	body := operationsBody{Operations: []operationBody{}, Beyond: []beyondBody{}}
	if in.Provider != nil {
		if err := known(a.world(c), *in.Provider); err != nil {
			return body, err
		}
	}
	for _, instance := range a.world(c).Instances() {
		if in.Provider != nil && *in.Provider != instance.Name() {
			continue
		}
		index, err := instance.Index()
		if err == nil {
			err = index.Load()
		}
		if err != nil {
			return body, err
		}
		for _, op := range index.Operations {
			served, reason := instance.Serves(kernel.Op(instance.Name() + " " + op.Line()))
			body.Operations = append(body.Operations, operationBody{op.Line(), instance.Name(), served, reason, op.Statuses})
		}
		for _, group := range index.BeyondGroups() {
			body.Beyond = append(body.Beyond, beyondBody{instance.Name(), group.Name, group.Lines})
		}
	}
	return body, nil
}

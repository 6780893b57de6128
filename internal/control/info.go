package control

import (
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
	Example     string            `json:"-"` // a shell command that shows the provider at work
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
		info.Providers[in.Name()] = ProviderInfo{URL: sp.URL(in, c.Request, at), GatewayURL: at, PublicURL: in.PublicURL(), Credentials: in.Credentials()}
	}
	return info, nil
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
		contract, err := instance.Contract()
		if err == nil {
			err = contract.Load()
		}
		if err != nil {
			return body, err
		}
		for _, op := range contract.Operations {
			served, reason := instance.Serves(kernel.Op(instance.Name() + " " + op.Line()))
			body.Operations = append(body.Operations, operationBody{op.Line(), instance.Name(), served, reason, op.Statuses})
		}
		for _, group := range contract.BeyondGroups() {
			body.Beyond = append(body.Beyond, beyondBody{instance.Name(), group.Name, group.Lines})
		}
	}
	return body, nil
}

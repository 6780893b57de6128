package emulator

import (
	"encoding/json"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/specs"
)

// The control API is served by the kernel like a provider, held to its own
// document by the same gate. It has no state: it acts on the server's world, or
// on the sandbox that the gateway found in the call's path.
type control struct {
	kernel.Binding
	server *Server
}

var controlDocument = gate.NewDocument(specs.Control, gate.PathRule{})

func newControl(s *Server, config kernel.Config) (*kernel.Instance, error) {
	c := &control{server: s}
	world, err := kernel.NewWorld(kernel.Config{
		Providers: []kernel.Provider{c}, NoHints: true, AllowUnknown: true,
		Logger: config.Logger, CheckAnswers: config.CheckAnswers,
	})
	if err != nil {
		return nil, err
	}
	return world.InstanceOf(c), nil
}

type spaceKey struct{}

// at returns the space that a call is for.
func (ct *control) at(c *kernel.Call) *space {
	if sp, ok := c.Request.Context().Value(spaceKey{}).(*space); ok {
		return sp
	}
	return ct.server.own
}

// world returns the world that a call is for.
func (ct *control) world(c *kernel.Call) *kernel.World { return ct.at(c).world }

func (ct *control) Apply(c *kernel.Config) { c.Providers = append(c.Providers, ct) }

func (ct *control) Mount(*kernel.Env) kernel.Description {
	on := "control "
	return kernel.Description{
		Name:     "control",
		Document: controlDocument,
		Hosts:    []string{"localhost"},
		Internal: true,
		MaxBody:  maxControlBody,
		Error:    renderProblem,
		Routes: []kernel.Route{
			kernel.On(kernel.Op(on+"GET /_understudy/health"), ct.health),
			kernel.On(kernel.Op(on+"GET /_understudy/info"), ct.info),
			kernel.On(kernel.Op(on+"GET /_understudy/operations"), ct.operations),
			kernel.On(kernel.Op(on+"GET /_understudy/clock"), ct.getClock),
			kernel.On(kernel.Op(on+"POST /_understudy/clock/advance"), ct.advanceClock),
			kernel.On(kernel.Op(on+"POST /_understudy/clock/set"), ct.setClock),
			kernel.On(kernel.Op(on+"POST /_understudy/clock/freeze"), ct.freezeClock),
			kernel.On(kernel.Op(on+"POST /_understudy/clock/resume"), ct.resumeClock),
			kernel.On(kernel.Op(on+"GET /_understudy/faults"), ct.listFaults),
			kernel.On(kernel.Op(on+"POST /_understudy/faults"), ct.addFault),
			kernel.On(kernel.Op(on+"DELETE /_understudy/faults"), ct.clearFaults),
			kernel.On(kernel.Op(on+"DELETE /_understudy/faults/{id}"), ct.removeFault),
			kernel.On(kernel.Op(on+"POST /_understudy/revive"), ct.revive),
			kernel.On(kernel.Op(on+"GET /_understudy/journal"), ct.listJournal),
			kernel.On(kernel.Op(on+"DELETE /_understudy/journal"), ct.clearJournal),
			kernel.On(kernel.Op(on+"GET /_understudy/journal/{seq}"), ct.getJournalEntry),
			kernel.On(kernel.Op(on+"GET /_understudy/journal/stream"), ct.streamJournal),
			kernel.On(kernel.Op(on+"POST /_understudy/reset"), ct.reset),
			kernel.On(kernel.Op(on+"GET /_understudy/state"), ct.getState).Secret(),
			kernel.On(kernel.Op(on+"PUT /_understudy/state"), ct.putState),
			kernel.On(kernel.Op(on+"GET /_understudy/settings/{provider}"), ct.getSettings),
			kernel.On(kernel.Op(on+"PATCH /_understudy/settings/{provider}"), ct.patchSettings),
			kernel.On(kernel.Op(on+"PUT /~{id}/_understudy"), ct.putSandbox),
			kernel.On(kernel.Op(on+"DELETE /~{id}/_understudy"), ct.deleteSandbox),
			kernel.On(kernel.Op(on+"GET /_understudy/sandboxes"), ct.listSandboxes),
			kernel.On(kernel.Op(on+"POST /_understudy/sandboxes"), ct.postSandbox),
			kernel.On(kernel.Op(on+"DELETE /_understudy/sandboxes/{id}"), ct.deleteSandbox),
		},
	}
}

// problem is an RFC 9457 problem detail.
type problem struct {
	Type   string        `json:"type"`
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail"`
	Errors []problemItem `json:"errors,omitempty"`
}

type problemItem struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

const problemType = "application/problem+json"

func renderProblem(_ *kernel.Call, p *kernel.Problem) kernel.Answer {
	body := problem{Type: "about:blank", Status: p.Status, Detail: p.Reason}
	header := http.Header{"Content-Type": {problemType}}
	switch p.Kind {
	case kernel.UnknownPath:
		body.Status = http.StatusNotFound
	case kernel.WrongMethod:
		body.Status = http.StatusMethodNotAllowed
		header.Set("Allow", strings.Join(p.Methods, ", "))
	case kernel.MalformedBody, kernel.EmptyBody, kernel.Invalid:
		body.Status = http.StatusBadRequest
	case kernel.UnsupportedMediaType:
		body.Status = http.StatusUnsupportedMediaType
	case kernel.TooLarge:
		body.Status = http.StatusRequestEntityTooLarge
	}
	for _, b := range p.Breaches {
		body.Errors = append(body.Errors, problemItem{b.Pointer(), b.String()})
	}
	body.Title = http.StatusText(body.Status)
	return kernel.Answer{Status: body.Status, Header: header, Body: body}
}

// writeProblem refuses what does not reach the control API's own handlers.
func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail})
}

func refuse(status int, format string, args ...any) error {
	return (&kernel.Problem{Status: status}).Because(format, args...)
}

type none struct{}

var noContent = kernel.Answer{Status: http.StatusNoContent}

type healthBody struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

func (ct *control) health(*kernel.Call, none) (healthBody, error) {
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

// Info returns the addresses and the default world's credentials.
func (s *Server) Info() Info {
	info := Info{Gateway: s.URL(), CA: s.caFile(), Providers: map[string]ProviderInfo{}}
	if !s.config.NoControl {
		info.Control = s.URL() + controlPrefix
	}
	for _, in := range s.world.Instances() {
		url, credentials := in.URL(), in.Credentials()
		info.Providers[in.Name()] = ProviderInfo{URL: url, PublicURL: in.PublicURL(), Credentials: credentials, Example: in.Example(url, credentials)}
	}
	return info
}

// InfoAt returns what Info would if the server listened at addr.
func (s *Server) InfoAt(addr string) (Info, error) {
	host, port, err := splitAddress(addr)
	if err != nil {
		return Info{}, err
	}
	at := func(offset int) string {
		return s.scheme() + "://" + net.JoinHostPort(shownHost(host), strconv.Itoa(port+offset))
	}
	info := s.Info()
	info.Gateway, info.Control = at(0), at(0)+controlPrefix
	for _, in := range s.world.Instances() {
		p := info.Providers[in.Name()]
		p.URL = at(in.Port())
		p.Example = in.Example(p.URL, p.Credentials)
		info.Providers[in.Name()] = p
	}
	return info, nil
}

// info shows the gateway by the address of the call: it may have come by a
// mapped port.
func (ct *control) info(c *kernel.Call, _ none) (Info, error) {
	sp := ct.at(c)
	clock := clockInfo(sp.world.Clock)
	info := Info{
		Gateway: c.Base, Control: c.Base + controlPrefix, CA: ct.server.caFile(),
		Contract: sp.world.Contract().String(), Seed: sp.world.Seed(), Clock: &clock,
		Providers: map[string]ProviderInfo{},
	}
	for _, in := range sp.world.Instances() {
		at := c.Base + "/" + in.Name()
		info.Providers[in.Name()] = ProviderInfo{URL: ct.urlOf(c, sp, in, at), GatewayURL: at, PublicURL: in.PublicURL(), Credentials: in.Credentials()}
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

func (ct *control) operations(c *kernel.Call, in operationsRequest) (operationsBody, error) {
	body := operationsBody{Operations: []operationBody{}, Beyond: []beyondBody{}}
	if in.Provider != nil && ct.world(c).Instance(*in.Provider) == nil {
		return body, refuse(http.StatusBadRequest, "there is no provider %q here", *in.Provider)
	}
	for _, instance := range ct.world(c).Instances() {
		if in.Provider != nil && *in.Provider != instance.Name() {
			continue
		}
		contract, err := instance.Contract()
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

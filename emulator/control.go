package emulator

import (
	"encoding/json"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/emulator/internal/gate"
	"github.com/understudy-dev/understudy/emulator/internal/kernel"
	"github.com/understudy-dev/understudy/emulator/journal"
	"github.com/understudy-dev/understudy/specs"
)

// The control API is served by the kernel like a provider, held to its own
// document by the same gate. It has no state: it acts on the server's world.
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

func (ct *control) Apply(c *kernel.Config) { c.Providers = append(c.Providers, ct) }

func (ct *control) Mount(*kernel.Env) kernel.Description {
	on := "control "
	return kernel.Description{
		Name:     "control",
		Document: controlDocument,
		Hosts:    []string{"localhost"},
		Internal: true,
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
			kernel.On(kernel.Op(on+"GET /_understudy/journal"), ct.listJournal),
			kernel.On(kernel.Op(on+"DELETE /_understudy/journal"), ct.clearJournal),
			kernel.On(kernel.Op(on+"GET /_understudy/journal/{seq}"), ct.getJournalEntry),
			kernel.On(kernel.Op(on+"POST /_understudy/reset"), ct.reset),
			kernel.On(kernel.Op(on+"GET /_understudy/settings/{provider}"), ct.getSettings),
			kernel.On(kernel.Op(on+"PATCH /_understudy/settings/{provider}"), ct.patchSettings),
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
	Credentials map[string]string `json:"credentials"`
	Example     string            `json:"-"` // a shell command that shows the provider at work
}

// Info returns the addresses and the default world's credentials.
func (s *Server) Info() Info {
	info := Info{Gateway: s.URL(), Providers: map[string]ProviderInfo{}}
	if !s.config.NoControl {
		info.Control = s.URL() + controlPrefix
	}
	for _, in := range s.world.Instances() {
		url, credentials := in.URL(), in.Credentials()
		info.Providers[in.Name()] = ProviderInfo{URL: url, Credentials: credentials, Example: in.Example(url, credentials)}
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
		return "http://" + net.JoinHostPort(shownHost(host), strconv.Itoa(port+offset))
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

func (ct *control) info(c *kernel.Call, _ none) (Info, error) {
	info := ct.server.Info()
	info.Contract, info.Seed = ct.server.world.Contract().String(), ct.server.world.Seed()
	clock := ct.clock()
	info.Clock = &clock
	// The gateway is shown by the address of this request: it may have come by
	// a mapped port.
	info.Gateway, info.Control = c.Base, c.Base+controlPrefix
	for name, p := range info.Providers {
		p.GatewayURL = c.Base + "/" + name
		info.Providers[name] = p
	}
	return info, nil
}

type operationsRequest struct {
	Provider *string `query:"provider"`
}

type operationsBody struct {
	Operations []operationBody `json:"operations"`
}

type operationBody struct {
	Operation string `json:"operation"`
	Provider  string `json:"provider"`
	Served    bool   `json:"served"`
	Reason    string `json:"reason,omitempty"`
	Statuses  []int  `json:"statuses"`
}

func (ct *control) operations(_ *kernel.Call, in operationsRequest) (operationsBody, error) {
	body := operationsBody{Operations: []operationBody{}}
	if in.Provider != nil && ct.server.world.Instance(*in.Provider) == nil {
		return body, refuse(http.StatusBadRequest, "there is no provider %q here", *in.Provider)
	}
	for _, instance := range ct.server.world.Instances() {
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
	}
	return body, nil
}

func (ct *control) clock() ClockInfo {
	k := ct.server.Clock
	return ClockInfo{Now: k.Now(), Frozen: k.Frozen(), Offset: k.Offset().Round(time.Millisecond).String()}
}

func (ct *control) getClock(*kernel.Call, none) (ClockInfo, error) { return ct.clock(), nil }

type advanceRequest struct {
	By any `json:"by"`
}

func (ct *control) advanceClock(_ *kernel.Call, in advanceRequest) (ClockInfo, error) {
	by, err := duration("by", in.By)
	if err != nil {
		return ClockInfo{}, err
	}
	if err := showable("by", ct.server.Clock.Now().Add(by)); err != nil {
		return ClockInfo{}, err
	}
	ct.server.Clock.Advance(by)
	return ct.clock(), nil
}

// showable refuses instants that no timestamp can show.
func showable(name string, t time.Time) error {
	if t.Before(clock.First) || t.After(clock.Last) {
		return refuse(http.StatusBadRequest, "%s: the clock would stand in the year %d, which no timestamp can show", name, t.UTC().Year())
	}
	return nil
}

// duration reads a Go duration or a number of seconds; it cannot be negative.
func duration(name string, v any) (time.Duration, error) {
	var d time.Duration
	switch v := v.(type) {
	case nil:
	case float64:
		if v >= float64(1<<63-1)/float64(time.Second) {
			return 0, refuse(http.StatusBadRequest, "%s: %g seconds are too many", name, v)
		}
		d = time.Duration(v * float64(time.Second))
	case string:
		var err error
		if d, err = time.ParseDuration(v); err != nil {
			return 0, refuse(http.StatusBadRequest, "%s: %v", name, err)
		}
	}
	if d < 0 {
		return 0, refuse(http.StatusBadRequest, "%s: %s is negative", name, d)
	}
	return d, nil
}

type setRequest struct {
	To time.Time `json:"to"`
}

func (ct *control) setClock(_ *kernel.Call, in setRequest) (ClockInfo, error) {
	if err := showable("to", in.To); err != nil {
		return ClockInfo{}, err
	}
	ct.server.Clock.Set(in.To)
	return ct.clock(), nil
}

func (ct *control) freezeClock(*kernel.Call, none) (ClockInfo, error) {
	ct.server.Clock.Freeze()
	return ct.clock(), nil
}

func (ct *control) resumeClock(*kernel.Call, none) (ClockInfo, error) {
	ct.server.Clock.Resume()
	return ct.clock(), nil
}

type faultRequest struct {
	Provider     string `json:"provider"`
	Operation    string `json:"operation"`
	Status       int    `json:"status"`
	Code         string `json:"code"`
	Message      string `json:"message"`
	Delay        any    `json:"delay"`
	Drop         bool   `json:"drop"`
	Truncate     bool   `json:"truncate"`
	Silent       bool   `json:"silent"`
	After        bool   `json:"after"`
	Skip         int    `json:"skip"`
	Times        int    `json:"times"`
	Always       bool   `json:"always"`
	RetryAfter   any    `json:"retryAfter"`
	Undocumented bool   `json:"undocumented"`
}

type faultBody struct {
	ID           string `json:"id"`
	Provider     string `json:"provider"`
	Operation    string `json:"operation"`
	Status       int    `json:"status,omitempty"`
	Code         string `json:"code,omitempty"`
	Message      string `json:"message,omitempty"`
	Delay        string `json:"delay,omitempty"`
	Drop         bool   `json:"drop,omitempty"`
	Truncate     bool   `json:"truncate,omitempty"`
	Silent       bool   `json:"silent,omitempty"`
	After        bool   `json:"after,omitempty"`
	Skip         int    `json:"skip,omitempty"`
	Times        int    `json:"times,omitempty"`
	Always       bool   `json:"always,omitempty"`
	RetryAfter   string `json:"retryAfter,omitempty"`
	Undocumented bool   `json:"undocumented,omitempty"`
	Hits         int    `json:"hits"`
}

func newFaultBody(r fault.Rule) faultBody {
	s := r.Fault.Spec
	provider, line := kernel.SplitOp(r.Op)
	body := faultBody{
		ID: r.ID, Provider: provider, Operation: line, Hits: r.Hits, Always: r.Always,
		Status: s.Status, Code: s.Code, Message: s.Message, Drop: s.Drop, Truncate: s.Truncate, Silent: s.Silent,
		After: s.After, Skip: s.Skip, Times: s.Times, Undocumented: s.Undocumented,
	}
	if s.Delay != 0 {
		body.Delay = s.Delay.String()
	}
	if s.RetryAfter != 0 {
		body.RetryAfter = s.RetryAfter.String()
	}
	return body
}

type faultsBody struct {
	Faults []faultBody `json:"faults"`
}

func (ct *control) listFaults(*kernel.Call, none) (faultsBody, error) {
	body := faultsBody{Faults: []faultBody{}}
	for _, r := range ct.server.Faults.List() {
		body.Faults = append(body.Faults, newFaultBody(r))
	}
	return body, nil
}

func (ct *control) addFault(_ *kernel.Call, in faultRequest) (faultBody, error) {
	delay, err := duration("delay", in.Delay)
	if err != nil {
		return faultBody{}, err
	}
	retryAfter, err := duration("retryAfter", in.RetryAfter)
	if err != nil {
		return faultBody{}, err
	}
	rule, err := ct.server.Faults.Add(kernel.ResolveOp(in.Provider, in.Operation), fault.Fault{Spec: fault.Spec{
		Status: in.Status, Code: in.Code, Message: in.Message, Delay: delay, Drop: in.Drop, Truncate: in.Truncate,
		Silent: in.Silent, After: in.After, Skip: in.Skip, Times: in.Times, RetryAfter: retryAfter, Undocumented: in.Undocumented,
	}}, in.Always)
	if err != nil {
		return faultBody{}, refuse(http.StatusBadRequest, "%v", err)
	}
	return newFaultBody(rule), nil
}

func (ct *control) clearFaults(*kernel.Call, none) (kernel.Answer, error) {
	ct.server.Faults.Clear()
	return noContent, nil
}

type faultPath struct {
	ID string `path:"id" json:"-"`
}

func (ct *control) removeFault(_ *kernel.Call, in faultPath) (kernel.Answer, error) {
	if !ct.server.Faults.Remove(in.ID) {
		return kernel.Answer{}, refuse(http.StatusNotFound, "no fault %s waits", in.ID)
	}
	return noContent, nil
}

type journalRequest struct {
	Provider  *string  `query:"provider"`
	Operation *string  `query:"operation"`
	Status    *float64 `query:"status"`
	Since     float64  `query:"since"`
	Limit     *float64 `query:"limit"`
}

type journalBody struct {
	Entries []journal.Entry `json:"entries"`
}

// defaultLimit is how many entries a journal call answers with.
const defaultLimit = 100

func (ct *control) listJournal(_ *kernel.Call, in journalRequest) (journalBody, error) {
	entries := []journal.Entry{}
	for _, e := range ct.server.Journal.All() {
		_, line := kernel.SplitOp(e.Operation)
		if float64(e.Seq) > in.Since &&
			(in.Provider == nil || e.Provider == *in.Provider) &&
			(in.Operation == nil || string(e.Operation) == *in.Operation || line == *in.Operation) &&
			(in.Status == nil || float64(e.Response.Status) == *in.Status) {
			entries = append(entries, e)
		}
	}
	limit := defaultLimit
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	return journalBody{entries[max(0, len(entries)-limit):]}, nil
}

func (ct *control) clearJournal(*kernel.Call, none) (kernel.Answer, error) {
	ct.server.Journal.Clear()
	return noContent, nil
}

type journalPath struct {
	Seq uint64 `path:"seq" json:"-"`
}

func (ct *control) getJournalEntry(_ *kernel.Call, in journalPath) (journal.Entry, error) {
	e, ok := ct.server.Journal.Get(in.Seq)
	if !ok {
		return e, refuse(http.StatusNotFound, "the journal has no entry %d, or no longer", in.Seq)
	}
	return e, nil
}

type resetRequest struct {
	Seed     *string                   `json:"seed"`
	World    json.RawMessage           `json:"world"`
	Contract *string                   `json:"contract"`
	Settings map[string]map[string]any `json:"settings"`
}

// reset starts over. What the call leaves out is as at the last start, but that
// another world comes with its own seed, contract and settings.
func (ct *control) reset(c *kernel.Call, in resetRequest) (Info, error) {
	world := ct.server.world
	start := world.Start()
	if in.World != nil {
		text := string(in.World)
		var asYAML string
		if json.Unmarshal(in.World, &asYAML) == nil {
			text = asYAML
		}
		file, err := kernel.ReadWorld(strings.NewReader(text))
		if err != nil {
			return Info{}, refuse(http.StatusBadRequest, "%v", err)
		}
		start = kernel.Start{World: file}
	}
	if in.Seed != nil {
		start.Seed = *in.Seed
	}
	if in.Contract != nil {
		contract, err := kernel.ParseContract(*in.Contract)
		if err != nil {
			return Info{}, refuse(http.StatusBadRequest, "%v", err)
		}
		start.Contract = &contract
	}
	if in.Settings != nil {
		start.Settings = in.Settings
	}
	if err := world.Reset(start); err != nil {
		return Info{}, refuse(http.StatusBadRequest, "%v; the world stays as it was", err)
	}
	return ct.info(c, none{})
}

type settingsPath struct {
	Provider string `path:"provider" json:"-"`
}

func (ct *control) provider(name string) (*kernel.Instance, error) {
	if in := ct.server.world.Instance(name); in != nil {
		return in, nil
	}
	return nil, refuse(http.StatusNotFound, "there is no provider %q here", name)
}

func (ct *control) getSettings(_ *kernel.Call, in settingsPath) (map[string]any, error) {
	provider, err := ct.provider(in.Provider)
	if err != nil {
		return nil, err
	}
	return provider.Settings(), nil
}

func (ct *control) patchSettings(c *kernel.Call, in settingsPath) (map[string]any, error) {
	provider, err := ct.provider(in.Provider)
	if err != nil {
		return nil, err
	}
	changes, _ := c.Body.Value.(map[string]any)
	if err := provider.Set(changes); err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	return provider.Settings(), nil
}

package control

import (
	"net/http"

	"github.com/understudy-dev/understudy/emulator/fault"
	"github.com/understudy-dev/understudy/internal/kernel"
)

type faultRequest struct {
	Provider     string `json:"provider"`
	Operation    string `json:"operation"`
	Status       int    `json:"status"`
	Code         string `json:"code"`
	Message      string `json:"message"`
	Delay        any    `json:"delay"`
	Drop         bool   `json:"drop"`
	Die          bool   `json:"die"`
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
	Die          bool   `json:"die,omitempty"`
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
		Status: s.Status, Code: s.Code, Message: s.Message, Drop: s.Drop, Die: s.Die, Truncate: s.Truncate, Silent: s.Silent,
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

func (a *api) listFaults(c *kernel.Call, _ none) (faultsBody, error) {
	body := faultsBody{Faults: []faultBody{}}
	for _, r := range a.world(c).Faults.List() {
		body.Faults = append(body.Faults, newFaultBody(r))
	}
	return body, nil
}

func (a *api) addFault(c *kernel.Call, in faultRequest) (faultBody, error) {
	delay, err := duration("delay", in.Delay)
	if err != nil {
		return faultBody{}, err
	}
	retryAfter, err := duration("retryAfter", in.RetryAfter)
	if err != nil {
		return faultBody{}, err
	}
	rule, err := a.world(c).Faults.Add(kernel.ResolveOp(in.Provider, in.Operation), fault.Fault{Spec: fault.Spec{
		Status: in.Status, Code: in.Code, Message: in.Message, Delay: delay, Drop: in.Drop, Die: in.Die, Truncate: in.Truncate,
		Silent: in.Silent, After: in.After, Skip: in.Skip, Times: in.Times, RetryAfter: retryAfter, Undocumented: in.Undocumented,
	}}, in.Always)
	if err != nil {
		return faultBody{}, Refuse(http.StatusBadRequest, "%v", err)
	}
	return newFaultBody(rule), nil
}

func (a *api) clearFaults(c *kernel.Call, _ none) (kernel.Answer, error) {
	a.world(c).Faults.Clear()
	return noContent, nil
}

func (a *api) revive(c *kernel.Call, _ none) (kernel.Answer, error) {
	a.world(c).Faults.Revive()
	return noContent, nil
}

type faultPath struct {
	ID string `path:"id" json:"-"`
}

func (a *api) removeFault(c *kernel.Call, in faultPath) (kernel.Answer, error) {
	if !a.world(c).Faults.Remove(in.ID) {
		return kernel.Answer{}, Refuse(http.StatusNotFound, "no fault %s waits", in.ID)
	}
	return noContent, nil
}

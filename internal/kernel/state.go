package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/internal/entropy"
	"github.com/understudy-dev/understudy/internal/store"
)

// StateVersion is the version of the form of a State.
const StateVersion = 1

// A State is a whole world in the form that leaves the process. Faults and the
// journal are not part of it.
type State struct {
	StateHead
	Providers map[string]store.Content `json:"providers"`
}

// A StateHead is a State without what the providers store.
type StateHead struct {
	Version  int                       `json:"understudy"`
	Seed     string                    `json:"seed"`
	Contract Contract                  `json:"contract"`
	Settings map[string]map[string]any `json:"settings"` // by provider, all that are not initial
	Clock    clock.State               `json:"clock"`
	Calls    uint64                    `json:"calls"` // how many there have been
	// Start is what the world began with, from which its credentials follow. Seed
	// and contract follow from it too.
	Start Start `json:"start"`
}

// A MisfitError says which place of a State does not fit.
type MisfitError = store.MisfitError

func misfitAt(pointer, format string, args ...any) error {
	return &MisfitError{Pointer: pointer, Err: fmt.Errorf(format, args...)}
}

// DecodeState reads a State. It finds out whether there is one; whether it fits a
// world, Import does.
func DecodeState(text []byte) (*State, error) {
	s := &State{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(s); err != nil {
		var at *json.UnmarshalTypeError
		if errors.As(err, &at) {
			return nil, misfitAt("/"+at.Field, "%w", err)
		}
		return nil, misfitAt("", "%w", err)
	}
	return s, nil
}

// Export returns the world's present state.
func (w *World) Export() (*State, error) {
	w.state.Lock()
	head, stores := w.head(), make([]store.Snapshot, len(w.instances))
	for i, in := range w.instances {
		stores[i] = in.store.Snapshot()
	}
	w.state.Unlock()
	s := &State{StateHead: head, Providers: map[string]store.Content{}}
	for i, in := range w.instances {
		var err error
		if s.Providers[in.Name()], err = in.schema.Encode(stores[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name(), err)
		}
	}
	return s, nil
}

// head is called with w.state held.
func (w *World) head() StateHead {
	s := w.setup.Load()
	h := StateHead{
		Version: StateVersion, Seed: s.seed, Contract: s.contract, Settings: map[string]map[string]any{},
		Clock: w.Clock.State(), Calls: w.calls.Load(), Start: w.start,
	}
	for provider, values := range s.settings {
		h.Settings[provider] = map[string]any{}
		for name, value := range values {
			h.Settings[provider][name] = shown(value)
		}
	}
	return h
}

// Import replaces the world by a state: the clock stands where it stood. Faults
// and the journal stay as they are. When something does not fit, nothing changes,
// and the error is a *MisfitError. A world that is kept has been saved when Import
// returns without an error.
func (w *World) Import(s *State) error {
	err := w.replace(s)
	if err == nil && w.save != nil {
		err = w.save()
	}
	return err
}

// SaveBy tells the world how to save itself, for what must not be lost.
func (w *World) SaveBy(save func() error) { w.save = save }

func (w *World) replace(s *State) error {
	if s.Version != StateVersion {
		return misfitAt("/understudy", "the version is %d, and this program reads %d", s.Version, StateVersion)
	}
	begun, err := w.resolve(s.Start)
	if err != nil {
		return misfitAt("/start", "%w", err)
	}
	if s.Seed != begun.seed {
		return misfitAt("/seed", "%q is not the seed that the state began with, %q", s.Seed, begun.seed)
	}
	if s.Contract != begun.contract {
		return misfitAt("/contract", "%s is not the contract that the state began with, %s", s.Contract, begun.contract)
	}
	if showable := clock.Showable(s.Clock.Now); !showable.Equal(s.Clock.Now) {
		return misfitAt("/clock/now", "no timestamp can show it")
	}
	present := *begun
	present.settings = map[string]map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		in := w.Instance(name)
		if in == nil {
			return misfitAt("/settings/"+name, "this server does not serve %s", name)
		}
		if present.settings[name], err = in.settings(nil, s.Settings[name]); err != nil {
			return misfitAt("/settings/"+name, "%w", err)
		}
	}
	next := Snapshot{world: w, start: s.Start, begun: begun, setup: &present, clock: s.Clock, calls: s.Calls}
	for _, name := range slices.Sorted(maps.Keys(s.Providers)) {
		if w.Instance(name) == nil {
			return misfitAt("/providers/"+name, "this server does not serve %s", name)
		}
	}
	for _, in := range w.instances {
		at := "/providers/" + in.Name()
		content, ok := s.Providers[in.Name()]
		if !ok {
			return misfitAt(at, "it is missing, and this server serves %s", in.Name())
		}
		rows, err := in.schema.Decode(content)
		if misfit := (*MisfitError)(nil); errors.As(err, &misfit) {
			return misfitAt(at+misfit.Pointer, "%w", misfit.Err)
		}
		if err != nil {
			return misfitAt(at, "%w", err)
		}
		if err := in.checkDrawn(begun.entropy, content.Sequences, rows); err != nil {
			return misfitAt(at+"/sequences", "%w", err)
		}
		next.stores = append(next.stores, rows)
	}
	w.state.Lock()
	defer w.state.Unlock()
	w.restore(next)
	return nil
}

// checkDrawn looks whether what the sequences give out next is there already. It
// looks as far ahead as the rows can reach that are there, and as many again have
// been deleted.
func (in *Instance) checkDrawn(source entropy.Source, sequences map[string]uint64, rows store.Snapshot) error {
	for _, d := range in.drawn {
		kind := in.Name() + "/" + d.kind
		stands := sequences[kind]
		for n := stands + 1; n <= stands+2*uint64(rows.Len(d.to)); n++ {
			if key := d.shape(source.Draw(kind, n)); rows.Names(d.to, key) {
				return fmt.Errorf("%s stands at %d, and number %d, %s, is there already", kind, stands, n, key)
			}
		}
	}
	return nil
}

// Continue is Import for a world that goes on: the settings that the server was
// started with win over the state's, and a running clock has run on meanwhile.
func (w *World) Continue(s *State) error {
	next := *s
	next.Clock = clock.RunOn(s.Clock)
	next.Start.Settings = over(s.Start.Settings, w.config.Settings)
	next.Settings = over(s.Settings, w.config.Settings)
	return w.Import(&next)
}

// over returns settings with others over them.
func over(settings, others map[string]map[string]any) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, part := range []map[string]map[string]any{settings, others} {
		for provider, values := range part {
			if all[provider] == nil {
				all[provider] = map[string]any{}
			}
			maps.Copy(all[provider], values)
		}
	}
	return all
}

// Watch makes the world note what changes, for Changes. With all, everything
// counts as changed.
func (w *World) Watch(all bool) {
	w.state.Lock()
	defer w.state.Unlock()
	for _, in := range w.instances {
		in.store.Watch(all)
	}
}

// Changes is what has changed in a world.
type Changes struct {
	Head   StateHead // as it is now
	Stores map[string]store.Changes
}

// Changes returns what has changed since the last call, or since Watch. Whatever
// replaces the whole world is in it for all providers or for none.
func (w *World) Changes() Changes {
	w.state.RLock()
	defer w.state.RUnlock()
	c := Changes{Stores: map[string]store.Changes{}}
	for _, in := range w.instances {
		c.Stores[in.Name()] = in.store.Changes()
	}
	c.Head = w.head() // last: the number of a call is drawn before the call changes anything
	return c
}

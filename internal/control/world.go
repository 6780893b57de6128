package control

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
	"github.com/understudy-dev/understudy/internal/worldfile"
)

// A startRequest is what a world is to start with.
type startRequest struct {
	Seed     *string                   `json:"seed"`
	World    json.RawMessage           `json:"world"`
	Contract *string                   `json:"contract"`
	Settings map[string]map[string]any `json:"settings"`
	Populate *int                      `json:"populate"`
}

// empty reports whether nothing is asked for.
func (in startRequest) empty() bool {
	return in.Seed == nil && in.World == nil && in.Contract == nil && in.Settings == nil && in.Populate == nil
}

// start is what the request makes of the given start: what it leaves out stays,
// but that another world comes with its own seed, contract and settings.
func (in startRequest) start(start kernel.Start) (kernel.Start, error) {
	if in.World != nil {
		text := string(in.World)
		var asYAML string
		if json.Unmarshal(in.World, &asYAML) == nil {
			text = asYAML
		}
		file, err := worldfile.Read(strings.NewReader(text))
		if err != nil {
			return start, Refuse(http.StatusBadRequest, "%v", err)
		}
		start = kernel.Start{World: file}
	}
	if in.Seed != nil {
		start.Seed = *in.Seed
	}
	if in.Contract != nil {
		contract, err := kernel.ParseContract(*in.Contract)
		if err != nil {
			return start, Refuse(http.StatusBadRequest, "%v", err)
		}
		start.Contract = &contract
	}
	if in.Settings != nil {
		start.Settings = in.Settings
	}
	kit.Put(&start.Populate, in.Populate)
	return start, nil
}

// reset starts over; what the call leaves out is as at the last start.
func (a *api) reset(c *kernel.Call, in startRequest) (Info, error) {
	world := a.world(c)
	start, err := in.start(world.Start())
	if err != nil {
		return Info{}, err
	}
	if err := world.Reset(start); err != nil {
		return Info{}, Refuse(http.StatusBadRequest, "%v; the world stays as it was", err)
	}
	return a.info(c, none{})
}

type settingsPath struct {
	Provider string `path:"provider" json:"-"`
}

func (a *api) provider(c *kernel.Call, name string) (*kernel.Instance, error) {
	if in := a.world(c).Instance(name); in != nil {
		return in, nil
	}
	return nil, Refuse(http.StatusNotFound, "there is no provider %q here", name)
}

func (a *api) getSettings(c *kernel.Call, in settingsPath) (map[string]any, error) {
	provider, err := a.provider(c, in.Provider)
	if err != nil {
		return nil, err
	}
	return provider.Settings(), nil
}

func (a *api) patchSettings(c *kernel.Call, in settingsPath) (map[string]any, error) {
	provider, err := a.provider(c, in.Provider)
	if err != nil {
		return nil, err
	}
	changes, _ := c.Body.Value.(map[string]any)
	if err := provider.Set(changes); err != nil {
		return nil, Refuse(http.StatusBadRequest, "%v", err)
	}
	return provider.Settings(), nil
}

package emulator

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/emulator/internal/kernel"
)

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

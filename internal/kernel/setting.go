package kernel

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/understudy-dev/understudy/internal/near"
)

// A Setting is a knob of a provider: a part of the service that differs between
// plans or installations. Its value belongs to a world.
type Setting[T bool | int | string | time.Duration] struct {
	name, about string
	initial     T
	check       func(T) error
}

// NewSetting returns a setting; check, if not nil, refuses values.
func NewSetting[T bool | int | string | time.Duration](name string, initial T, about string, check func(T) error) *Setting[T] {
	return &Setting[T]{name, about, initial, check}
}

// A SettingValue is a setting with a value, as a provider's New takes it.
type SettingValue struct {
	setting anySetting
	value   any
}

// To returns the setting with a value.
func (s *Setting[T]) To(value T) SettingValue { return SettingValue{s, value} }

// Get returns the value in the world of the call.
func (s *Setting[T]) Get(c *Call) T {
	if v, ok := c.setup.settings[c.instance.desc.Name][s.name]; ok {
		return v.(T)
	}
	return s.initial
}

// anySetting is a setting of any type.
type anySetting interface {
	Name() string
	About() string
	Initial() any
	// parse reads a value from JSON's types or from text.
	parse(v any) (any, error)
}

// Name returns the setting's name, without the provider's.
func (s *Setting[T]) Name() string { return s.name }

// About says in a few words what the setting does, and in what unit.
func (s *Setting[T]) About() string { return s.about }

// Initial returns the value of a new world, as the control API shows it.
func (s *Setting[T]) Initial() any { return shown(s.initial) }

func (s *Setting[T]) parse(v any) (any, error) {
	value, err := read[T](v)
	if err == nil && s.check != nil {
		err = s.check(value)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return value, nil
}

// read converts a JSON value or a flag's text.
func read[T any](v any) (T, error) {
	var value T
	if v, ok := v.(T); ok {
		return v, nil
	}
	text, isText := v.(string)
	number, isNumber := v.(float64)
	var err error
	switch to := any(&value).(type) {
	case *bool:
		if isText {
			*to, err = strconv.ParseBool(text)
			return value, err
		}
	case *int:
		switch {
		case isText:
			*to, err = strconv.Atoi(text)
			return value, err
		case isNumber && number == float64(int(number)):
			*to = int(number)
			return value, nil
		}
	case *time.Duration:
		switch {
		case isText:
			*to, err = ParseDuration(text)
			return value, err
		case isNumber:
			*to = time.Duration(number * float64(time.Second))
			return value, nil
		}
	}
	return value, fmt.Errorf("%v is not a %T", v, value)
}

// days are what a duration may begin with beside what Go's have.
var days = regexp.MustCompile(`^(\d{1,6})d(.*)$`)

// ParseDuration reads a Go duration that may have days, such as 30d or 1d12h.
func ParseDuration(text string) (time.Duration, error) {
	found := days.FindStringSubmatch(text)
	if found == nil {
		return time.ParseDuration(text)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil || n > int(math.MaxInt64/(24*time.Hour)) {
		return 0, fmt.Errorf("%s days are too many", found[1])
	}
	whole := time.Duration(n) * 24 * time.Hour
	if found[2] == "" {
		return whole, nil
	}
	rest, err := time.ParseDuration(found[2])
	if err != nil || rest < 0 || rest > math.MaxInt64-whole {
		return 0, fmt.Errorf("%q is no duration such as 30d or 1d12h", text)
	}
	return whole + rest, nil
}

// shown is a value as JSON shows it.
func shown(v any) any {
	if d, ok := v.(time.Duration); ok {
		return d.String()
	}
	return v
}

// settings reads new values for some of a provider's settings over the present
// ones, which stay as they are.
func (in *Instance) settings(present map[string]any, changes map[string]any) (map[string]any, error) {
	next := maps.Clone(present)
	if next == nil {
		next = map[string]any{}
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		i := slices.IndexFunc(in.desc.Settings, func(s anySetting) bool { return s.Name() == name })
		if i < 0 {
			var names []string
			for _, s := range in.desc.Settings {
				names = append(names, s.Name())
			}
			if nearest := near.To(name, names); nearest != "" {
				return nil, fmt.Errorf("%s has no setting %q; did you mean %s?", in.Name(), name, nearest)
			}
			return nil, fmt.Errorf("%s has no setting %q; it has %v", in.Name(), name, names)
		}
		value, err := in.desc.Settings[i].parse(changes[name])
		if err != nil {
			return nil, fmt.Errorf("%s.%w", in.Name(), err)
		}
		next[name] = value
	}
	return next, nil
}

// Settings returns the values of all settings, as JSON shows them.
func (in *Instance) Settings() map[string]any {
	present := in.world.setup.Load().settings[in.Name()]
	values := map[string]any{}
	for _, s := range in.desc.Settings {
		values[s.Name()] = s.Initial()
		if v, ok := present[s.Name()]; ok {
			values[s.Name()] = shown(v)
		}
	}
	return values
}

// Set changes some settings, or none when one of them is refused.
func (in *Instance) Set(changes map[string]any) error {
	w := in.world
	w.state.Lock()
	defer w.state.Unlock()
	next := *w.setup.Load()
	values, err := in.settings(next.settings[in.Name()], changes)
	if err != nil {
		return err
	}
	next.settings = maps.Clone(next.settings)
	next.settings[in.Name()] = values
	w.setup.Store(&next)
	return nil
}

// Set changes some settings of a provider, or none when one of them is refused.
func (w *World) Set(provider string, changes map[string]any) error {
	in := w.Instance(provider)
	if in == nil {
		return fmt.Errorf("settings: there is no provider %q here", provider)
	}
	return in.Set(changes)
}

// SetContract holds the world to a contract from the next call on, as if it had
// been started with it; what it stores stays.
func (w *World) SetContract(contract Contract) {
	w.state.Lock()
	defer w.state.Unlock()
	w.start.Contract = &contract
	begun, present := *w.begun, *w.setup.Load()
	begun.contract, present.contract = contract, contract
	w.begun = &begun
	w.setup.Store(&present)
}

// A SettingInfo describes a setting, for the coverage table.
type SettingInfo struct {
	Name, About string
	Initial     any
}

// SettingInfos describes the provider's settings.
func (in *Instance) SettingInfos() []SettingInfo {
	var infos []SettingInfo
	for _, s := range in.desc.Settings {
		infos = append(infos, SettingInfo{in.Name() + "." + s.Name(), s.About(), s.Initial()})
	}
	return infos
}

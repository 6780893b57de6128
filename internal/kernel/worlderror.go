package kernel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/understudy-dev/understudy/internal/worldfile"
)

// A WorldError is a fault in a provider's section of a world file.
type WorldError struct {
	Path []any // keys and positions from the section's root
	Err  error
}

// Error returns the reason without the line, which the file knows.
func (e *WorldError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *WorldError) Unwrap() error { return e.Err }

// WorldErrorf returns an error at a place of a provider's section.
func WorldErrorf(path []any, format string, args ...any) error {
	return &WorldError{path, fmt.Errorf(format, args...)}
}

// Below returns the path of a place below another of a section, which stays as it is.
func Below(path []any, steps ...any) []any { return append(slices.Clone(path), steps...) }

// locate puts the file's line to an error of a provider's section.
func locate(f *worldfile.File, provider string, err error) error {
	var at *WorldError
	if !errors.As(err, &at) {
		return err
	}
	path := []string{provider}
	for _, step := range at.Path {
		path = append(path, fmt.Sprint(step))
	}
	return f.At(path, err)
}

// DefaultWorld returns the sections of the default world of the present seed.
func (w *World) DefaultWorld() []worldfile.Section {
	s := w.setup.Load()
	var sections []worldfile.Section
	for _, in := range w.instances {
		if in.desc.DefaultWorld != nil {
			content := in.desc.DefaultWorld(&Call{instance: in, setup: s, Now: Epoch})
			sections = append(sections, worldfile.Section{Provider: in.Name(), Content: content, Credentials: in.Credentials()})
		}
	}
	return sections
}

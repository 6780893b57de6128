// Package worldfile reads and prints world files: what a world starts with, as
// YAML or JSON.
package worldfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	yaml "github.com/oasdiff/yaml3"

	"github.com/understudy-dev/understudy/internal/gate"
	"github.com/understudy-dev/understudy/specs"
)

// A File describes a world to start with: a section for each provider, of the
// provider's own form, and what holds for all.
type File struct {
	Seed      string
	Clock     time.Time // zero: real time
	Contract  string    // empty: as the server was told
	Settings  map[string]map[string]any
	Providers map[string]json.RawMessage

	text []byte     // as it was read
	root *yaml.Node // where lines are looked up
}

// described is the OpenAPI document of world files: specs.World, and in it the
// section of each provider that there is.
var described = sync.OnceValues(func() (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(specs.World, &document); err != nil {
		return nil, err
	}
	schemas := child(child(document.Content[0], "components"), "schemas")
	properties := child(child(schemas, "World"), "properties")
	files, err := fs.Glob(specs.Sections, "world/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := specs.Sections.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var section yaml.Node
		if err := yaml.Unmarshal(text, &section); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		own := section.Content[0].Content
		schemas.Content = append(schemas.Content, own...)
		properties.Content = append(properties.Content, scalar(strings.TrimSuffix(path.Base(name), ".yaml")), &yaml.Node{
			Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("$ref"), scalar(schemasAt + own[0].Value)},
		})
	}
	return document.Content[0], nil
})

// schemasAt is where references of an OpenAPI document find schemas.
const schemasAt = "#/components/schemas/"

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

var schema = gate.NewSchema(described, "World")

// Schema returns the JSON Schema of world files. It is made of what they are
// checked with. What no schema can say, such as that an identifier is given twice,
// is told when a world is read.
func Schema() ([]byte, error) {
	document, err := described()
	if err != nil {
		return nil, err
	}
	var defs bytes.Buffer
	if err := gate.WriteJSON(&defs, child(child(document, "components"), "schemas"), false); err != nil {
		return nil, err
	}
	info := child(document, "info")
	text, err := json.MarshalIndent(struct {
		Schema      string          `json:"$schema"`
		Title       string          `json:"title"`
		Description string          `json:"description"`
		Ref         string          `json:"$ref"`
		Defs        json.RawMessage `json:"$defs"`
	}{
		"https://json-schema.org/draft/2020-12/schema", child(info, "title").Value, child(info, "description").Value, "#/$defs/World",
		bytes.ReplaceAll(defs.Bytes(), []byte(`"`+schemasAt), []byte(`"#/$defs/`)),
	}, "", "  ")
	return append(text, '\n'), err
}

// Read reads a world file, YAML or JSON. An error names the line.
func Read(r io.Reader) (*File, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("world file: %w", err)
	}
	f := &File{Providers: map[string]json.RawMessage{}, text: text}
	if f.root, err = document(text); err != nil {
		return nil, fmt.Errorf("world file: %w", err)
	}
	var asJSON bytes.Buffer
	if err := gate.WriteJSON(&asJSON, f.root, false); err != nil {
		return nil, fmt.Errorf("world file: %w", err)
	}
	var value any
	if err := json.Unmarshal(asJSON.Bytes(), &value); err != nil {
		return nil, fmt.Errorf("world file: %w", err)
	}
	breaches, err := schema.Check(value)
	if err != nil {
		return nil, err
	}
	if len(breaches) > 0 {
		b := breaches[0]
		path := b.Path
		if b.Rule == gate.RuleUnknown {
			path = append(path, b.Keys[0])
		}
		return nil, f.At(path, errors.New(b.Text()))
	}
	sections := map[string]json.RawMessage{}
	if err := json.Unmarshal(asJSON.Bytes(), &sections); err != nil {
		return nil, fmt.Errorf("world file: %w", err)
	}
	for name, to := range map[string]any{"seed": &f.Seed, "clock": &f.Clock, "contract": &f.Contract, "settings": &f.Settings} {
		if section, ok := sections[name]; ok {
			if err := json.Unmarshal(section, to); err != nil {
				return nil, f.At([]string{name}, err)
			}
			delete(sections, name)
		}
	}
	f.Providers = sections
	return f, nil
}

// document returns the root of the one document that text is.
func document(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	err := decoder.Decode(&first)
	switch {
	case err == io.EOF:
		return nil, errors.New("it is empty")
	case err == nil:
		err = decoder.Decode(&second)
	}
	switch {
	case err == nil:
		return nil, fmt.Errorf("line %d: a second document begins, and a world is one", second.Line)
	case err != io.EOF:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return first.Content[0], nil
}

// MarshalText returns the file's text.
func (f *File) MarshalText() ([]byte, error) { return f.text, nil }

// UnmarshalText reads a file's text.
func (f *File) UnmarshalText(text []byte) error {
	file, err := Read(bytes.NewReader(text))
	if err == nil {
		*f = *file
	}
	return err
}

// At is an error at the line of a path, or of the nearest place above it.
func (f *File) At(path []string, err error) error {
	node := f.root
	line := node.Line
	for _, step := range path {
		next := child(node, step)
		if next == nil {
			break
		}
		node, line = next, next.Line
	}
	return fmt.Errorf("world file, line %d: /%s: %w", line, strings.Join(path, "/"), err)
}

func child(n *yaml.Node, step string) *yaml.Node {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

// A Section is a provider's part of a world that is printed.
type Section struct {
	Provider    string
	Content     any
	Credentials map[string]string // shown in a comment
}

// Print returns the file of a world, to be edited and read again.
func Print(seed string, sections []Section) ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value any, comment string) error {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		var node yaml.Node
		if err := yaml.Unmarshal(text, &node); err != nil { // JSON is YAML
			return err
		}
		block(node.Content[0])
		name := &yaml.Node{Kind: yaml.ScalarNode, Value: key, HeadComment: comment}
		root.Content = append(root.Content, name, node.Content[0])
		return nil
	}
	if err := add("seed", seed, "What identifiers and secrets derive from that are not given below."); err != nil {
		return nil, err
	}
	for _, s := range sections {
		comment := "Credentials:"
		for _, name := range slices.Sorted(maps.Keys(s.Credentials)) {
			comment += "\n  " + name + ": " + s.Credentials[name]
		}
		if err := add(s.Provider, s.Content, comment); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	err := enc.Encode(root)
	return out.Bytes(), err
}

// block turns JSON's flow style into YAML's usual one.
func block(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		block(c)
	}
}

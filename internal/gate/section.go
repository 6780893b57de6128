package gate

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	yaml "github.com/oasdiff/yaml3"
)

// A source is the text of a document, cut into the sections that operations are
// made of. Reading YAML and resolving references takes about a millisecond an
// operation, and most processes call few of them; cutting takes next to nothing,
// because keys of one level are indented alike.
type source struct {
	security, transport string            // as YAML
	known               string            // as YAML
	paths               []pathSection     // as they stand in the text
	components          map[string]string // YAML by reference, "#/components/schemas/Error"

	mu     sync.Mutex
	parsed map[string][]byte // components as JSON
}

type pathSection struct {
	path       string
	parameters string // YAML that all its operations share, or ""
	operations []section
}

// A section is a key and the YAML of which it is the only one.
type section struct{ key, text string }

// sections cuts a text at the keys that are indented by so many spaces.
func sections(text string, indent int) ([]section, error) {
	var all []section
	seen := map[string]bool{}
	margin := strings.Repeat(" ", indent)
	start := -1
	end := func(at int) {
		if start >= 0 {
			all[len(all)-1].text = text[start:at]
		}
	}
	for at := 0; at < len(text); {
		line, _, _ := strings.Cut(text[at:], "\n")
		rest, deep := strings.CutPrefix(line, margin)
		if deep && rest != "" && !strings.ContainsAny(rest[:1], " #-\r") {
			key, _, isKey := strings.Cut(rest+" ", ": ")
			if key = strings.Trim(key, `"'`); !isKey {
				return nil, fmt.Errorf("%q is no key", line)
			}
			if seen[key] {
				return nil, fmt.Errorf("the key %q is there twice", key)
			}
			seen[key] = true
			end(at)
			all, start = append(all, section{key: key}), at
		}
		at += len(line) + 1
	}
	end(len(text))
	return all, nil
}

// within cuts the value of a section.
func within(s section, indent int) ([]section, error) {
	_, inner, _ := strings.Cut(s.text, "\n")
	all, err := sections(inner, indent)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.key, err)
	}
	return all, nil
}

func cut(text string) (*source, error) {
	src := &source{components: map[string]string{}, parsed: map[string][]byte{}}
	top, err := sections(text, 0)
	if err != nil {
		return nil, err
	}
	if len(top) == 0 {
		return nil, errors.New("the document is empty")
	}
	for _, s := range top {
		switch s.key {
		case "security":
			src.security = s.text
		case transportKey:
			src.transport = s.text
		case "x-understudy-known":
			src.known = s.text
		case "paths":
			err = src.cutPaths(s)
		case "components":
			err = src.cutComponents(s)
		}
		if err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (src *source) cutPaths(s section) error {
	paths, err := within(s, 2)
	if err != nil {
		return err
	}
	for _, path := range paths {
		members, err := within(path, 4)
		if err != nil {
			return err
		}
		p := pathSection{path: path.key}
		for _, m := range members {
			if m.key == "parameters" {
				p.parameters = m.text
			} else {
				p.operations = append(p.operations, m)
			}
		}
		src.paths = append(src.paths, p)
	}
	return nil
}

func (src *source) cutComponents(s section) error {
	kinds, err := within(s, 2)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		members, err := within(kind, 4)
		if err != nil {
			return err
		}
		for _, m := range members {
			src.components["#/components/"+kind.key+"/"+m.key] = m.text
		}
	}
	return nil
}

// reference is how one part of a document names another.
var reference = regexp.MustCompile(`#/components/[A-Za-z]+/[A-Za-z0-9._-]+`)

// document loads a part of the document by itself: a path's YAML, if any, and the
// components that are named, with all that they refer to.
func (src *source) document(path string, yamls []string, named ...string) (*openapi3.T, error) {
	src.mu.Lock()
	defer src.mu.Unlock()
	var text bytes.Buffer
	fmt.Fprintf(&text, `{"openapi":"3.0.3","info":{"title":"","version":""},"paths":{%q:{`, path)
	for i, y := range yamls {
		if i > 0 {
			text.WriteByte(',')
		}
		member, err := members(y)
		if err != nil {
			return nil, err
		}
		text.Write(member)
		named = append(named, reference.FindAllString(y, -1)...)
	}
	text.WriteString("}}")
	kinds := map[string][][]byte{}
	for seen := map[string]bool{}; len(named) > 0; {
		name := named[0]
		named = named[1:]
		y, ok := src.components[name]
		if seen[name] || !ok {
			continue // what is missing, the loader tells
		}
		seen[name] = true
		if src.parsed[name] == nil {
			var err error
			if src.parsed[name], err = members(y); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		kind := strings.Split(name, "/")[2]
		kinds[kind] = append(kinds[kind], src.parsed[name])
		named = append(named, reference.FindAllString(y, -1)...)
	}
	text.WriteString(`,"components":{`)
	first := true
	for kind, all := range kinds {
		if !first {
			text.WriteByte(',')
		}
		first = false
		fmt.Fprintf(&text, "%q:{%s}", kind, bytes.Join(all, []byte(",")))
	}
	text.WriteString("}}")
	return openapi3.NewLoader().LoadFromData(text.Bytes())
}

// members are those of a YAML mapping, as JSON without the braces.
func members(text string) ([]byte, error) {
	object, err := asJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	return object[1 : len(object)-1], nil
}

// asJSON reads YAML, and notes the order of properties.
func asJSON(text []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if len(root.Content) == 0 {
		return nil, errors.New("the document is empty")
	}
	var out bytes.Buffer
	if err := WriteJSON(&out, root.Content[0], true); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

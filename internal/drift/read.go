package drift

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// deepest is how many objects and lists a schema is followed into. A schema that
// leads back to itself is not followed again.
const deepest = 12

// A Document is what is compared of an OpenAPI document of version 3.0 or 3.1.
type Document struct {
	operations map[string]*operation // by Line
}

// An operation is a method of a path, with all that is said of it.
type operation struct {
	method, path string
	group        string
	procedure    bool // known by its path alone
	says         *node
}

// line names the operation. A procedure is a POST to its path.
func (o *operation) line() string { return o.method + " " + o.path }

// A node is a part of an operation: a parameter, a body, an answer, a property.
type node struct {
	facts  map[string]string
	parts  map[string]*node
	ours   string // why only we have it, where our document says so
	always bool   // it is not compared whether it is there
}

func newNode() *node { return &node{facts: map[string]string{}, parts: map[string]*node{}} }

// Read reads a document, YAML or JSON.
func Read(text []byte) (*Document, error) {
	var root any
	var err error
	if strings.HasPrefix(strings.TrimSpace(string(text)), "{") {
		err = json.Unmarshal(text, &root)
	} else {
		err = yaml.Unmarshal(text, &root)
	}
	if err != nil {
		return nil, fmt.Errorf("it is neither JSON nor YAML: %w", err)
	}
	top := object(root)
	version, _ := top["openapi"].(string)
	if !strings.HasPrefix(version, "3.") {
		return nil, errors.New("it is no OpenAPI document of version 3.0 or 3.1")
	}
	r := reader{root: top}
	d := &Document{operations: map[string]*operation{}}
	base := r.base()
	for path, item := range object(top["paths"]) {
		item := r.resolve(item)
		for _, method := range []string{"get", "head", "post", "put", "patch", "delete"} {
			if item[method] == nil {
				continue
			}
			o := r.operation(strings.ToUpper(method), join(base, path), item, r.resolve(item[method]))
			d.operations[o.line()] = o
		}
	}
	if len(d.operations) == 0 {
		return nil, errors.New("it has no operation")
	}
	return d, nil
}

// Add adds the operations of a document that is published in several parts.
func (d *Document) Add(part *Document) { maps.Copy(d.operations, part.operations) }

// join puts a server's path before an operation's.
func join(base, path string) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if base != "" && !strings.HasPrefix(path, base+"/") {
		path = base + path
	}
	return path
}

// A reader follows the references of one document.
type reader struct{ root map[string]any }

// base is the path of the first server.
func (r *reader) base() string {
	servers := list(r.root["servers"])
	if len(servers) == 0 {
		return ""
	}
	text, _ := object(servers[0])["url"].(string)
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(u.Path, "{}") {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

// resolve returns an object, by way of its reference if it has one.
func (r *reader) resolve(v any) map[string]any {
	o := object(v)
	for range deepest {
		ref, ok := o["$ref"].(string)
		if !ok {
			return o
		}
		o = object(r.at(ref))
	}
	return nil
}

// at finds what a reference within the document points at.
func (r *reader) at(ref string) any {
	var v any = r.root
	for step := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}").Replace(step)
		v = object(v)[step]
	}
	return v
}

func (r *reader) operation(method, path string, item, op map[string]any) *operation {
	o := &operation{method: method, path: path, says: newNode()}
	o.procedure, _ = op["x-understudy-rpc"].(bool)
	if tags := list(op["tags"]); len(tags) > 0 {
		o.group, _ = tags[0].(string)
	}
	for _, v := range slices.Concat(list(item["parameters"]), list(op["parameters"])) {
		r.parameter(o, r.resolve(v))
	}
	if body := r.resolve(op["requestBody"]); body != nil {
		n := newNode()
		n.fact("required", truth(body["required"]))
		r.content(n, body)
		o.says.parts["body"] = n
	}
	for status, v := range object(op["responses"]) {
		if strings.ToLower(status) == "default" || strings.HasSuffix(strings.ToUpper(status), "XX") {
			continue // it names no status
		}
		answer := r.resolve(v)
		n := newNode()
		if evidence, _ := answer["x-understudy-evidence"].(string); evidence == "observed" || evidence == "chosen" {
			n.ours = "the status is " + evidence
		}
		r.content(n, answer)
		o.says.parts[status] = n
	}
	return o
}

func (r *reader) parameter(o *operation, p map[string]any) {
	in, _ := p["in"].(string)
	name, _ := p["name"].(string)
	switch in {
	case "path":
		// A variable is known by its place, whatever its name.
		before, _, _ := strings.Cut(o.path, "{"+name+"}")
		name = fmt.Sprint(strings.Count(before, "/"))
	case "header":
		name = strings.ToLower(name)
		if slices.Contains([]string{"authorization", "accept", "content-type"}, name) {
			return
		}
	case "cookie":
		return
	}
	n := newNode()
	if in != "path" {
		n.fact("required", truth(p["required"]))
	}
	schema := p["schema"]
	for _, media := range object(p["content"]) {
		schema = object(media)["schema"]
	}
	r.schema(n, schema, nil)
	if allowance, _ := object(p)["x-understudy-allowance"].(bool); allowance {
		n.ours = "clients send it"
	}
	o.says.parts[in+" "+name] = n
}

// content adds what a body or an answer holds, by media type; JSON has no name of
// its own, because the documents spell it in many ways.
func (r *reader) content(n *node, holder map[string]any) {
	for mediaType, media := range object(holder["content"]) {
		schema := object(media)["schema"]
		if schema == nil {
			continue
		}
		mediaType, _, _ = strings.Cut(strings.ToLower(mediaType), ";")
		if mediaType == "application/json" || mediaType == "application/json-patch+json" || mediaType == "*/*" {
			r.schema(n, schema, nil)
			continue
		}
		part := newNode()
		r.schema(part, schema, nil)
		n.parts[mediaType] = part
	}
}

// schema adds what a schema says to a node. Behind are the references that led
// here.
func (r *reader) schema(n *node, v any, behind []string) {
	s := object(v)
	if len(behind) > deepest {
		return
	}
	for ref, ok := s["$ref"].(string); ok; ref, ok = s["$ref"].(string) {
		if slices.Contains(behind, ref) {
			return
		}
		behind = append(slices.Clip(behind), ref)
		s = object(r.at(ref))
	}
	if s == nil {
		return
	}
	if allowance, _ := s["x-understudy-allowance"].(bool); allowance {
		n.ours = "clients send it"
	}
	r.types(n, s)
	for _, name := range []string{"format", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "multipleOf"} {
		if s[name] != nil {
			n.fact(name, text(s[name]))
		}
	}
	if unique, _ := s["uniqueItems"].(bool); unique {
		n.fact("uniqueItems", "true")
	}
	for inclusive, exclusive := range map[string]string{"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"} {
		switch bound := s[exclusive].(type) {
		case bool: // 3.0: the other bound is exclusive
			if bound && s[inclusive] != nil {
				n.fact(exclusive, text(s[inclusive]))
				continue
			}
		case nil:
		default:
			n.fact(exclusive, text(bound))
		}
		if s[inclusive] != nil {
			n.fact(inclusive, text(s[inclusive]))
		}
	}
	values := list(s["enum"])
	if v, ok := s["const"]; ok {
		values = []any{v}
	}
	n.enum(values)

	required := list(s["required"])
	for name, property := range object(s["properties"]) {
		part := newNode()
		part.fact("required", truth(slices.Contains(required, any(name))))
		r.schema(part, property, append(slices.Clip(behind), "."))
		n.parts["."+name] = part
	}
	if items, ok := s["items"]; ok {
		part := newNode()
		part.always = true
		r.schema(part, items, append(slices.Clip(behind), "[]"))
		n.parts["[]"] = part
	}
	for _, each := range list(s["allOf"]) {
		part := newNode()
		r.schema(part, each, behind)
		n.and(part)
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		r.either(n, list(s[key]), behind)
	}
}

// types adds the type; null is a fact of its own, spelt in three ways.
func (r *reader) types(n *node, s map[string]any) {
	types := list(s["type"])
	if one, ok := s["type"].(string); ok {
		types = []any{one}
	}
	var names []string
	for _, t := range types {
		if t == "null" {
			n.fact("nullable", "true")
		} else {
			names = append(names, text(t))
		}
	}
	if nullable, _ := s["nullable"].(bool); nullable {
		n.fact("nullable", "true")
	}
	if len(names) > 0 {
		slices.Sort(names)
		n.fact("type", strings.Join(names, " or "))
	}
}

// either adds what alternatives have in common, and what any of them has.
func (r *reader) either(n *node, alternatives []any, behind []string) {
	var union *node
	for _, alternative := range alternatives {
		part := newNode()
		r.schema(part, alternative, behind)
		if len(part.parts) == 0 && len(part.facts) == 1 && part.facts["nullable"] != "" {
			n.fact("nullable", "true")
			continue
		}
		if union == nil {
			union = part
		} else {
			union.or(part)
		}
	}
	if union != nil {
		n.and(union)
	}
}

// and adds what another schema says of the same value.
func (n *node) and(other *node) {
	for name, value := range other.facts {
		if name != "required" || value == "true" {
			n.facts[name] = value
		}
	}
	for name, part := range other.parts {
		if n.parts[name] == nil {
			n.parts[name] = part
		} else {
			n.parts[name].and(part)
		}
	}
	n.ours = cmp.Or(n.ours, other.ours)
}

// or widens what is said of a value by an alternative.
func (n *node) or(other *node) {
	for name, value := range n.facts {
		otherwise, both := other.facts[name]
		switch {
		case name == "nullable": // one that may be null is enough
		case name == "enum" && both:
			n.enumOf(append(strings.Split(value, ", "), strings.Split(otherwise, ", ")...))
		case name == "type" && both && value != otherwise:
			names := append(strings.Split(value, " or "), strings.Split(otherwise, " or ")...)
			slices.Sort(names)
			n.facts[name] = strings.Join(slices.Compact(names), " or ")
		case name == "required" && value != otherwise:
			n.facts[name] = "false"
		case !both || value != otherwise:
			delete(n.facts, name)
		}
	}
	if other.facts["nullable"] != "" {
		n.fact("nullable", "true")
	}
	for name, part := range n.parts {
		if other.parts[name] == nil && part.facts["required"] != "" {
			part.fact("required", "false")
		}
	}
	for name, part := range other.parts {
		switch {
		case n.parts[name] != nil:
			n.parts[name].or(part)
		default:
			if part.facts["required"] != "" {
				part.fact("required", "false")
			}
			n.parts[name] = part
		}
	}
}

func (n *node) fact(name, value string) { n.facts[name] = value }

func (n *node) enum(values []any) {
	var texts []string
	for _, v := range values {
		if v != nil {
			texts = append(texts, text(v))
		}
	}
	n.enumOf(texts)
}

func (n *node) enumOf(texts []string) {
	if len(texts) == 0 {
		return
	}
	slices.Sort(texts)
	n.fact("enum", strings.Join(slices.Compact(texts), ", "))
}

func truth(v any) string {
	if yes, _ := v.(bool); yes {
		return "true"
	}
	return "false"
}

// text writes a value in one way, whether it came as JSON or as YAML.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
	}
	return fmt.Sprint(v)
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// object returns a mapping by its keys' texts: YAML reads an unquoted status as a
// number.
func object(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case map[any]any:
		o := map[string]any{}
		for key, value := range v {
			o[fmt.Sprint(key)] = value
		}
		return o
	}
	return nil
}

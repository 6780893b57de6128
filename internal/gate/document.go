package gate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gorilla/mux"
	yaml "github.com/oasdiff/yaml3"
)

// PathRule says how a provider compares paths.
type PathRule struct {
	IgnoreTrailingSlash bool
	IgnoreCase          bool // of the fixed segments
	HeadIsGet           bool // where the document has no HEAD, its GET is what is asked for
}

// A Document is an OpenAPI document of which is read what is needed: the table of
// its operations with the first call, an operation when it is first called. One
// Document serves every server of a process.
//
// It is YAML in blocks, paths and components indented by two spaces, operations and
// single components by four.
type Document struct {
	text   []byte
	beyond []byte
	load   func() (*Index, error)
}

// NewDocument returns the document of a YAML text.
func NewDocument(text []byte, rule PathRule) *Document {
	d := &Document{text: text}
	d.load = sync.OnceValues(func() (*Index, error) {
		c, err := parse(text, rule)
		if err == nil {
			c.beyond = sync.OnceValue(func() []Line { return parseLines(d.beyond) })
			c.names = sync.OnceValue(c.listNames)
		}
		return c, err
	})
	return d
}

// Beyond adds the list of what the service has and the document leaves out.
func (d *Document) Beyond(list []byte) *Document { d.beyond = list; return d }

// Text returns the document as it was written.
func (d *Document) Text() []byte { return d.text }

// Index returns the document's table of operations.
func (d *Document) Index() (*Index, error) { return d.load() }

// An Index is a document that can be looked things up in.
type Index struct {
	Operations []*Operation // by path, then method

	rule PathRule
	// Routers hold the paths by how many slashes they have: mux tries its routes
	// one after the other, and no variable spans a slash.
	routers map[int]func() *mux.Router
	paths   map[string]methods
	byLine  map[string]*Operation
	beyond  func() []Line
	names   func() known

	source    *source
	secured   bool  // unless an operation says otherwise
	transport []int // the statuses of any operation

	mu         sync.Mutex
	transports map[string]map[int]*openapi3.Schema // by the names of their components
}

// methods are the operations of one path.
type methods map[string]*Operation

// An Operation is one method of one path. Most of it is there once it has been
// loaded.
type Operation struct {
	Method, Path string
	ID, Summary  string
	Page         string // the provider's page that the operation imitates
	RPC          bool   // whether its path alone names it: a procedure is always a POST
	Secured      bool   // whether it asks for a credential
	Statuses     []int  // the documented ones, ascending
	Success      int    // the lowest documented 2xx
	Evidence     map[int]string
	BodyRequired bool

	load       func() error
	hasBody    bool
	parameters []parameter
	body       map[string]*openapi3.Schema // by media type
	answers    map[int]map[string]*openapi3.Schema
	transport  map[int]*openapi3.Schema
	allowances []string
	rivals     func() []Line // paths beyond the document that its own covers
}

// Line returns the operation's name within its provider: method and path, or
// the path of a procedure.
func (o *Operation) Line() string {
	if o.RPC {
		return o.Path
	}
	return o.Method + " " + o.Path
}

// Known is what a document says of itself under x-understudy-known: what its
// provider is good for, and how well that is known.
type Known struct {
	Rotates   string            `json:"rotates"`   // the credentials that can be made and used up
	Seen      string            `json:"seen"`      // the clients that were seen to work, with their versions
	Confirmed map[string]string `json:"confirmed"` // when and how each mark of evidence was last confirmed
}

// Known returns what the document says of itself.
func (c *Index) Known() (Known, error) {
	var top struct {
		Known Known `yaml:"x-understudy-known"`
	}
	err := yaml.Unmarshal([]byte(c.source.known), &top)
	return top.Known, err
}

// Operation returns the operation of a line, or nil.
func (c *Index) Operation(line string) *Operation { return c.byLine[line] }

// Query returns the names of the operation's query parameters.
func (o *Operation) Query() []string {
	var names []string
	for _, p := range o.parameters {
		if p.in == openapi3.ParameterInQuery {
			names = append(names, p.name)
		}
	}
	return names
}

// Refusals lists the statuses of 400 and above that the document lets op answer
// with: its own, and those that any transport may give.
func (o *Operation) Refusals() []int {
	all := slices.DeleteFunc(slices.Clone(o.Statuses), func(s int) bool { return s < 400 })
	for s := range o.transport {
		all = append(all, s)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// orderKey is where an object schema keeps the order of its properties, which
// the parsed form (a map) would lose.
const orderKey = "x-understudy-order"

func parse(text []byte, rule PathRule) (*Index, error) {
	src, err := cut(string(text))
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	return compile(src, rule)
}

func load(root *yaml.Node) (*openapi3.T, error) {
	var object bytes.Buffer
	if err := WriteJSON(&object, root, true); err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(object.Bytes())
}

// A Schema is one schema of a document, parsed when it is first needed.
type Schema struct {
	load func() (*openapi3.Schema, error)
}

// NewSchema returns the named schema of a document's components. The document is
// made when it is first needed.
func NewSchema(document func() (*yaml.Node, error), name string) *Schema {
	return &Schema{load: sync.OnceValues(func() (*openapi3.Schema, error) {
		root, err := document()
		if err != nil {
			return nil, fmt.Errorf("gate: %w", err)
		}
		doc, err := load(root)
		if err != nil {
			return nil, fmt.Errorf("gate: %w", err)
		}
		ref := doc.Components.Schemas[name]
		if ref == nil {
			return nil, fmt.Errorf("gate: there is no schema %s", name)
		}
		return ref.Value, nil
	})}
}

// Check lists where a decoded value breaks the schema.
func (s *Schema) Check(value any) ([]Breach, error) {
	schema, err := s.load()
	if err != nil {
		return nil, err
	}
	return visit(schema, value, "", nil), nil
}

// WriteJSON writes a YAML node without aliases as JSON. With ordered, the order of properties is
// noted beside them, as documents need it.
func WriteJSON(w *bytes.Buffer, n *yaml.Node, ordered bool) error {
	switch n.Kind {
	case yaml.MappingNode:
		w.WriteByte('{')
		seen := map[string]bool{}
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				w.WriteByte(',')
			}
			key, value := n.Content[i], n.Content[i+1]
			if key.Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: a key is no text", key.Line)
			}
			if seen[key.Value] {
				return fmt.Errorf("line %d: the key %q is there twice", key.Line, key.Value)
			}
			seen[key.Value] = true
			name, err := json.Marshal(key.Value)
			if err != nil {
				return err
			}
			w.Write(append(name, ':'))
			if err := WriteJSON(w, value, ordered); err != nil {
				return err
			}
			if ordered && key.Value == "properties" && value.Kind == yaml.MappingNode {
				var names []string
				for j := 0; j < len(value.Content); j += 2 {
					names = append(names, value.Content[j].Value)
				}
				order, err := json.Marshal(names)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, ",%q:%s", orderKey, order)
			}
		}
		w.WriteByte('}')
	case yaml.SequenceNode:
		w.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := WriteJSON(w, item, ordered); err != nil {
				return err
			}
		}
		w.WriteByte(']')
	case yaml.AliasNode:
		// One line can stand for a gigabyte.
		return fmt.Errorf("line %d: *%s is an alias, and aliases are not read: write out what it stands for", n.Line, n.Value)
	default:
		var v any
		if err := n.Decode(&v); err != nil {
			return err
		}
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		w.Write(text)
	}
	return nil
}

func compile(src *source, rule PathRule) (*Index, error) {
	var top struct {
		Security  []map[string][]string `yaml:"security"`
		Transport []int                 `yaml:"x-understudy-transport"`
	}
	if err := yaml.Unmarshal([]byte(src.security+src.transport), &top); err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	c := &Index{
		rule:      rule,
		source:    src,
		secured:   len(top.Security) > 0,
		transport: top.Transport,
		routers:   map[int]func() *mux.Router{},
		paths:     map[string]methods{},
		byLine:    map[string]*Operation{},
	}
	order := openapi3.NewPaths()
	for _, p := range src.paths {
		order.Set(p.path, &openapi3.PathItem{})
		ops := methods{}
		for _, s := range p.operations {
			op := &Operation{
				Method: strings.ToUpper(s.key), Path: p.path,
				RPC:     strings.Contains(s.text, procedureMark),
				hasBody: strings.Contains(s.text, bodyMark),
			}
			op.load = sync.OnceValue(func() error { return c.compileOperation(op, p, s) })
			op.rivals = sync.OnceValue(func() []Line { return c.rivals(op) })
			ops[op.Method] = op
			c.byLine[op.Line()] = op
			c.Operations = append(c.Operations, op)
		}
		c.paths[p.path] = ops
	}
	bySlashes := map[int][]string{}
	for _, path := range order.InMatchingOrder() {
		slashes := strings.Count(path, "/")
		bySlashes[slashes] = append(bySlashes[slashes], path)
	}
	for slashes, paths := range bySlashes {
		c.routers[slashes] = sync.OnceValue(func() *mux.Router { return c.router(paths) })
	}
	slices.SortFunc(c.Operations, func(a, b *Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return c, nil
}

// What the table of operations tells of one is looked for in its text.
const (
	procedureMark = "\n      x-understudy-rpc: true\n"
	bodyMark      = "\n      requestBody:"
)

// router finds the paths that have as many slashes.
func (c *Index) router(paths []string) *mux.Router {
	// SkipClean and UseEncodedPath: a path is taken as it was sent, so that
	// neither ".." nor an encoded slash reaches another operation.
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	for _, path := range paths {
		router.Path(c.template(path)).Name(path)
	}
	return router
}

// template is the path as mux wants it.
func (c *Index) template(path string) string {
	if !c.rule.IgnoreCase {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if s != "" && !strings.Contains(s, "{") {
			segments[i] = fmt.Sprintf("{_%d:(?i:%s)}", i, regexp.QuoteMeta(s))
		}
	}
	return strings.Join(segments, "/")
}

// transportKey is where a document lists the statuses that any operation may
// answer with, each described by the component Error<status>. On an operation it
// is another name for Error: that of a token endpoint's own envelope.
const transportKey = "x-understudy-transport"

// transportSchemas reads the document's list, in one dialect.
func (c *Index) transportSchemas(dialect string) (map[int]*openapi3.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if schemas := c.transports[dialect]; schemas != nil {
		return schemas, nil
	}
	var names []string
	for _, status := range c.transport {
		names = append(names, fmt.Sprintf("#/components/responses/%s%d", dialect, status))
	}
	doc, err := c.source.document("/", nil, names...)
	if err != nil {
		return nil, err
	}
	schemas := map[int]*openapi3.Schema{}
	for _, status := range c.transport {
		name := fmt.Sprintf("%s%d", dialect, status)
		if doc.Components == nil || doc.Components.Responses[name] == nil {
			return nil, fmt.Errorf("%s names %v, but there is no response %s", transportKey, status, name)
		}
		for _, content := range doc.Components.Responses[name].Value.Content {
			schemas[status] = content.Schema.Value
		}
	}
	if c.transports == nil {
		c.transports = map[string]map[int]*openapi3.Schema{}
	}
	c.transports[dialect] = schemas
	return schemas, nil
}

// Load reads all operations.
func (c *Index) Load() error {
	for _, op := range c.Operations {
		if err := op.Load(); err != nil {
			return err
		}
	}
	return nil
}

// Load reads what the document says of the operation, once. Before, only its line
// and HasBody can be asked for.
func (o *Operation) Load() error { return o.load() }

func (c *Index) compileOperation(o *Operation, p pathSection, s section) error {
	fail := func(err error) error { return fmt.Errorf("gate: %s %s: %w", o.Method, o.Path, err) }
	yamls := []string{s.text}
	if p.parameters != "" {
		yamls = append(yamls, p.parameters)
	}
	doc, err := c.source.document(o.Path, yamls)
	if err != nil {
		return fail(err)
	}
	item := doc.Paths.Value(o.Path)
	in := item.GetOperation(o.Method)
	o.ID, o.Summary = in.OperationID, in.Summary
	o.Evidence = map[int]string{}
	o.answers = map[int]map[string]*openapi3.Schema{}
	if in.ExternalDocs != nil {
		o.Page = in.ExternalDocs.URL
	}
	o.Secured = c.secured
	if in.Security != nil {
		o.Secured = len(*in.Security) > 0
	}
	for _, ref := range slices.Concat(item.Parameters, in.Parameters) {
		o.parameters = append(o.parameters, compileParameter(ref.Value))
	}
	if in.RequestBody != nil {
		o.BodyRequired = in.RequestBody.Value.Required
		o.body = map[string]*openapi3.Schema{}
		for mediaType, content := range in.RequestBody.Value.Content {
			o.body[mediaType] = content.Schema.Value
			for _, name := range order(content.Schema.Value) {
				p := content.Schema.Value.Properties[name]
				if mark, _ := p.Value.Extensions["x-understudy-allowance"].(bool); mark {
					o.allowances = append(o.allowances, name)
				}
			}
		}
	}
	for code, ref := range in.Responses.Map() {
		status, err := strconv.Atoi(code)
		if err != nil {
			return fail(fmt.Errorf("response %q is not a status", code))
		}
		o.Statuses = append(o.Statuses, status)
		o.Evidence[status], _ = ref.Value.Extensions["x-understudy-evidence"].(string)
		o.answers[status] = map[string]*openapi3.Schema{}
		for mediaType, content := range ref.Value.Content {
			if content.Schema != nil {
				o.answers[status][mediaType] = content.Schema.Value
			}
		}
	}
	slices.Sort(o.Statuses)
	for _, status := range slices.Backward(o.Statuses) {
		if status/100 == 2 {
			o.Success = status
		}
	}
	if o.Success == 0 {
		return fail(errors.New("no 2xx answer"))
	}
	dialect, _ := in.Extensions[transportKey].(string)
	if o.transport, err = c.transportSchemas(cmp.Or(dialect, "Error")); err != nil {
		return fail(err)
	}
	return nil
}

// order returns an object schema's property names as the document lists them.
func order(s *openapi3.Schema) []string {
	list, _ := s.Extensions[orderKey].([]any)
	names := make([]string, len(list))
	for i, name := range list {
		names[i], _ = name.(string)
	}
	return names
}

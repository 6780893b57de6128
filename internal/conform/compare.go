package conform

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Difference is one thing in which the target's answer is not Understudy's.
type Difference struct {
	Conversation string `json:"conversation"`
	Line         int    `json:"line"`
	Call         string `json:"call"`
	Where        string `json:"where"` // "status", "header Content-Type", or a pointer into the body
	Target       string `json:"target"`
	Ours         string `json:"ours"`
	Row          string `json:"row"`       // of SUPPORTED.md: what it confirms or refutes
	Explained    bool   `json:"explained"` // by a row that says that the contracts differ here
}

// String returns the difference in one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s:%d: %s: %s: target %s, Understudy %s (%s)", d.Conversation, d.Line, d.Call, d.Where, d.Target, d.Ours, d.Row)
}

// near is how far apart two times may be that stand for the same one: a call that
// is slow there is quick here.
const near = 30 * time.Second

// headers are compared beside the body.
var headers = []string{"Content-Type", "Cache-Control", "WWW-Authenticate", "Location", "Retry-After"}

// compare lists where two answers differ. Members that vary are not compared.
func compare(target, ours *player, vary []string) []Difference {
	c := &comparison{target: target, ours: ours, vary: vary}
	t, o := target.last, ours.last
	c.check("status", fmt.Sprint(t.status), fmt.Sprint(o.status))
	if t.status != o.status {
		return c.found // what follows from it is no news
	}
	for _, name := range headers {
		c.check("header "+name, target.form(t.header.Get(name)), ours.form(o.header.Get(name)))
	}
	c.bodies("", t.body, o.body)
	return c.found
}

type comparison struct {
	target, ours *player
	vary         []string
	found        []Difference
}

func (c *comparison) check(where, target, ours string) {
	if target != ours {
		c.found = append(c.found, Difference{Where: where, Target: cmp.Or(target, "nothing"), Ours: cmp.Or(ours, "nothing")})
	}
}

func (c *comparison) bodies(where string, target, ours []byte) {
	t, errT := decode(target)
	o, errO := decode(ours)
	if errT != nil || errO != nil {
		c.check(cmp.Or(where, "body"), c.target.form(string(target)), c.ours.form(string(ours)))
		return
	}
	c.values(where, t, o)
}

// An object is one whose members keep their order.
type object struct {
	names  []string
	values map[string]any
}

// decode reads JSON, its numbers as texts and its objects in order.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := next(d)
	if err == nil && d.More() {
		err = fmt.Errorf("more than one value")
	}
	return v, err
}

func next(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := &object{values: map[string]any{}}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			if o.values[name.(string)], err = next(d); err != nil {
				return nil, err
			}
			o.names = append(o.names, name.(string))
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := next(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

func (c *comparison) values(where string, target, ours any) {
	if slices.Contains(c.vary, where) {
		return
	}
	if a, b := kind(target), kind(ours); a != b {
		c.check(cmp.Or(where, "body"), a, b)
		return
	}
	switch t := target.(type) {
	case *object:
		c.objects(where, t, ours.(*object))
	case []any:
		o := ours.([]any)
		c.check(where+" length", fmt.Sprint(len(t)), fmt.Sprint(len(o)))
		for i := range min(len(t), len(o)) {
			c.values(fmt.Sprintf("%s/%d", where, i), t[i], o[i])
		}
	case json.Number:
		o := ours.(json.Number)
		if !c.sameTime(t, o) && c.target.named(t.String()) != c.ours.named(o.String()) {
			c.check(where, t.String(), o.String())
		}
	case string:
		o := ours.(string)
		if a, b := claims(t), claims(o); a != nil && b != nil {
			c.bodies(where+"/header", a[0], b[0])
			c.bodies(where+"/claims", a[1], b[1])
			return
		}
		if a, b := c.target.part(t), c.ours.part(o); a == "" || a != b {
			c.check(cmp.Or(where, "body"), c.target.form(t), c.ours.form(o))
		}
	default:
		c.check(where, fmt.Sprint(target), fmt.Sprint(ours))
	}
}

func (c *comparison) objects(where string, target, ours *object) {
	for _, name := range slices.Sorted(maps.Keys(target.values)) {
		if _, ok := ours.values[name]; !ok && !slices.Contains(c.vary, where+"/"+name) {
			c.check(where+"/"+name, "has it", "")
		}
	}
	var order [2][]string
	for _, name := range target.names {
		if _, ok := ours.values[name]; ok {
			order[0] = append(order[0], name)
		}
	}
	for _, name := range ours.names {
		if _, ok := target.values[name]; !ok {
			if !slices.Contains(c.vary, where+"/"+name) {
				c.check(where+"/"+name, "", "has it")
			}
			continue
		}
		order[1] = append(order[1], name)
		c.values(where+"/"+name, target.values[name], ours.values[name])
	}
	c.check(cmp.Or(where, "body")+" order", strings.Join(order[0], ", "), strings.Join(order[1], ", "))
}

func kind(v any) string {
	switch v.(type) {
	case *object:
		return "an object"
	case []any:
		return "a list"
	case json.Number:
		return "a number"
	case string:
		return "a text"
	case bool:
		return "a boolean"
	}
	return "null"
}

// sameTime reports whether two numbers are seconds since 1970, as far from each
// side's call.
func (c *comparison) sameTime(target, ours json.Number) bool {
	t, errT := target.Int64()
	o, errO := ours.Int64()
	if errT != nil || errO != nil || t < 1e9 || o < 1e9 {
		return false
	}
	apart := time.Unix(t, 0).Sub(c.target.last.at) - time.Unix(o, 0).Sub(c.ours.last.at)
	return apart.Abs() < near
}

// claims are the header and the claims of a JWT, nil for any other text.
func claims(text string) [][]byte {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || !strings.HasPrefix(text, "ey") {
		return nil
	}
	var found [][]byte
	for _, part := range parts[:2] {
		plain, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || !json.Valid(plain) {
			return nil
		}
		found = append(found, plain)
	}
	return found
}

// forms are the texts that differ from call to call, by what they look like.
var forms = []struct {
	pattern *regexp.Regexp
	form    func(string) string
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), func(string) string { return "<uuid>" }},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?`), timeForm},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b`), func(string) string { return "<time>" }},
	{regexp.MustCompile(`\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b`), func(string) string { return "<date>" }},
	{regexp.MustCompile(`\b0[0-9A-HJKMNP-TV-Z]{25}\b`), func(string) string { return "<ulid>" }},
	{regexp.MustCompile(`_0[0-9A-HJKMNP-TV-Z]{25}\b`), func(string) string { return "_<ulid>" }},
	{regexp.MustCompile(`\b(req|request)-[0-9A-Za-z]{6,}\b`), func(string) string { return "<request>" }},
	{regexp.MustCompile(`\b\d{9,}\b`), func(string) string { return "<digits>" }},
	{regexp.MustCompile(`\b[0-9a-f]{24,}\b`), func(s string) string { return fmt.Sprintf("<%d hexadecimal digits>", len(s)) }},
	{regexp.MustCompile(`^[A-Za-z0-9+/_-]{20,}={0,2}$`), func(string) string { return "<token>" }},
}

var (
	digit  = regexp.MustCompile(`\d`)
	finer  = regexp.MustCompile(`(\.\d{3})(?:\d{3}){1,2}(\D|$)`)
	quoted = regexp.MustCompile(`"([^"\\]*)"`)
)

// timeForm keeps how a time is written. A protobuf message leaves out the zeros of
// a fraction three at a time, so that one writer's time has three digits or six:
// they are one form.
func timeForm(s string) string {
	_, clock, _ := strings.Cut(s, "T")
	clock = finer.ReplaceAllString(clock, "$1$2")
	return "<time " + digit.ReplaceAllString(strings.TrimSuffix(clock, "-"), "0") + ">"
}

// named is a variable whose value a number is, or else the number.
func (p *player) named(number string) string {
	for _, name := range slices.Sorted(maps.Keys(p.vars)) {
		if p.vars[name] == number {
			return "$" + name
		}
	}
	return number
}

// The hint of a secret is its first or its last few characters.
const shortestPart, longestPart, shortestWhole = 4, 12, 24

// part says of which end of a value in the same answer, or of a variable, a short
// text is; "" when it is of none.
func (p *player) part(text string) string {
	if len(text) < shortestPart || len(text) > longestPart {
		return ""
	}
	wholes := slices.Collect(maps.Values(p.vars))
	for _, found := range quoted.FindAllStringSubmatch(string(p.last.body), -1) {
		wholes = append(wholes, found[1])
	}
	for _, whole := range wholes {
		switch {
		case len(whole) < shortestWhole:
		case strings.HasPrefix(whole, text):
			return "the start"
		case strings.HasSuffix(whole, text):
			return "the end"
		}
	}
	return ""
}

// form writes a text with what varies from call to call replaced by what it looks
// like, and with this side's own values by their names.
func (p *player) form(text string) string {
	names := slices.SortedFunc(maps.Keys(p.vars), func(a, b string) int {
		return cmp.Or(len(p.vars[b])-len(p.vars[a]), cmp.Compare(a, b))
	})
	for _, name := range names {
		if len(p.vars[name]) >= 4 {
			text = strings.ReplaceAll(text, p.vars[name], "$"+name)
		}
	}
	for _, f := range forms {
		text = f.pattern.ReplaceAllStringFunc(text, f.form)
	}
	return text
}

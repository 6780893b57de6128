package providertest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/fixtures"
	"github.com/understudy-dev/understudy/internal/kernel"
)

// FuzzBody sends any body of any content type to any operation, with good
// credentials. The operations in keeps may remember a call that they refuse.
func FuzzBody(f *testing.F, new func() emulator.Option, keeps ...kernel.Op) {
	z := newFuzzing(f, new, keeps)
	for _, o := range z.servedOperations() {
		r := z.live.sample(z.doc, o)
		line, mediaType := o.Line(), r.header.Get("Content-Type")
		f.Add(line, false, mediaType, r.body)
		if mediaType == "" {
			f.Add(line, true, "application/json", []byte("{}"))
		}
		content := requestContent(z.doc, o)
		for _, mediaType := range slices.Sorted(maps.Keys(content)) {
			schema := content[mediaType].Schema.Value
			for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
				body := value(z.live, schema)
				body[name] = example(z.live, name, schema.Properties[name].Value)
				f.Add(line, true, mediaType, encode(mediaType, body))
			}
		}
	}
	for i, body := range []string{
		"", "null", "[]", `{"a":1}{}`, "{\"\x00\":\"\xff\"}", `{"name":"\ud800","name":"\u0000"}`, `{"__proto__":{},"":""}`,
		`{"name":1e999,"description":-0,"scopes":[null,{}]}`, "a=%zz", "grant_type=client_credentials&grant_type=&client_id=%00&=", "\ufeff{}",
	} {
		o := z.index.Operations[i%len(z.index.Operations)]
		f.Add(o.Line(), i%2 == 0, "application/json; charset=utf-16", []byte(body))
	}
	f.Fuzz(func(t *testing.T, line string, live bool, contentType string, body []byte) {
		w := z.in(t, live)
		r := w.sample(z.doc, z.operation(line))
		r.header.Set("Content-Type", contentType)
		r.body = body
		z.judge(t, w, r)
	})
}

// FuzzTarget sends any request target, with the method and the body of any
// operation.
func FuzzTarget(f *testing.F, new func() emulator.Option, keeps ...kernel.Op) {
	z := newFuzzing(f, new, keeps)
	for _, o := range z.servedOperations() {
		path := z.live.path(o.Path)
		f.Add(o.Line(), false, path)
		operation := z.doc.Paths.Value(o.Path).GetOperation(o.Method)
		for _, ref := range slices.Concat(z.doc.Paths.Value(o.Path).Parameters, operation.Parameters) {
			p := ref.Value
			switch p.In {
			case "query":
				f.Add(o.Line(), true, fmt.Sprintf("%s?%s=%v&%[2]s=", path, p.Name, example(z.live, p.Name, p.Schema.Value)))
				f.Add(o.Line(), false, path+"?"+p.Name+"=%00%ff")
			case "path":
				f.Add(o.Line(), true, z.live.path(strings.Replace(o.Path, "{"+p.Name+"}", "%2e%2e%2f%00%ff", 1)))
			}
		}
	}
	o := z.servedOperations()[0]
	path := z.live.path(o.Path)
	for _, target := range []string{
		"*", "/", "//", "/.", "/../", "/%", "/%2f", "/%00", "http://evil.example" + path, "evil.example:80",
		"/" + path, path + "/", path + "//", path + "/.", path + "/../x", path + "/%2e%2e", strings.ToUpper(path),
		path + "?", path + "?%zz", path + "?a;b", path + "?=&&=", path + "#f", path + " HTTP/1.0\r\nOrigin: null\r\nX: ",
		path + " HTTP/1.1\r\nX-HTTP-Method-Override: DELETE\r\nX:",
	} {
		f.Add(o.Line(), false, target)
	}
	f.Fuzz(func(t *testing.T, line string, live bool, target string) {
		w := z.in(t, live)
		r := w.sample(z.doc, z.operation(line))
		r.path = target
		z.judge(t, w, r)
	})
}

// FuzzHeader sends any header line in place of the good credentials: bearer
// tokens, Basic, and what else an operation reads.
func FuzzHeader(f *testing.F, new func() emulator.Option, keeps ...kernel.Op) {
	z := newFuzzing(f, new, keeps)
	basic := func(user, password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	good := z.live.token.Name() + ": " + z.live.token.Value(z.live.good())
	id, secret := z.live.credentials["clientId"], z.live.credentials["clientSecret"]
	lines := []string{
		"", good, strings.ToLower(good), good + "\r\n" + good, good + ", " + good, good[:len(good)-1],
		basic(id, secret), basic(id, "wrong"), basic("", ""), basic("%zz", "%"), basic(z.live.good(), ""), basic("\x00", "\xff"),
		"Authorization: Basic ====", "Authorization: Basic Og==\r\n" + good, "Authorization: Bearer", "Authorization: Digest x=\"y\"", "Authorization:",
		"Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "Authorization: Bearer ....", "Authorization: Bearer e30.e30.e30",
		good + "\r\nContent-Type: text/plain\r\nOrigin: http://evil.example", good + "\r\nIdempotency-Key: x", good + "\r\nIf-None-Match: *",
		good + "\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: evil.example", "Origin: x\r\nAccess-Control-Request-Method: PUT",
		good + "\r\nTransfer-Encoding: chunked", good + "\r\nAccept: */*;q=\"\r\nExpect: 100-continue",
	}
	for i, o := range z.servedOperations() {
		f.Add(o.Line(), i%2 == 0, good)
		f.Add(o.Line(), i%2 == 1, lines[i%len(lines)])
		for _, ref := range z.doc.Paths.Value(o.Path).GetOperation(o.Method).Parameters {
			if p := ref.Value; p.In == "header" {
				f.Add(o.Line(), false, fmt.Sprintf("%s\r\n%s: %v", good, p.Name, example(z.live, p.Name, p.Schema.Value)))
			}
		}
	}
	for i, line := range lines {
		f.Add(z.servedOperations()[i%len(z.servedOperations())].Line(), true, line)
	}
	f.Fuzz(func(t *testing.T, line string, live bool, header string) {
		w := z.in(t, live)
		r := w.sample(z.doc, z.operation(line))
		w.carry(r.header, "")
		r.lines = header
		z.judge(t, w, r)
	})
}

// A Token is a JWT that a provider takes, and the request that is good with it.
type Token struct {
	Header, Claims string // JSON
	Sign           func(text string) (signature []byte)
	Carry          func(token string) Request
}

// RS256 returns the signer of a JWT that one of the fixtures' keys has signed.
func RS256(tb testing.TB, token string) func(text string) []byte {
	tb.Helper()
	end := strings.LastIndex(token, ".")
	wanted, _ := base64.RawURLEncoding.DecodeString(token[end+1:])
	for i := range fixtures.RSAKeys {
		sign := func(text string) []byte {
			sum := sha256.Sum256([]byte(text))
			signature, err := rsa.SignPKCS1v15(nil, fixtures.RSAKey(i).Private, crypto.SHA256, sum[:])
			if err != nil {
				panic(err) // the keys are long enough
			}
			return signature
		}
		if bytes.Equal(sign(token[:end]), wanted) {
			return sign
		}
	}
	tb.Fatalf("no key has signed %s", token)
	return nil
}

// NewToken returns a good JWT as the beginning of FuzzToken.
func NewToken(token string, sign func(text string) []byte, carry func(token string) Request) Token {
	parts := strings.Split(token, ".")
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	return Token{string(header), string(claims), sign, carry}
}

// FuzzToken sends JWTs whose header and claims are anything and whose signature
// is good: the keys are public, so that anybody can make them. The tokens to
// begin with are those of a provider; call makes a call that has to succeed.
func FuzzToken(f *testing.F, new func() emulator.Option, tokens func(p emulator.Provider, call func(Request) []byte) []Token) {
	z := newFuzzing(f, new, nil)
	made := map[*world][]Token{}
	for _, w := range []*world{z.documented, z.live} {
		made[w] = tokens(w.provider, func(r Request) []byte { return z.call(w, r) })
		w.clean = w.Snapshot() // with what was made for them
	}
	for i, token := range made[z.documented] {
		if a := z.send(z.documented, token.Carry(token.text(token.Header, token.Claims))); a.status != http.StatusOK {
			f.Fatalf("token %d is answered %d %s", i, a.status, a.body)
		}
		f.Add(uint8(i), false, token.Header, token.Claims)
		f.Add(uint8(i), true, token.Header, token.Claims)
		for _, bad := range []string{"", "null", "[]", "{}", `"x"`, `{"exp":1e300,"iat":-1e300,"aud":[]}`, `{"exp":"1","iss":1,"sub":{},"aud":{"a":1},"jti":null}`} {
			f.Add(uint8(i), false, token.Header, bad)
			f.Add(uint8(i), false, bad, token.Claims)
		}
		for _, claims := range changed(token.Claims) {
			f.Add(uint8(i), false, token.Header, claims)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, live bool, header, claims string) {
		w := z.in(t, live)
		token := made[w][int(which)%len(made[w])]
		z.judge(t, w, token.Carry(token.text(header, claims)).request())
	})
}

// changed returns a JSON object without each of its members in turn, and with
// each of another type.
func changed(text string) (all []string) {
	var object map[string]any
	_ = json.Unmarshal([]byte(text), &object) // it has no members if it is none
	for _, name := range slices.Sorted(maps.Keys(object)) {
		for _, v := range []any{nil, "", -1, 1e300, []any{nil}, map[string]any{}} {
			other := maps.Clone(object)
			other[name] = v
			text, _ := json.Marshal(other)
			all = append(all, string(text))
		}
		other := maps.Clone(object)
		delete(other, name)
		text, _ := json.Marshal(other)
		all = append(all, string(text))
	}
	return all
}

// text is the JWT of a header and claims.
func (t Token) text(header, claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(header)) + "." + encode([]byte(claims))
	return text + "." + encode(t.Sign(text))
}

// request is the call as it is sent in memory.
func (r Request) request() request {
	inner := request{method: r.Method, path: r.Path, header: http.Header{}}
	if r.Token != "" {
		inner.header.Set("Authorization", "Bearer "+r.Token)
	}
	switch {
	case r.Form != nil:
		inner.header.Set("Content-Type", "application/x-www-form-urlencoded")
		inner.body = []byte(r.Form.Encode())
	case r.JSON != nil:
		inner.header.Set("Content-Type", "application/json")
		inner.body, _ = json.Marshal(r.JSON)
	}
	return inner
}

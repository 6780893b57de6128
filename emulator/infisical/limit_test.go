package infisical_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator/infisical"
)

// TestBounds asks for what would come to more than a server can hold or make
// others wait for, each made of small calls.
func TestBounds(t *testing.T) {
	const patience = 30 * time.Second // what it bounds took minutes, and memory, before it was bounded
	w := newSecretsWorld(t)
	deep := func(n int) string { return strings.Repeat("/d", n) }
	refuses := func(name string, want int, reason, method, path, body string) {
		t.Helper()
		began := time.Now()
		status, answer, header := w.call("admin", method, path, body)
		if got := header.Get("X-Understudy-Reason"); status != want || !strings.Contains(got, reason) {
			t.Errorf("%s: %d %q %.300s, want %d %q", name, status, got, answer, want, reason)
		}
		if took := time.Since(began); took > patience {
			t.Errorf("%s: %s", name, took)
		}
	}
	answers := func(name, method, path, body string) { t.Helper(); refuses(name, 200, "", method, path, body) }

	// Paths.
	tooDeep := "Understudy keeps at most 100 below each other"
	refuses("a folder 100,000 deep", 400, tooDeep, "POST", "/api/v1/folders", of(`,"name":"x","path":"`+deep(100_000)+`"`))
	refuses("a folder 101 deep", 400, tooDeep, "POST", "/api/v1/folders", of(`,"name":"x","path":"`+deep(100)+`"`))
	answers("a folder 100 deep", "POST", "/api/v1/folders", of(`,"name":"x","path":"`+deep(99)+`"`))
	refuses("a secret 101 deep", 400, tooDeep, "POST", "/api/v3/secrets/raw/K", of(`,"secretValue":"","secretPath":"`+deep(101)+`"`))
	answers("folders", "GET", "/api/v1/folders"+in("&recursive=true"), "")

	// Texts.
	long := func(n int) string { return strings.Repeat("é", n) }
	column := "the service's column holds "
	identity := `{"organizationId":"` + w.inf.Credentials()["organizationId"] + `","name":"%s","metadata":[{"key":"%s","value":"%s"}]}`
	answers("a name of 255 characters", "POST", "/api/v1/identities", fmt.Sprintf(identity, long(255), long(255), long(1020)))
	for i, n := range [][3]int{{256, 1, 1}, {1, 256, 1}, {1, 1, 1021}} {
		refuses(fmt.Sprintf("identity %d", i), 422, column, "POST", "/api/v1/identities", fmt.Sprintf(identity, long(n[0]), long(n[1]), long(n[2])))
	}
	id := w.inf.SeedIdentity(infisical.Identity{}).ID
	clientSecrets, tokens := "/api/v1/auth/universal-auth/identities/"+id+"/client-secrets", "/api/v1/auth/token-auth/identities/"+id
	answers("token auth", "POST", tokens, `{}`)
	answers("a description of 255 characters", "POST", clientSecrets, `{"description":"`+long(255)+`"}`)
	refuses("a description of 256", 422, column+"255", "POST", clientSecrets, `{"description":"`+long(256)+`"}`)
	refuses("a token's name", 422, column+"255", "POST", tokens+"/tokens", `{"name":"`+long(256)+`"}`)
	refuses("a folder's name", 422, column+"255", "POST", "/api/v1/folders", of(`,"name":"`+strings.Repeat("x", 256)+`"`))
	refuses("a folder's description", 422, column+"255", "POST", "/api/v1/folders", of(`,"name":"y","description":"`+long(256)+`"`))
	refuses("a folder in a path", 422, column+"255", "POST", "/api/v1/folders", of(`,"name":"y","path":"/`+strings.Repeat("x", 256)+`/z"`))
	refuses("a secret's name", 422, column+"500", "POST", "/api/v3/secrets/raw/"+strings.Repeat("K", 501), of(`,"secretValue":""`))

	// Answers and the work for them.
	tooLarge := "would exceed 16 MiB"
	big := strings.Repeat("x", 100<<10)
	answers("a big value", "POST", "/api/v3/secrets/raw/BIG", of(`,"secretValue":"`+big+`","secretPath":"/"`))
	for i := range 300 {
		w.seed("", fmt.Sprintf("R%d", i), "${BIG}${BIG}")
	}
	refuses("references to a big value", 400, tooLarge, "GET", "/api/v3/secrets/raw"+in("&expandSecretReferences=true"), "")
	refuses("the same in v4", 400, tooLarge, "GET", "/api/v4/secrets?projectId="+projectID+"&environment=dev&recursive=true&expandSecretReferences=true", "")
	for from, to := 0, 1; to < 16; from, to = to, to+1 {
		w.seed("", "L"+string(rune('a'+from)), strings.Repeat("${L"+string(rune('a'+to))+"}", 30))
	}
	refuses("thirty references, ten deep", 400, tooLarge, "GET", "/api/v3/secrets/raw/La"+in("&expandSecretReferences=true"), "")
	var many strings.Builder
	for i := range 25_000 {
		fmt.Fprintf(&many, "${N%d}", i)
	}
	w.seed("/names", "NAMES", many.String())
	w.seed("/names", "ONE", "${NAMES}")
	answers("many names of nothing", "GET", "/api/v3/secrets/raw/ONE"+in("&expandSecretReferences=true&secretPath=/names"), "")
	controls := strings.Repeat("\x01", 900<<10)
	for i := range 4 {
		w.seed("/controls", fmt.Sprintf("C%d", i), "."+controls+".")
	}
	answers("values that grow when they are written", "GET", "/api/v3/secrets/raw"+in("&secretPath=/controls&viewSecretValue=false"), "")
	refuses("values that grow when they are written", 400, tooLarge, "GET", "/api/v3/secrets/raw"+in("&secretPath=/controls"), "")
	answers("one of them", "GET", "/api/v3/secrets/raw/C0"+in("&secretPath=/controls"), "")
	batch := strings.Builder{}
	for i := range 26_000 {
		fmt.Fprintf(&batch, `,{"secretKey":"%x","secretValue":""}`, i)
	}
	refuses("a batch whose answer is larger than it", 400, tooLarge, "POST", "/api/v3/secrets/batch/raw", of(`,"secrets":[`+batch.String()[1:]+`]`))
	for range 2_000 {
		w.inf.SeedIdentity(infisical.Identity{Name: strings.Repeat("i", 255)})
	}
	answers("many identities", "GET", "/api/v1/identities?orgId="+w.inf.Credentials()["organizationId"], "")
	or := func(n int) string { return strings.Repeat(`,{"name":{"$contains":"y"}}`, n)[1:] }
	refuses("a search for many things", 400, tooLarge, "POST", "/api/v1/identities/search", `{"search":{"$or":[`+or(30_000)+`]}}`)
	answers("a search for some", "POST", "/api/v1/identities/search", `{"search":{"$or":[`+or(100)+`]}}`)
	for range 2_000 {
		answers("a token", "POST", tokens+"/tokens", `{}`)
	}
	answers("the last tokens", "GET", tokens+"/tokens?"+url.Values{"offset": {"100"}, "limit": {"100"}}.Encode(), "")
}

package compat

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/understudy-dev/understudy/emulator"
)

// light and dark are how people may want pages.
var schemes = []string{"light", "dark"}

// show sets what the page is shown on.
func (b *chromium) show(t *testing.T, scheme string, width, height int) {
	t.Helper()
	b.call(t, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}}}, nil)
	b.call(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// lived makes calls such as a program makes in its first minutes: good ones, some that
// are refused, and some that a fault strikes.
func lived(t *testing.T, info emulator.Info) {
	t.Helper()
	at := info.Providers["infisical"]
	id := at.Credentials["identityId"]
	secrets := at.URL + "/api/v1/auth/universal-auth/identities/" + id + "/client-secrets"
	bearer := "Authorization: Bearer " + at.Credentials["accessToken"]
	login := func(secret string) string {
		return curl(t, "-d", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, at.Credentials["clientId"], secret), "-H", "Content-Type: application/json", at.URL+"/api/v1/auth/universal-auth/login")
	}
	login(at.Credentials["clientSecret"])
	for _, body := range []string{`{"description":"nightly","ttl":3600}`, `{"description":"deploy","ttl":2592000,"numUsesLimit":5}`, `{"ttl":86400}`} {
		curl(t, "-d", body, "-H", bearer, "-H", "Content-Type: application/json", secrets)
	}
	login("wrong")
	curl(t, "-H", bearer, secrets)
	curl(t, at.URL+"/api/v1/auth/nowhere")
	curl(t, "-d", "grant_type=client_credentials", "-u", info.Providers["zitadel"].Credentials["clientId"]+":"+info.Providers["zitadel"].Credentials["clientSecret"], "-d", "scope=openid", info.Providers["zitadel"].URL+"/oauth/v2/token")
	curl(t, "-d", `{"operation":"infisical POST /api/v1/auth/universal-auth/login","status":503,"after":true}`, "-H", "Content-Type: application/json", info.Control+"/faults")
	login(at.Credentials["clientSecret"])
	curl(t, "-X", "POST", "-d", `{}`, "-H", "Authorization: Bearer "+info.Providers["workos"].Credentials["apiKey"], "-H", "Content-Type: application/json",
		info.Providers["workos"].URL+"/connect/applications/"+info.Providers["workos"].Credentials["applicationId"]+"/client_secrets")
}

// curl makes a call with curl and returns the answer's body, whatever its status.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-sS", "--noproxy", "*", "--max-time", "30"}, args...)...).Output()
	if err != nil {
		t.Fatalf("curl %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

var consoleViews = []string{"journal", "journal/5", "journal/9", "inventory", "inventory/0", "clock", "faults", "providers", "sandboxes", "world", "rehearsal"}

// TestConsoleLooks keeps a screenshot of each view where SCREENSHOTS says.
func TestConsoleLooks(t *testing.T) {
	if os.Getenv("SCREENSHOTS") == "" {
		t.Skip("SCREENSHOTS names no folder")
	}
	b := startChromium(t)
	_, info := serve(t, buildUnderstudy(t))
	b.show(t, "light", 1280, 800)
	b.open(t, info.Gateway+"/")
	b.until(t, `document.querySelector('.empty .paste')`)
	b.screenshot(t, "empty-light")
	lived(t, info)
	b.until(t, `document.querySelectorAll('[role=row]').length >= 10`)
	for _, size := range []struct {
		name          string
		width, height int
	}{{"", 1280, 800}, {"narrow-", 360, 720}} {
		for _, scheme := range schemes {
			b.show(t, scheme, size.width, size.height)
			for _, view := range consoleViews {
				b.eval(t, fmt.Sprintf("location.hash = '#/%s'", view), nil)
				if view == "inventory/0" {
					b.eval(t, "location.hash = '#/inventory'", nil)
					b.until(t, `document.querySelectorAll('[role=row]').length > 3`)
					b.eval(t, "document.querySelectorAll('[role=row]')[2].click()", nil)
				}
				time.Sleep(400 * time.Millisecond)
				if view == "clock" {
					b.eval(t, "document.getElementById('ahead').value = 560; document.getElementById('ahead').dispatchEvent(new Event('input'))", nil)
				}
				b.screenshot(t, size.name+strings.ReplaceAll(view, "/", "-")+"-"+scheme)
			}
		}
	}
}

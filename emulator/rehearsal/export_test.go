package rehearsal

import (
	"context"
	"net/http"

	"github.com/understudy-dev/understudy/emulator/infisical"
)

// App is the correct rotator of these tests, for those that see the package from
// outside.
type App struct{ rotator *rotator }

// NewApp returns an App that keeps its secret in memory.
func NewApp(client *http.Client, url string, id infisical.Identity) App {
	return App{&rotator{http: client, url: url, id: id, vault: &vault{ID: id.ClientSecretID, Value: id.ClientSecret}}}
}

// Rotate replaces the secret.
func (a App) Rotate(ctx context.Context) error { return a.rotator.rotate(ctx) }

// LogIn logs in with the stored secret.
func (a App) LogIn(ctx context.Context) error { return a.rotator.canLogIn(ctx) }

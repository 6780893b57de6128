package control

import (
	"errors"
	"net/http"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// maxState is the largest state that PUT takes, in bytes.
const maxState = 256 << 20

// maxBody lets a state be larger than the body of any other call.
func maxBody(r *http.Request) int64 {
	if r.Method == http.MethodPut && r.URL.Path == Prefix+"/state" {
		return maxState
	}
	return kernel.MaxBody
}

func (a *api) getState(c *kernel.Call, _ none) (*kernel.State, error) {
	return a.world(c).Export()
}

// putState replaces the world. The gate has vetted the form, not what it holds.
func (a *api) putState(c *kernel.Call, _ none) (Info, error) {
	state, err := kernel.DecodeState(c.Body.JSON)
	if err == nil {
		err = a.world(c).Import(state)
	}
	if misfit := (*kernel.MisfitError)(nil); errors.As(err, &misfit) {
		return Info{}, Refuse(http.StatusBadRequest, "%v; the world stays as it was", err)
	}
	if err != nil {
		return Info{}, err
	}
	return a.info(c, none{})
}

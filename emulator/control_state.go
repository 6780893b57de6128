package emulator

import (
	"errors"
	"net/http"
	"strings"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// maxState is the largest state that PUT takes, in bytes.
const maxState = 256 << 20

// maxControlBody lets a state be larger than the body of any other call.
func maxControlBody(r *http.Request) int64 {
	if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/state") {
		return maxState
	}
	return kernel.MaxBody
}

func (ct *control) getState(c *kernel.Call, _ none) (*kernel.State, error) {
	return ct.world(c).Export()
}

// putState replaces the world. The gate has vetted the form, not what it holds.
func (ct *control) putState(c *kernel.Call, _ none) (Info, error) {
	state, err := kernel.DecodeState(c.Body.JSON)
	if err == nil {
		err = ct.world(c).Import(state)
	}
	if misfit := (*kernel.MisfitError)(nil); errors.As(err, &misfit) {
		return Info{}, refuse(http.StatusBadRequest, "%v; the world stays as it was", err)
	}
	if err != nil {
		return Info{}, err
	}
	return ct.info(c, none{})
}

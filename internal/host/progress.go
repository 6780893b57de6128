package host

import (
	"net/http"
	"time"

	"github.com/understudy-dev/understudy/emulator/clock"
)

const (
	// defaultWriteTimeout is how long a client may take nothing of an answer.
	defaultWriteTimeout = 10 * time.Second
	// writePiece is what has to be taken meanwhile.
	writePiece = 16 << 10
)

// progress cuts off a client that does not read: each piece of an answer has its
// own time. A stream that has nothing to say may be silent for any time.
type progress struct {
	http.ResponseWriter
	controller *http.ResponseController
	wall       *clock.Clock // real time
	timeout    time.Duration
}

func newProgress(w http.ResponseWriter, wall *clock.Clock, timeout time.Duration) progress {
	p := progress{w, http.NewResponseController(w), wall, timeout}
	_ = p.controller.SetWriteDeadline(time.Time{}) // that of the connection's last answer
	return p
}

// extend gives the next piece its time.
func (p progress) extend() { _ = p.controller.SetWriteDeadline(p.wall.Now().Add(p.timeout)) }

// Write sends b piece by piece. The last deadline stands, for what net/http sends
// after the handler.
func (p progress) Write(b []byte) (n int, err error) {
	for err == nil && len(b) > 0 {
		p.extend()
		var m int
		m, err = p.ResponseWriter.Write(b[:min(len(b), writePiece)])
		n, b = n+m, b[m:]
	}
	return n, err
}

// FlushError sends what waits; after that nothing does.
func (p progress) FlushError() error {
	p.extend()
	err := p.controller.Flush()
	_ = p.controller.SetWriteDeadline(time.Time{})
	return err
}

// Unwrap leads to what else a response writer can do.
func (p progress) Unwrap() http.ResponseWriter { return p.ResponseWriter }

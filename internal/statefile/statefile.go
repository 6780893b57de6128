// Package statefile keeps a server's world in a file, so that it outlives the
// process: a bbolt database, written in batches while the server runs.
package statefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/understudy-dev/understudy/emulator/clock"
	"github.com/understudy-dev/understudy/internal/kernel"
)

const (
	// interval is how often changes are written: what was acknowledged a second ago
	// is in the file, also when writing takes a while.
	interval = 250 * time.Millisecond
	// lockTimeout bounds the wait for a file that another process has open.
	lockTimeout = time.Second
)

// A File keeps the world of one server.
type File struct {
	path      string
	continued bool
	world     *kernel.World
	db        *bbolt.DB
	opened    fs.FileInfo // the file that db writes to
	stop      chan struct{}
	stopped   chan struct{}
	lost      chan struct{}

	saving sync.Mutex
	// What the file has: only who saves uses it.
	head  []byte // without clock and counts
	clock clock.State
	rows  counts
}

// counts are the numbers of rows, by provider and table: rows that damage has
// made vanish are missed.
type counts map[string]map[string]int

// New returns an option that makes a server keep its world in the file at path. A
// file that is there wins over the options that say what to start with, settings
// left out. The server is not made when the file is damaged, is no state file or is
// in use, and such a file stays as it is.
//
// The server's owner calls Close after the server has shut down.
func New(path string) *File { return &File{path: path, lost: make(chan struct{})} }

// Lost is closed when the file has been removed or another one stands in its place:
// what is written from then on would be gone with the process. Close tells which.
func (f *File) Lost() <-chan struct{} { return f.lost }

// Apply makes File an option.
func (f *File) Apply(c *kernel.Config) { c.Keep = f.keep }

// Continued reports whether the server's world has come from the file.
func (f *File) Continued() bool { return f.continued }

// Close writes what is not yet written and lets go of the file.
func (f *File) Close() error {
	if f.db == nil {
		return nil
	}
	close(f.stop)
	<-f.stopped
	err := f.saveForGood()
	f.saving.Lock() // an import may still be on its way, and finds the file closed
	defer f.saving.Unlock()
	err = errors.Join(err, f.named(f.db.Close()))
	f.db = nil
	return err
}

// saveForGood saves so that the disk has it.
func (f *File) saveForGood() error {
	f.saving.Lock()
	defer f.saving.Unlock()
	if f.db == nil {
		return f.named(berrors.ErrDatabaseNotOpen)
	}
	return f.named(errors.Join(f.saveLocked(), f.db.Sync()))
}

func (f *File) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("state file %s: %w", f.path, err)
}

// keep brings the file's world back, if there is one, and begins to save.
func (f *File) keep(w *kernel.World) error {
	f.world, f.rows = w, counts{}
	if err := f.open(); err != nil {
		if f.db != nil {
			err = errors.Join(err, f.db.Close())
			f.db = nil
		}
		return f.named(err)
	}
	f.stop, f.stopped = make(chan struct{}), make(chan struct{})
	w.SaveBy(f.saveForGood)
	go f.run()
	return nil
}

func (f *File) open() error {
	info, err := os.Stat(f.path)
	if err == nil && !info.Mode().IsRegular() {
		return errors.New("it is no state file: it is not a regular file") // opening a pipe would wait
	}
	f.continued = !errors.Is(err, fs.ErrNotExist)
	if f.continued {
		// bbolt trusts what it maps, and may write as it opens: it gets to see only
		// what has been looked through.
		if err := check(f.path); err != nil {
			return err
		}
	}
	// What is written outlives the process, however that ends. The disk is waited
	// for at the end alone: a busy one takes longer than a batch may. Should the
	// machine itself break down, check tells whether the file is whole.
	f.db, err = bbolt.Open(f.path, 0o600, &bbolt.Options{
		Timeout: lockTimeout, NoSync: true, NoGrowSync: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			file, err := os.OpenFile(name, flag, mode)
			if err == nil {
				f.opened, err = file.Stat()
			}
			return file, err
		},
	})
	if err != nil {
		return opening(err)
	}
	f.db.AllocSize = f.db.Info().PageSize // no slack at the end, so that a truncated file is seen to be one
	if f.continued {
		var state *kernel.State
		err := f.db.View(func(tx *bbolt.Tx) (err error) {
			state, f.rows, err = load(tx)
			return err
		})
		if err != nil {
			return err
		}
		if err := f.world.Continue(state); err != nil {
			return err
		}
	}
	f.world.Watch(!f.continued)
	return f.save()
}

func opening(err error) error {
	if errors.Is(err, berrors.ErrTimeout) {
		return errors.New("another process has it open")
	}
	return err
}

func (f *File) run() {
	defer close(f.stopped)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			err := f.save()
			if err != nil {
				f.world.Logger().Error("the state could not be saved", "error", f.named(err))
			}
			if errors.Is(err, errLost) {
				close(f.lost)
				return
			}
		case <-f.stop:
			return
		}
	}
}

// errLost is that db writes to what nobody will find.
var errLost = errors.New("nothing is saved any more")

// inPlace tells why the open file is not the one at the path.
func (f *File) inPlace() error {
	there, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("it was removed while the server ran: %w", errLost)
	case err == nil && !os.SameFile(there, f.opened):
		return fmt.Errorf("it was replaced by another file while the server ran: %w", errLost)
	}
	return err
}

// save writes what has changed, in one transaction. When that fails, everything
// counts as changed.
func (f *File) save() error {
	f.saving.Lock()
	defer f.saving.Unlock()
	return f.saveLocked()
}

func (f *File) saveLocked() error {
	if err := f.inPlace(); err != nil {
		return err
	}
	changes := f.world.Changes()
	now := changes.Head.Clock
	changes.Head.Clock = clock.State{}
	head, err := json.Marshal(changes.Head)
	if err != nil {
		return err
	}
	batch, unencoded := newBatch(changes)
	if len(batch) == 0 && string(head) == string(f.head) && now.Same(f.clock) {
		return unencoded
	}
	changes.Head.Clock = now
	rows := counts{}
	for provider, tables := range f.rows {
		rows[provider] = maps.Clone(tables)
	}
	err = f.db.Update(func(tx *bbolt.Tx) error {
		if err := batch.write(tx, rows); err != nil {
			return err
		}
		return writeHead(tx, changes.Head, rows)
	})
	if err != nil {
		f.world.Watch(true)
		return err
	}
	f.head, f.clock, f.rows = head, now, rows
	return unencoded
}

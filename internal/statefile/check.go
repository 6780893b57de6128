package statefile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// check looks through a file without changing it, and tells why it is no whole
// state file.
func check(path string) (err error) {
	// What bbolt meets in a damaged file makes it panic, or read where nothing is
	// mapped.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("it is damaged: %v", v)
		}
	}()
	db, err := bbolt.Open(path, 0, &bbolt.Options{
		ReadOnly: true, Timeout: lockTimeout,
		PreLoadFreelist: true, // here, where a fault is caught
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			file, err := os.OpenFile(name, flag, mode)
			if err != nil {
				return nil, err
			}
			if err := checkHeader(file); err != nil {
				return nil, errors.Join(err, file.Close())
			}
			return file, nil
		},
	})
	if err != nil {
		return opening(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bbolt.Tx) error {
		if _, _, err := load(tx); err != nil {
			return err
		}
		// It goes where load has been: a fault would end the process from its
		// goroutine, but has happened here.
		var err error
		for damage := range tx.Check() {
			if err == nil {
				err = fmt.Errorf("it is damaged: %w", damage)
			}
		}
		return err
	})
}

// The first two pages are headers, one of the last transaction and one of the one
// before it; these are the places in them.
const (
	idAt       = 0
	flagsAt    = 8
	magicAt    = 16
	pageSizeAt = 24
	pagesAt    = 56 // how many pages are in use
	sumAt      = 72 // of what is between magicAt and here
	headerSize = 80

	metaFlag = 4
	magic    = 0xED0CDAED
)

// checkHeader looks at what bbolt takes less seriously: with one header damaged it
// would go on with the other, and lose the last batch in silence.
func checkHeader(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return errors.New("it is no state file: it is empty")
	}
	var (
		order    = binary.NativeEndian
		headers  [2][headerSize]byte
		pageSize = int64(os.Getpagesize())
		good     [2]bool
	)
	for i := range headers {
		h := headers[i][:]
		if _, err := file.ReadAt(h, int64(i)*pageSize); err != nil {
			continue
		}
		sum := fnv.New64a()
		_, _ = sum.Write(h[magicAt:sumAt])
		good[i] = order.Uint64(h[idAt:]) == uint64(i) && order.Uint16(h[flagsAt:]) == metaFlag &&
			order.Uint32(h[magicAt:]) == magic && order.Uint64(h[sumAt:]) == sum.Sum64()
		if good[0] {
			pageSize = int64(order.Uint32(headers[0][pageSizeAt:]))
		}
	}
	switch {
	case !good[0] && !good[1]:
		return errors.New("it is no state file, or its header is damaged")
	case !good[0] || !good[1]:
		return errors.New("it is damaged: one of the two pages of its header is not as it was written")
	}
	for _, h := range headers {
		if used := int64(order.Uint64(h[pagesAt:])) * pageSize; info.Size() < used {
			return fmt.Errorf("it is damaged: it has %d bytes, and %d are in use: it was truncated", info.Size(), used)
		}
	}
	return nil
}

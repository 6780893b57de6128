package main

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// embedding is a test that embeds one provider, as a user's has it.
const embedding = `package embedding

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

func Test(t *testing.T) { emulator.NewTest(t, infisical.New(), emulator.AllowUnknown()) }
`

// size measures what is shipped and what is linked.
func (b *bench) size(ctx context.Context) ([]line, error) {
	command, err := os.Stat(b.command)
	if err != nil {
		return nil, err
	}
	packed, err := compressed(b.command)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(".", "embedding") // below the module's root
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := os.WriteFile(filepath.Join(folder, "embedding_test.go"), []byte(embedding), 0o600); err != nil {
		return nil, err
	}
	test := filepath.Join(b.folder, "embedding.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-o", test, "./"+folder)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	embedded, err := os.Stat(test)
	if err != nil {
		return nil, err
	}
	const format = "%.1f MB"
	return []line{
		atMost(36, format).line("the command, stripped", megabytes(command.Size()), "as the image has it"),
		atMost(11, format).line("the command, compressed", megabytes(packed), "gzip -9"),
		atMost(15, format).line("a test binary with one provider, stripped", megabytes(embedded.Size()), "emulator and Infisical"),
	}, nil
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

// compressed is how large a file is when it is packed.
func compressed(name string) (size int64, err error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	var counted counter
	packed, err := gzip.NewWriterLevel(&counted, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(packed, file)
	return int64(counted), errors.Join(err, packed.Close())
}

// A counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

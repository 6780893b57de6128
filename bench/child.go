package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/infisical"
)

// children are the servers that this program runs as child processes of itself.
var children = map[string]func(args []string) error{
	"child-ceiling": serveCeiling,
	"child-secrets": serveSecrets,
	"child-first":   firstTest,
}

// serveUntilTold tells the parent how to reach a server and returns when the
// parent closes standard input or ends.
func serveUntilTold(ready any) error {
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// A crowd is a server with many client secrets, as its parent hears of it.
type crowd struct {
	URL            string
	Credentials    map[string]string
	BytesPerSecret float64 // live heap
}

// serveSecrets serves Infisical with a number of live client secrets. They are
// seeded rather than created over HTTP, which takes seconds instead of minutes
// and stores the same rows.
func serveSecrets(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	inf := infisical.New()
	server, err := emulator.New(inf)
	if err != nil {
		return err
	}
	credentials := inf.Credentials()
	before := liveHeap()
	for i := range n {
		inf.SeedClientSecret(infisical.ClientSecret{IdentityID: credentials["identityId"], Secret: secretValue(i)})
	}
	bytes := float64(liveHeap()-before) / float64(n)
	if err := server.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	return serveUntilTold(crowd{inf.URL(), credentials, bytes})
}

// secretValue is the i-th seeded secret: as long as a real one.
func secretValue(i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "secret %d", i))
	return hex.EncodeToString(sum[:])
}

// liveHeap is what is still reachable, in bytes.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what the first one freed from pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

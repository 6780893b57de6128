package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// lookAtMemory is how often the server looks whether it has memory to give back.
	lookAtMemory = 2 * time.Second
	// worthGivingBack is the garbage, in bytes, for which a collection is made.
	worthGivingBack = 32 << 20
)

// giveBack returns the memory that a burst of large calls has used. The collector
// runs when more is asked for: a server that is left alone after the burst would
// keep all of it for minutes.
func giveBack(ctx context.Context) {
	samples := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	ticks := time.NewTicker(lookAtMemory)
	defer ticks.Stop()
	var collected uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		metrics.Read(samples)
		before := collected
		collected = samples[0].Value.Uint64()
		garbage := int64(samples[1].Value.Uint64()) - int64(samples[2].Value.Uint64()) // allocated since the last collection
		unused := garbage + int64(samples[3].Value.Uint64())
		if collected == before && unused > worthGivingBack {
			debug.FreeOSMemory()
		}
	}
}

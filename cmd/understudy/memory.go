package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// lookAtMemory is how often the server looks whether it has memory to give back.
	lookAtMemory = 2 * time.Second
	// worthGivingBack is the garbage, in bytes, for which a collection is made.
	worthGivingBack = 32 << 20
	// room is the garbage, in bytes, that may gather before a collection while little
	// is live: the collector would run for every few megabytes. With more than that
	// live, it may gather as much again, as everywhere.
	room = 24 << 20
)

// giveRoom lets the collector wait for room. A GOGC that somebody has set stays.
func giveRoom(live uint64) {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(int(max(100, min(400, 100*room/max(live, 1)))))
	}
}

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
		giveRoom(samples[2].Value.Uint64())
		before := collected
		collected = samples[0].Value.Uint64()
		garbage := int64(samples[1].Value.Uint64()) - int64(samples[2].Value.Uint64()) // allocated since the last collection
		unused := garbage + int64(samples[3].Value.Uint64())
		if collected == before && unused > worthGivingBack {
			debug.FreeOSMemory()
		}
	}
}

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
	// room is the garbage, in bytes, that may gather before a collection while little
	// is live: the collector would run for every few megabytes. With more than that
	// live, it may gather as much again, as everywhere.
	room = 24 << 20
)

// usual is the collector's percentage where nobody has set GOGC.
const usual = 100

// percentage lets the collector wait for room.
func percentage(live uint64) int { return int(max(usual, min(400, 100*room/max(live, 1)))) }

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
	set := debug.SetGCPercent(usual)
	debug.SetGCPercent(set) // somebody's own stays
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
		if set == usual {
			debug.SetGCPercent(percentage(samples[2].Value.Uint64()))
		}
		before := collected
		collected = samples[0].Value.Uint64()
		garbage := int64(samples[1].Value.Uint64()) - int64(samples[2].Value.Uint64()) // allocated since the last collection
		unused := garbage + int64(samples[3].Value.Uint64())
		if collected == before && unused > worthGivingBack {
			debug.FreeOSMemory()
		}
	}
}

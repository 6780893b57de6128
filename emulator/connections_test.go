package emulator_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// holdAt makes the test binary another process that holds connections to this
// address: in one process they would take two files each.
const holdAt = "UNDERSTUDY_TEST_HOLD_AT"

// holdConnections opens so many connections with half a request as the first
// argument says, or as it can, tells how many, and holds them until its input
// ends.
func holdConnections(address string) {
	n, _ := strconv.Atoi(os.Args[1])
	var held []net.Conn
	for len(held) < n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			break
		}
		_ = conn.(*net.TCPConn).SetLinger(0) // no port is left waiting
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n")
		held = append(held, conn)
	}
	fmt.Println(len(held))
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, conn := range held {
		_ = conn.Close()
	}
}

// TestTenThousandConnections holds as many as the limit on open files allows,
// while others are served, and looks that what they took is given back.
func TestTenThousandConnections(t *testing.T) {
	want := 10_000
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		want = 5_000 // the race detector has a limit of its own
	}
	_, id, a := newWorld(t)
	a.client = socketClient(t, false)
	usage := func() (goroutines, heap int) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), int(m.HeapAlloc + m.StackInuse)
	}
	a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
	goroutines, heap := usage()

	holder := exec.CommandContext(t.Context(), os.Args[0], strconv.Itoa(want))
	holder.Env = append(os.Environ(), holdAt+"="+strings.TrimPrefix(a.url, "http://"))
	holder.Stderr = os.Stderr
	input, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	held, _ := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || held == 0 {
		t.Fatalf("no connection is held: %q %v", line, err)
	}
	for range 10 {
		a.client.CloseIdleConnections() // a new connection each
		a.call(t, "GET", identityPath(id.ID), "", http.StatusOK)
	}
	during, most := usage()
	t.Logf("%d connections held (%d wanted), %d goroutines, %d bytes each", held, want, during, (most-heap)/held)

	if err := input.Close(); err != nil {
		t.Fatal(err)
	}
	if err := holder.Wait(); err != nil {
		t.Fatal(err)
	}
	const slack, pause = 8 << 20, 10 * time.Millisecond
	var now, left int
	for range 10 * time.Second / pause {
		if now, left = usage(); now <= goroutines+10 && left <= heap+slack {
			return
		}
		time.Sleep(pause)
	}
	t.Errorf("%d goroutines and %d bytes are left, %d and %d before", now, left, goroutines, heap)
}

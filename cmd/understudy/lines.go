package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// isTerminal reports whether a person reads along.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	at, err := f.Stat()
	return err == nil && at.Mode()&os.ModeCharDevice != 0
}

// lines is a log for a terminal: a line a call.
type lines struct {
	mu     *sync.Mutex
	w      io.Writer
	level  slog.Level
	colour bool
	attrs  []slog.Attr
}

func newLines(w io.Writer, level slog.Level, colour bool) *lines {
	return &lines{mu: &sync.Mutex{}, w: w, level: level, colour: colour}
}

func (l *lines) Enabled(_ context.Context, level slog.Level) bool { return level >= l.level }

func (l *lines) WithGroup(string) slog.Handler { return l } // nobody groups

func (l *lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *l
	next.attrs = append(append([]slog.Attr{}, l.attrs...), attrs...)
	return &next
}

// The colours, as terminals call them.
const (
	faint  = "2"
	green  = "32"
	yellow = "33"
	red    = "31"
)

func (l *lines) paint(colour, text string) string {
	if !l.colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// Handle writes a call as time, provider, status, operation, duration, entry and the
// reason, if it was refused; anything else as its message and attributes.
func (l *lines) Handle(_ context.Context, r slog.Record) error {
	values, order := map[string]slog.Value{}, []string{}
	add := func(a slog.Attr) bool {
		values[a.Key] = a.Value
		order = append(order, a.Key)
		return true
	}
	for _, a := range l.attrs {
		add(a)
	}
	r.Attrs(add)
	line := l.paint(faint, r.Time.Format(time.TimeOnly)) + " "
	if status, ok := values["status"]; ok {
		line += l.call(r.Message, int(status.Int64()), values)
	} else {
		colour := map[bool]string{true: red, false: yellow}[r.Level >= slog.LevelError]
		line += l.paint(colour, r.Level.String()+" "+r.Message)
		for _, key := range order {
			line += fmt.Sprintf(" %s=%q", key, values[key].String())
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := io.WriteString(l.w, line+"\n")
	return err
}

// columns is the width that terminals begin with: a call's path loses its beginning
// for the line to fit.
const columns = 80

// leastOperation is how much of an operation is kept when its reason takes the room.
const leastOperation = 24

func (l *lines) call(provider string, status int, values map[string]slog.Value) string {
	colour := green
	switch {
	case status >= 500 || status == 0:
		colour = red
	case status >= 400:
		colour = yellow
	}
	operation, ok := values["operation"]
	if !ok {
		operation = slog.StringValue(values["method"].String() + " " + values["path"].String())
	}
	rest := " " + rounded(values["duration"].Duration())
	if entry, ok := values["entry"]; ok {
		rest += " #" + entry.String()
	}
	why := ""
	for _, name := range []string{"reason", "fault", "differs"} {
		if value, ok := values[name]; ok && !(name == "reason" && strings.HasPrefix(value.String(), injected)) {
			why += "  " + strings.TrimPrefix(name+": ", "reason: ") + value.String()
		}
	}
	shown := fmt.Sprint(status)
	if status == 0 {
		shown = "---" // no answer
	}
	room := columns - len("15:04:05 ") - 14 - utf8.RuneCountInString(rest+why)
	return fmt.Sprintf("%-9s %s %s", provider, l.paint(colour, shown), behind(operation.String(), max(room, leastOperation))) + l.paint(faint, rest) + l.paint(colour, why)
}

// injected begins the reason of a call that a fault struck: the fault says the same.
const injected = "injected fault: "

// behind returns an operation in so many columns, with the end of its path.
func behind(operation string, room int) string {
	method, path, ok := strings.Cut(operation, " ")
	runes := []rune(path)
	if room -= len(method) + 2; !ok || len(runes) <= room+1 {
		return operation
	}
	return method + " …" + string(runes[max(0, len(runes)-room):])
}

// rounded returns a duration with no more digits than people read.
func rounded(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

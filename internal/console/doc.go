// Package console is the page for people: what a world has and what happens to it,
// live, and the clock, the faults, the sandboxes and the world to act on. It is
// plain HTML, CSS and JavaScript modules, embedded, and has no state: whatever it
// shows and does goes through the control API, which everybody has.
package console

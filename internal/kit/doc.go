// Package kit holds what providers do alike and the kernel need not know: how
// they find secrets, write times, read what may be missing, and serve what has no
// rule of its own.
package kit

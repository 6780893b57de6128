// Package conform plays conversations against a running service and against a
// world of Understudy side by side, and says where their answers differ.
//
// A conversation makes what it needs under a name of its own and removes it. It
// is one of the scripts in testdata/script whose first line is "# conform: safe".
package conform

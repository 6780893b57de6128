// Package testdata holds the conversations that may be played against a service.
package testdata

import "embed"

// Conversations are script/{provider}/conform-*.txtar.
//
//go:embed script/*/conform-*.txtar
var Conversations embed.FS

package specs

import "embed"

// Control is the document of the control API.
//
//go:embed control.yaml
var Control []byte

// World describes world files, but for the providers' sections.
//
//go:embed world.yaml
var World []byte

// Sections describes the providers' sections of world files, in a file by the name
// of each: the schemas of one, of which the first is the section itself.
//
//go:embed world
var Sections embed.FS

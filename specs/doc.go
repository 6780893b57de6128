// Package specs embeds the OpenAPI documents Understudy is held to, one per
// provider and one for the control API. They are written in our own words from
// the providers' published pages; every operation links the page it imitates.
//
// What belongs to a provider stands in files by its name: NAME.yaml is its document,
// NAME.go embeds it, so that a program links the documents it uses, beyond/NAME.txt
// lists what it leaves out, and world/NAME.yaml describes its section of world files.
package specs

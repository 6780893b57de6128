// Package specs embeds the OpenAPI documents Understudy is held to, one per
// provider and one for the control API. They are written in our own words from
// the providers' published pages; every operation links the page it imitates.
package specs

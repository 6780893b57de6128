package specs

import _ "embed"

// Infisical is the document of the Infisical provider.
//
//go:embed infisical.yaml
var Infisical []byte

// WorkOS is the document of the WorkOS provider.
//
//go:embed workos.yaml
var WorkOS []byte

// OCS is the document of the OCS provider.
//
//go:embed ocs.yaml
var OCS []byte

// Zitadel is the document of the ZITADEL provider.
//
//go:embed zitadel.yaml
var Zitadel []byte

// Control is the document of the control API.
//
//go:embed control.yaml
var Control []byte

// World describes world files.
//
//go:embed world.yaml
var World []byte

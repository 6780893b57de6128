package specs

import _ "embed"

// Infisical is the document of the Infisical provider.
//
//go:embed infisical.yaml
var Infisical []byte

// InfisicalBeyond lists what the service has and Infisical leaves out.
//
//go:embed beyond/infisical.txt
var InfisicalBeyond []byte

// WorkOS is the document of the WorkOS provider.
//
//go:embed workos.yaml
var WorkOS []byte

// WorkOSBeyond lists what the service has and WorkOS leaves out.
//
//go:embed beyond/workos.txt
var WorkOSBeyond []byte

// OCS is the document of the OCS provider.
//
//go:embed ocs.yaml
var OCS []byte

// OCSBeyond lists what the service has and OCS leaves out.
//
//go:embed beyond/ocs.txt
var OCSBeyond []byte

// Zitadel is the document of the ZITADEL provider.
//
//go:embed zitadel.yaml
var Zitadel []byte

// ZitadelBeyond lists what the service has and Zitadel leaves out.
//
//go:embed beyond/zitadel.txt
var ZitadelBeyond []byte

// Control is the document of the control API.
//
//go:embed control.yaml
var Control []byte

// World describes world files.
//
//go:embed world.yaml
var World []byte

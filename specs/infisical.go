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

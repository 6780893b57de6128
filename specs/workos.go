package specs

import _ "embed"

// WorkOS is the document of the WorkOS provider.
//
//go:embed workos.yaml
var WorkOS []byte

// WorkOSBeyond lists what the service has and WorkOS leaves out.
//
//go:embed beyond/workos.txt
var WorkOSBeyond []byte

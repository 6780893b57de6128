package specs

import _ "embed"

// OCS is the document of the OCS provider.
//
//go:embed ocs.yaml
var OCS []byte

// OCSBeyond lists what the service has and OCS leaves out.
//
//go:embed beyond/ocs.txt
var OCSBeyond []byte

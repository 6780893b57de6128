package specs

import _ "embed"

// Zitadel is the document of the ZITADEL provider.
//
//go:embed zitadel.yaml
var Zitadel []byte

// ZitadelBeyond lists what the service has and Zitadel leaves out.
//
//go:embed beyond/zitadel.txt
var ZitadelBeyond []byte

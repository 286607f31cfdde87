package webhook

import _ "embed"

// OpenAPI is the description of the interface (OpenAPI 3.1), in YAML.
//
//go:embed openapi.yaml
var OpenAPI []byte

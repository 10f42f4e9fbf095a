// Package parley is what an installed command carries of the repository: the family of
// encoders, the built-in collection, and the texts that a published page names. Its tests
// keep ARCHITECTURE.md true.
package parley

import "embed"

// Files holds models/ as it ships, without what makes it, and LICENSE and NOTICE.
//
//go:embed LICENSE NOTICE
//go:embed models/family.json models/*/manifest.json models/*/config.json models/*/*.safetensors models/*/vocab.txt
//go:embed models/manifest.json models/*/README.md models/vital-articles/*.bin models/experiments/figures.json
var Files embed.FS

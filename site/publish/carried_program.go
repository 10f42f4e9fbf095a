//go:build carried

package publish

import _ "embed"

// carried is what Pack returned. The file is not in the repository: site/release names it
// to the compiler from elsewhere (go build -overlay).
//
//go:embed program.zip
var carried []byte

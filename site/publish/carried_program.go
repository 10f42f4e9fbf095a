//go:build carried

package publish

import _ "embed"

// carried is what pack returned. The file is not in the repository: Overlay names it to
// the compiler from elsewhere.
//
//go:embed program.zip
var carried []byte

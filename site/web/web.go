// Package web contains the site's own files: the page, its scripts and styles, the service
// worker. site/publish fills in their placeholders and names them by content.
package web

import "embed"

// Files are the files of this folder, including this one.
//
//go:embed *
var Files embed.FS

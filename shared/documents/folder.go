package documents

import "strings"

// Folders of programs that hold no documents of the person who has them.
var programFolders = map[string]string{
	"node_modules": "a folder of packages", "bower_components": "a folder of packages", "__pycache__": "a folder of compiled files",
	"__macosx": "what macOS adds to archives", "$recycle.bin": "deleted files", "system volume information": "a folder of the system",
}

var systemFiles = map[string]bool{"thumbs.db": true, "desktop.ini": true, "ehthumbs.db": true}

// Skip says why a file or folder that was met in a folder is not read, by its name; ""
// where it is. The command line and the page leave out the same.
func Skip(name string, folder bool) string {
	low := strings.ToLower(name)
	switch {
	case strings.HasPrefix(name, "."):
		return "hidden"
	case folder && programFolders[low] != "":
		return programFolders[low]
	case !folder && systemFiles[low]:
		return "a file of the system"
	case !folder && strings.HasPrefix(name, "~$"):
		return "what an open Office document leaves"
	}
	return ""
}

// Sources is the folder in which Sphinx leaves copies of the sources of the pages beside
// it; of a site, the pages alone are read.
const Sources = "_sources"

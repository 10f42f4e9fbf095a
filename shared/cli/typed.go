package cli

import (
	"regexp"
	"runtime"
	"strings"
)

// plainWord matches words that no shell changes or cuts.
var plainWord = regexp.MustCompile(`^[\pL\pN@%+=:,./\\_-]+$`)

// Typed returns a command line as a person types it: words that a shell would change are
// in quotation marks. A flag whose value is empty is left out with it.
func Typed(words ...string) string {
	var line []string
	for i := 0; i < len(words); i++ {
		if strings.HasPrefix(words[i], "--") && i+1 < len(words) && words[i+1] == "" {
			i++
			continue
		}
		line = append(line, quoted(words[i]))
	}
	return strings.Join(line, " ")
}

func quoted(word string) string {
	switch {
	case runtime.GOOS == "windows":
		if plainWord.MatchString(word) {
			return word
		}
		return `"` + word + `"` // names of files have no quotation mark there
	case plainWord.MatchString(word) && !strings.Contains(word, `\`):
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

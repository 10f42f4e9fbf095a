package collect

import (
	"testing"

	"parley/shared/passages"
)

// Whoever is to be named is named once, also where one name is within another.
func TestCredit(t *testing.T) {
	var all passages.About
	for _, licence := range []string{"CC BY-SA 4.0", "CC BY", "CC BY-SA 4.0", ""} {
		credit(&all, passages.About{Licence: licence, LicenceURL: "https://example.org/" + licence})
	}
	if all.Licence != "CC BY-SA 4.0; CC BY" || all.LicenceURL != "" {
		t.Errorf("%+v", all)
	}
}

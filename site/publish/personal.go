package publish

import (
	"errors"
	"fmt"
	"html"
	"maps"
	"regexp"
	"strings"
)

var (
	pageTitle = regexp.MustCompile(`<title>[^<]*</title>`)
	examples  = regexp.MustCompile(`(?s)<!-- examples -->.*<!-- /examples -->\n?`)
	tour      = regexp.MustCompile(`(?s)<!-- tour -->.*<!-- /tour -->\n?`) // its questions suit the built-in collection alone
	list      = regexp.MustCompile(`(?s)(<ul role="list">\n?).*(</ul>)`)
)

// personal returns the app with another title and other examples. Anyone may have written
// these, so they are escaped.
func personal(app App, title string, conversations [][]string) (App, error) {
	if title == "" && conversations == nil {
		return app, nil
	}
	page := string(app["index.html"])
	if title != "" {
		if !pageTitle.MatchString(page) {
			return nil, errors.New("index.html has no title to replace")
		}
		page = pageTitle.ReplaceAllLiteralString(page, "<title>"+html.EscapeString(title)+"</title>")
	}
	if conversations != nil {
		section := examples.FindString(page)
		if section == "" {
			return nil, errors.New("index.html has no examples to replace")
		}
		fresh := ""
		if len(conversations) > 0 {
			var items strings.Builder
			for _, questions := range conversations {
				items.WriteString("<li><button type=\"button\" data-example>\n")
				for _, q := range questions {
					fmt.Fprintf(&items, "<span data-q>%s</span>\n", html.EscapeString(q))
				}
				items.WriteString("</button></li>\n")
			}
			fresh = list.ReplaceAllStringFunc(section, func(ul string) string {
				m := list.FindStringSubmatch(ul)
				return m[1] + items.String() + m[2]
			})
		}
		page = strings.Replace(page, section, fresh, 1)
		page = tour.ReplaceAllLiteralString(page, "")
	}
	app = maps.Clone(app)
	app["index.html"] = []byte(page)
	return app, nil
}

// said is what a page says of what leaves it, in place of what it says where nothing does.
type said struct {
	promises [][2]string // of index.html: what is replaced, and by what
	kept     string      // in boot.js, once the page works offline
}

// say replaces what the page says. It fails where the page says something else, so that no
// page promises what does not hold.
func (app App) say(s said) error {
	page, boot := string(app["index.html"]), string(app["boot.js"])
	for _, p := range s.promises {
		if !strings.Contains(page, p[0]) {
			return fmt.Errorf("index.html does not say %q, which site/publish replaces where it does not hold", p[0])
		}
		page = strings.ReplaceAll(page, p[0], p[1])
	}
	if strings.Contains(strings.ToLower(page), "nothing you type leaves") {
		return errors.New("index.html says that nothing leaves it in a sentence that site/publish does not replace")
	}
	const offline = `'Ready to work offline.'`
	if !strings.Contains(boot, offline) {
		return fmt.Errorf("boot.js does not say %s, which site/publish replaces", offline)
	}
	app["index.html"], app["boot.js"] = []byte(page), []byte(strings.Replace(boot, offline, s.kept, 1))
	return nil
}

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

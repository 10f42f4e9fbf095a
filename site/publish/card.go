package publish

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	source "github.com/yuin/goldmark/text"

	"parley/shared/family"
)

// A levelAbout is what the page says of a level, from its model card: what it is, and
// averages that were measured over many questions. levels.json has one for each level.
type levelAbout struct {
	What string   `json:"what"`
	Lost []lostOn `json:"lost,omitempty"` // against the level that was trained without a price
}

// A lostOn is what a level loses on a set of questions, in per cent; below 0 it gains.
type lostOn struct {
	Set     string  `json:"set"`
	Queries int     `json:"queries"`
	R100    float64 `json:"r100"`
}

// A card is what is read in a level's model card and config.json.
type card struct {
	markdown []byte
	postings float64 // lambda of the regulariser in training; 0: none
	terms    int     // learned terms that a query keeps; 0: all
	figures  []figure
}

type figure struct {
	set     string
	queries int
	r100    float64
}

// readCards reads the cards of a family's levels.
func readCards(encoder string, list *family.Family) (map[string]card, error) {
	cards := map[string]card{}
	if list == nil {
		return cards, nil
	}
	for _, l := range list.Levels {
		var c card
		if l.Card != "" {
			var err error
			if c.markdown, err = os.ReadFile(filepath.Join(encoder, filepath.FromSlash(l.Card))); err != nil {
				return nil, fmt.Errorf("the card of level %s: %w", l.Name, err)
			}
			c.postings, c.figures = recipe(c.markdown), figuresOf(c.markdown)
		}
		var config struct {
			Parley struct {
				Terms int `json:"query_terms"`
			}
		}
		if data, err := os.ReadFile(filepath.Join(encoder, filepath.FromSlash(l.Folder), "config.json")); err == nil && json.Unmarshal(data, &config) == nil {
			c.terms = config.Parley.Terms
		}
		cards[l.Name] = c
	}
	return cards, nil
}

var recipeBlock = regexp.MustCompile("(?s)```json\n(.*?)```")

// recipe returns the lambda of --postings in the recipe of a card.
func recipe(markdown []byte) float64 {
	var r struct{ Postings float64 }
	if m := recipeBlock.FindSubmatch(markdown); m == nil || json.Unmarshal(m[1], &r) != nil {
		return 0
	}
	return r.Postings
}

// figuresOf returns the rows of the table that `trainer export --figures` writes.
func figuresOf(markdown []byte) (all []figure) {
	var head []string
	for line := range strings.Lines(string(markdown)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			head = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if head == nil {
			head = cells
			continue
		}
		q, r := slices.Index(head, "queries"), slices.Index(head, "R@100")
		if q < 0 || r < 0 || len(cells) != len(head) {
			continue
		}
		queries, errQ := strconv.Atoi(cells[q])
		r100, errR := strconv.ParseFloat(cells[r], 64)
		if errQ == nil && errR == nil && cells[0] != "" {
			all = append(all, figure{cells[0], queries, r100})
		}
	}
	return all
}

// describe names the levels by what they are, and returns what the page says of them. A
// level that was trained at a price, or whose queries keep some terms only, gets a title
// that says so; the others keep theirs.
func describe(list *family.Family, cards map[string]card) map[string]levelAbout {
	about := map[string]levelAbout{}
	if list == nil {
		return about
	}
	var plain card // the level to compare with
	for _, l := range list.Levels {
		if l.Name != list.Base && l.Ratio == 1 {
			plain = cards[l.Name]
		}
	}
	for i := range list.Levels {
		l := &list.Levels[i]
		c := cards[l.Name]
		price := strconv.FormatFloat(c.postings, 'g', -1, 64)
		var title, what []string
		switch {
		case l.Name == list.Base:
			what = append(what, "The encoder of passages itself, trained on single questions.")
		case c.postings > 0:
			title = append(title, "λ\u00a0"+price)
			what = append(what, "In training a lit term costs λ = "+price+" times its weight times the share of passages that hold it.")
		default:
			what = append(what, "It has learned from rewrites to read conversations; a lit term costs nothing in training.")
		}
		if c.terms > 0 {
			title = append(title, strconv.Itoa(c.terms)+"\u00a0terms")
			what = append(what, fmt.Sprintf("A query keeps its %d heaviest learned terms.", c.terms))
		}
		if len(title) > 0 {
			l.Title = strings.Join(title, ", ")
		}
		a := levelAbout{What: strings.Join(what, " ")}
		if l.Name != list.Base && l.Ratio != 1 {
			for _, f := range c.figures {
				i := slices.IndexFunc(plain.figures, func(g figure) bool { return g.set == f.set && g.queries == f.queries })
				if i >= 0 && plain.figures[i].r100 > 0 {
					a.Lost = append(a.Lost, lostOn{f.set, f.queries, 100 * (1 - f.r100/plain.figures[i].r100)})
				}
			}
		}
		about[l.Name] = a
	}
	return about
}

// withCards adds the levels' model cards, as pages, and what the dial says of the levels.
func withCards(program App, list *family.Family, cards map[string]card, about map[string]levelAbout) error {
	content, err := json.Marshal(about)
	if err != nil {
		return err
	}
	if program["dial.js"] != nil {
		program["levels.json"] = content
	}
	style := program["card.css"]
	delete(program, "card.css") // without a card, nothing names it
	if list == nil {
		return nil
	}
	for _, l := range list.Levels {
		if l.Card == "" {
			continue
		}
		if program[cardPath(l.Name)], err = cardPage(cardPath(l.Name), l.Title, cards[l.Name].markdown); err != nil {
			return fmt.Errorf("the card of level %s: %w", l.Name, err)
		}
		program["card.css"] = style
	}
	if list.Dense != nil && list.Dense.Card != "" {
		// Its folder need not be the family's, so the path is used as it is.
		markdown, err := os.ReadFile(list.Dense.Card)
		if err == nil {
			program["card.css"] = style
			program[denseCard], err = cardPage(denseCard, list.Dense.Title, markdown)
		}
		if err != nil {
			return fmt.Errorf("the card of the dense encoder: %w", err)
		}
	}
	return nil
}

func cardPath(level string) string { return "cards/" + level + ".html" }

// denseCard cannot be a level's card: levels' names have no slash.
const denseCard = "cards/dense/card.html"

var frontMatter = regexp.MustCompile(`(?s)\A---\n.*?\n---\n`)

// cardPage returns a model card as a page. HTML in the card is left out, and so are the
// links that lead to files of the repository, which are not published.
func cardPage(at, title string, markdown []byte) ([]byte, error) {
	markdown = frontMatter.ReplaceAll(markdown, nil)
	md := goldmark.New(goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))))
	doc := md.Parser().Parse(source.NewReader(markdown))
	var dead []*ast.Link
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if l, ok := n.(*ast.Link); ok && entering && !bytes.HasPrefix(l.Destination, []byte("https://")) {
			dead = append(dead, l)
		}
		return ast.WalkContinue, nil
	})
	for _, l := range dead {
		parent := l.Parent()
		for c := l.FirstChild(); c != nil; c = l.FirstChild() {
			parent.InsertBefore(parent, l, c)
		}
		parent.RemoveChild(parent, l)
	}
	var body bytes.Buffer
	if err == nil {
		err = md.Renderer().Render(&body, markdown, doc)
	}
	if err != nil {
		return nil, err
	}
	up := strings.Repeat("../", strings.Count(path.Clean(at), "/"))
	content := strings.NewReplacer("<table>", `<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>`, "</table>", "</table></div>",
		"<pre>", `<pre tabindex="0">`, "{{", "{&#123;").Replace(body.String())
	return []byte(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>` + html.EscapeString(title) + `: model card</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{{CSP}}">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="` + up + `{{style.css}}" integrity="{{style.css integrity}}">
<link rel="stylesheet" href="` + up + `{{card.css}}" integrity="{{card.css integrity}}">
<link rel="icon" href="` + up + `{{icon.svg}}" type="image/svg+xml">
</head>
<body class="card">
<header class="masthead"><p><a href="` + up + `./">Parley</a></p></header>
<main id="main">
` + content + `</main>
</body>
</html>
`), nil
}

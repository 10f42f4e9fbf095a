package main

import (
	"github.com/vugu/vugu"

	"parley/shared/dialogue"
)

// Marked is a paragraph with highlighted words. It is written in Go because a .vugu file
// cannot alternate plain text with elements: text nodes need no escaping and no wrapping
// elements.
type Marked struct {
	Runs []dialogue.Run
	Stop string // tabindex
}

// Build returns <p class="excerpt" tabindex="0">plain <mark>marked</mark> plain</p>.
func (c *Marked) Build(*vugu.BuildIn) *vugu.BuildOut {
	p := &vugu.VGNode{Type: vugu.ElementNode, Data: "p", Attr: []vugu.VGAttribute{
		{Key: "class", Val: "excerpt"}, {Key: "dir", Val: "auto"}, {Key: "tabindex", Val: c.Stop},
	}}
	for _, r := range c.Runs {
		n := &vugu.VGNode{Type: vugu.TextNode, Data: r.Text}
		if r.Mark {
			mark := &vugu.VGNode{Type: vugu.ElementNode, Data: "mark"}
			mark.AppendChild(n)
			n = mark
		}
		p.AppendChild(n)
	}
	// Vugu does not empty an element without children, so this one is always present.
	p.AppendChild(&vugu.VGNode{Type: vugu.TextNode})
	return &vugu.BuildOut{Out: []*vugu.VGNode{p}}
}

package main

import (
	"strings"

	"github.com/vugu/vugu"
)

// The functions that the generated code calls for each node: see vugushrink.

func addText(parent *vugu.VGNode, text string) *vugu.VGNode {
	n := &vugu.VGNode{Type: vugu.TextNode, Data: text}
	parent.AppendChild(n)
	return n
}

// addElement takes the namespace, the name, and pairs of an attribute's name and value,
// all in one string with \x00 between them: a call with a string for each would be longer
// by the instructions that push them.
func addElement(parent *vugu.VGNode, all string) *vugu.VGNode {
	parts := strings.Split(all, "\x00")
	n := &vugu.VGNode{Type: vugu.ElementNode, Namespace: parts[0], Data: parts[1]}
	attributes := parts[2:]
	if len(attributes) > 0 {
		n.Attr = make([]vugu.VGAttribute, 0, len(attributes)/2+2)
	}
	for i := 0; i+1 < len(attributes); i += 2 {
		n.Attr = append(n.Attr, vugu.VGAttribute{Key: attributes[i], Val: attributes[i+1]})
	}
	parent.AppendChild(n)
	return n
}

func addAttribute[T any](n *vugu.VGNode, key string, value T) { n.AddAttrInterface(key, value) }

func addHandler(n *vugu.VGNode, event string, f func(vugu.DOMEvent)) {
	n.DOMEventHandlerSpecList = append(n.DOMEventHandlerSpecList, vugu.DOMEventHandlerSpec{EventType: event, Func: f})
}

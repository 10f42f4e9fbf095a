//go:build js && wasm

package main

import (
	"strconv"
	"strings"
	"syscall/js" // not github.com/vugu/vugu/js, whose Value.Set panics on js.Value and js.Func

	"github.com/vugu/vugu"
	"github.com/vugu/vugu/domrender"
)

// A call is what boot.js wants of the page: parley.handle(name, a, b, n).
type call struct {
	name string
	a, b string
	n    int
}

const storageKey = "parley.conversation"

func main() {
	// domrender.New evaluates its script, which vugu-helper.js has loaded already;
	// boot.js has made eval do nothing, since the page's policy forbids it.
	renderer, err := domrender.New("#app")
	if err != nil {
		panic(err)
	}
	env, err := vugu.NewBuildEnv(renderer.EventEnv())
	if err != nil {
		panic(err)
	}
	root := &Root{}
	browser := newBrowser()

	// A callback must not wait for a lock: the render that holds it could be what
	// is calling. So calls queue up, and one goroutine takes them in order.
	calls := make(chan call, 1024)
	go func() {
		for m := range calls {
			renderer.EventEnv().Lock()
			root.handle(m)
			if !root.unseen {
				renderer.EventEnv().UnlockRender()
				continue
			}
			effects := root.Effects()
			renderer.EventEnv().UnlockOnly()
			browser.all(effects)
		}
	}()
	browser.tick = func(step int) { calls <- call{name: "tick", n: step} }
	browser.parley.Set("handle", js.FuncOf(func(_ js.Value, args []js.Value) any {
		m := call{name: text(args, 0), a: text(args, 1), b: text(args, 2)}
		if len(args) > 3 && args[3].Type() == js.TypeNumber {
			m.n = args[3].Int()
		}
		select {
		case calls <- m:
		default: // a thousand calls behind: something is badly wrong, but not worth dying for
		}
		return nil
	}))
	if saved := browser.saved(); saved != "" {
		root.Restore(saved)
	}
	browser.parley.Call("started")

	for ok := true; ok; ok = renderer.EventWait() {
		t := browser.now()
		if err := renderer.Render(env.RunBuild(root)); err != nil {
			browser.console.Call("error", "render: "+err.Error())
		}
		browser.parley.Set("renderMS", browser.now()-t)
		renderer.EventEnv().Lock()
		effects := root.Effects()
		renderer.EventEnv().UnlockOnly()
		browser.all(effects)
	}
}

func text(args []js.Value, i int) string {
	if i < len(args) && args[i].Type() == js.TypeString {
		return args[i].String()
	}
	return ""
}

func (c *Root) handle(m call) {
	c.unseen = false
	switch m.name {
	case "ask":
		c.Ask(m.a)
	case "play":
		c.Play(strings.Split(m.a, "\n"))
	case "tour":
		c.Tour(m.a)
	case "examples":
		c.SetExamples(m.a)
		c.unseen = true
	case "stop":
		c.stop()
	case "act":
		c.Act()
	case "new":
		c.New()
	case "tick":
		c.Tick(m.n)
	case "share":
		c.Share()
	case "open":
		c.Open(m.a)
	default:
		c.Message(m.name, m.n, m.a)
	}
}

// browser does what Effects say.
type browser struct {
	window, document, console, parley js.Value
	tick                              func(step int)
}

func newBrowser() *browser {
	w := js.Global()
	return &browser{window: w, document: w.Get("document"), console: w.Get("console"), parley: w.Get("parley")}
}

func (b *browser) now() float64 { return b.window.Get("performance").Call("now").Float() }

func (b *browser) element(id string) js.Value { return b.document.Call("getElementById", id) }

// saved is the conversation before a reload, "" for none.
func (b *browser) saved() string {
	v := b.parley.Call("load", storageKey)
	if v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

func (b *browser) all(effects []Effect) {
	for _, e := range effects {
		b.do(e)
	}
}

func (b *browser) do(e Effect) {
	switch e.Do {
	case "ask":
		b.parley.Call("post", map[string]any{"id": e.N, "op": "ask", "body": e.A})
	case "save":
		b.parley.Call("save", storageKey, e.A)
		b.document.Get("documentElement").Get("classList").Call("toggle", "talking", e.N > 0)
	case "announce":
		b.parley.Call("announce", e.A)
	case "notice":
		b.parley.Call("notice", e.A, e.B)
	case "scroll":
		b.parley.Call("scrollTo", e.A)
	case "focus":
		if el := b.element(e.A); el.Truthy() {
			el.Call("focus")
		}
	case "edit":
		if el := b.element(e.A); el.Truthy() {
			el.Set("value", e.B)
			el.Call("focus")
			el.Call("select")
		}
	case "hash":
		b.window.Get("history").Call("replaceState", nil, "", b.window.Get("location").Get("pathname").String()+b.window.Get("location").Get("search").String())
	case "value":
		if el := b.element(e.A); el.Truthy() {
			el.Set("value", e.B)
		}
	case "type":
		b.parley.Call("type", e.A)
	case "shared":
		b.parley.Call("shared", e.A, e.B)
	case "copy":
		b.parley.Call("copy", e.A)
	case "tick":
		var timeout js.Func
		timeout = js.FuncOf(func(js.Value, []js.Value) any {
			timeout.Release()
			b.tick(e.N)
			return nil
		})
		b.window.Call("setTimeout", timeout, 1500)
	default:
		b.console.Call("error", "no such effect: "+strconv.Quote(e.Do))
	}
}

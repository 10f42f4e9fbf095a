//go:build js && wasm

package main

import (
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
	browser := newBrowser()
	root := &Root{browser: browser}

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
			wanted := browser.take(root)
			renderer.EventEnv().UnlockOnly()
			wanted()
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
		wanted := browser.take(root)
		renderer.EventEnv().UnlockOnly()
		wanted()
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

// browser is the Browser: it keeps what is wanted until the next render is over.
type browser struct {
	window, document, console, parley js.Value
	tick                              func(step int)
	wanted                            []func()
}

func newBrowser() *browser {
	w := js.Global()
	return &browser{window: w, document: w.Get("document"), console: w.Get("console"), parley: w.Get("parley")}
}

func (b *browser) now() float64 { return b.window.Get("performance").Call("now").Float() }

// saved is the conversation before a reload, "" for none.
func (b *browser) saved() string {
	v := b.parley.Call("load", storageKey)
	if v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// take gives what is wanted, as one function, and wants nothing more.
func (b *browser) take(root *Root) func() {
	wanted := b.wanted
	b.wanted = nil
	root.ShowNotice()
	wanted = append(b.wanted, wanted...)
	b.wanted = nil
	return func() {
		for _, do := range wanted {
			do()
		}
	}
}

func (b *browser) later(do func()) { b.wanted = append(b.wanted, do) }

// call wants a function of boot.js's called.
func (b *browser) call(name string, args ...any) {
	b.later(func() { b.parley.Call(name, args...) })
}

// with wants something done to an element, if it is there.
func (b *browser) with(id string, do func(js.Value)) {
	b.later(func() {
		if el := b.document.Call("getElementById", id); el.Truthy() {
			do(el)
		}
	})
}

func (b *browser) Ask(id int, ask string) {
	b.call("post", map[string]any{"id": id, "op": "ask", "body": ask})
}

func (b *browser) Save(conversation string, turns int) {
	b.call("save", storageKey, conversation)
	b.later(func() {
		b.document.Get("documentElement").Get("classList").Call("toggle", "talking", turns > 0)
	})
}

func (b *browser) Announce(text string)            { b.call("announce", text) }
func (b *browser) Notice(text, button string)      { b.call("notice", text, button) }
func (b *browser) Type(text string)                { b.call("type", text) }
func (b *browser) Share(conversation, rows string) { b.call("shared", conversation, rows) }
func (b *browser) Copy(text string)                { b.call("copy", text) }
func (b *browser) ScrollTo(id string)              { b.call("scrollTo", id) }
func (b *browser) Focus(id string)                 { b.with(id, func(el js.Value) { el.Call("focus") }) }
func (b *browser) Fill(id, value string)           { b.with(id, func(el js.Value) { el.Set("value", value) }) }
func (b *browser) Check(id string)                 { b.with(id, func(el js.Value) { el.Set("checked", true) }) }

func (b *browser) Edit(id, text string) {
	b.with(id, func(el js.Value) {
		el.Set("value", text)
		el.Call("focus")
		el.Call("select")
	})
}

func (b *browser) DropFragment() {
	b.later(func() {
		at := b.window.Get("location")
		b.window.Get("history").Call("replaceState", nil, "", at.Get("pathname").String()+at.Get("search").String())
	})
}

func (b *browser) TickAfter(step int) {
	b.later(func() {
		var timeout js.Func
		timeout = js.FuncOf(func(js.Value, []js.Value) any {
			timeout.Release()
			b.tick(step)
			return nil
		})
		b.window.Call("setTimeout", timeout, 1500)
	})
}

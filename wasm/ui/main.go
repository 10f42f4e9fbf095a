//go:build js && wasm

package main

import (
	"strings"
	"syscall/js" // not github.com/vugu/vugu/js, whose Value.Set panics on js.Value and js.Func

	"github.com/vugu/vugu"
	"github.com/vugu/vugu/domrender"
)

// A call is a request of boot.js to the page: parley.handle(name, a, b, n).
type call struct {
	name string
	a, b string
	n    int
}

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
	window := js.Global()
	browser := &browser{parley: window.Get("parley")}
	root := &Root{browser: browser}

	// A callback must not wait for a lock: the render that holds it could be the caller.
	// So calls are queued, and one goroutine handles them in order.
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
			browser.do(wanted)
		}
	}()
	browser.parley.Set("handle", js.FuncOf(func(_ js.Value, args []js.Value) any {
		m := call{name: text(args, 0), a: text(args, 1), b: text(args, 2)}
		if len(args) > 3 && args[3].Type() == js.TypeNumber {
			m.n = args[3].Int()
		}
		select {
		case calls <- m:
		default: // a thousand calls behind: something is badly wrong, but the page need not die
		}
		return nil
	}))
	if saved := browser.saved(); saved != "" {
		root.Restore(saved)
	}
	browser.parley.Call("started")

	for ok := true; ok; ok = renderer.EventWait() {
		t := now(window)
		if err := renderer.Render(env.RunBuild(root)); err != nil {
			window.Get("console").Call("error", "render: "+err.Error())
		}
		browser.parley.Set("renderMS", now(window)-t)
		renderer.EventEnv().Lock()
		wanted := browser.take(root)
		renderer.EventEnv().UnlockOnly()
		browser.do(wanted)
	}
}

func now(window js.Value) float64 { return window.Get("performance").Call("now").Float() }

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
	case "show":
		c.Show(m.a, m.b, m.n)
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
	case "level":
		c.SetLevel(m.a)
	case "look":
		c.LookAt(m.n)
	case "share":
		c.Share()
	case "open":
		c.Open(m.a)
	default:
		c.Message(m.name, m.n, m.a)
	}
}

// browser implements Browser. It keeps requests until the next render is over; all of them
// are functions of boot.js.
type browser struct {
	parley js.Value
	wanted []wanted
}

type wanted struct {
	name string
	args []any
}

// saved returns the conversation before a reload, "" for none.
func (b *browser) saved() string {
	v := b.parley.Call("load")
	if v.Type() == js.TypeString {
		return v.String()
	}
	return ""
}

// take returns the requests in order, and clears them.
func (b *browser) take(root *Root) []wanted {
	before := b.wanted
	b.wanted = nil
	root.ShowNotice()
	all := append(b.wanted, before...)
	b.wanted = nil
	return all
}

func (b *browser) do(all []wanted) {
	for _, w := range all {
		b.parley.Call(w.name, w.args...)
	}
}

func (b *browser) want(name string, args ...any) { b.wanted = append(b.wanted, wanted{name, args}) }

func (b *browser) Ask(id int, ask string)     { b.want("ask", id, ask) }
func (b *browser) Save(conversation string)   { b.want("save", conversation) }
func (b *browser) Announce(text string)       { b.want("announce", text) }
func (b *browser) Say(text string)            { b.want("say", text) }
func (b *browser) Notice(text, button string) { b.want("notice", text, button) }
func (b *browser) Type(text string)           { b.want("type", text) }
func (b *browser) Opened(collection string)   { b.want("opened", collection) }
func (b *browser) Share(conversation, collection, level, rows string) {
	b.want("shared", conversation, collection, level, rows)
}
func (b *browser) Copy(text string)                           { b.want("copy", text) }
func (b *browser) ScrollTo(id string)                         { b.want("scrollTo", id) }
func (b *browser) Focus(id string)                            { b.want("focus", id) }
func (b *browser) Edit(id, text string)                       { b.want("edit", id, text) }
func (b *browser) Fill(id, value string)                      { b.want("fill", id, value) }
func (b *browser) Lens(rows string)                           { b.want("lens", rows) }
func (b *browser) Compare(table string, looked int)           { b.want("compare", table, looked) }
func (b *browser) Dial(rows string, looked int, level string) { b.want("dial", rows, looked, level) }
func (b *browser) TickAfter(step int)                         { b.want("tickAfter", step) }

package browser

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parley/shared/answer"
	"parley/shared/message"
	"parley/site/collection"
)

// conversations are what the bits are compared on: each turn of each, with real
// replies in between, and texts that are hard to read.
func conversations(t testing.TB, e *answer.Engine) (asks []message.Ask) {
	t.Helper()
	for _, questions := range [][]string{
		{"When was the Eiffel Tower built?", "who designed it?", "what else did he build?", "where was he born?"},
		{"Who discovered penicillin?", "which prize did he get for it?", "what does it work against?", "why does it stop working?"},
		{"What is the largest moon in the Solar System?", "which planet does it orbit?", "how big is that planet?", "who first saw its moons?"},
		{"Which eruption buried Pompeii?", "where is that volcano?", "what causes them to erupt?"},
		{"ö", "日本の首都は?", "עברית", "👩‍👩‍👧‍👦 a\u0301b [SEP] \ufffd" + strings.Repeat(" tower", 400)},
	} {
		var turns []message.Turn
		for _, q := range questions {
			turns = append(turns, message.Turn{Question: q})
			ask := message.Ask{Turns: append([]message.Turn{}, turns...), K: 100}
			asks = append(asks, ask)
			a, err := e.Ask(ask)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Results) > 0 {
				r := a.Results[0]
				turns[len(turns)-1].Reply = r.Text[r.Quote[0]:r.Quote[1]]
			}
		}
	}
	return asks
}

// native is the engine of a folder's encoders and the built-in collection; "" is
// what ships, and the default level.
func native(t testing.TB, encoders, level string) *answer.Engine {
	t.Helper()
	root, _ := build(t)
	return nativeOf(t, encoders, level, filepath.Join(root, "models", "vital-articles"))
}

// nativeOf is native over another collection's folder.
func nativeOf(t testing.TB, encoders, level, folder string) *answer.Engine {
	t.Helper()
	root, _ := build(t)
	if encoders == "" {
		encoders = filepath.Join(root, "models")
	}
	f, err := collection.OpenEncoders(encoders)
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.Level(level)
	if err != nil {
		t.Fatal(err)
	}
	x, p, err := collection.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := answer.New(e, x, p)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// worker starts the page's own worker on the served origin, and gives what it
// says when it is ready. say then talks to it.
func (p *page) worker() message.Ready {
	p.t.Helper()
	body := eval[string](p, `(async () => {
		const html = await (await fetch("index.html")).text();
		const boot = await (await fetch(html.match(/app\/boot\.[0-9a-f]+\.js/)[0])).text();
		const at = re => { const [, path, sum] = boot.match(re); return [new URL(path, location.href).href, sum]; };
		const make = typeof Programs === "object" ? Programs.makeWorker : (([url]) => new Worker(trustedTypes.createPolicy("parley", {createScriptURL: s => s}).createScriptURL(url)));
		const w = window.testWorker = await make(at(/'(app\/worker\.[0-9a-f]+\.js)'\)?, '(.*?)'/));
		window.testID = 0;
		return await new Promise((done, failed) => {
			w.onerror = e => failed(new Error(e.message));
			w.onmessage = ({data}) => {
				if (data.op === "ready") done(data.body);
				if (data.op === "failed") failed(new Error(data.body));
			};
			w.postMessage({op: "start", manifest: new URL("site.json", location.href).href,
				worker: at(/'(app\/worker\.[0-9a-f]+\.wasm)'\)?, '(.*?)'/), kernel: at(/'(app\/kernel\.[0-9a-f]+\.wasm)'\)?, '(.*?)'/),
				relaxed: at(/'(app\/kernel-relaxed\.[0-9a-f]+\.wasm)'\)?, '(.*?)'/)});
		});
	})()`)
	var r message.Ready
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		p.t.Fatal(err)
	}
	return r
}

// say posts a message to the worker and gives the body of its reply.
func (p *page) say(op string, body any) string {
	p.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	return eval[string](p, fmt.Sprintf(`new Promise((done, failed) => {
		const id = ++window.testID;
		window.testWorker.onmessage = ({data}) => {
			if (data.id !== id) return;
			if (data.op === "error") failed(new Error(data.body)); else done(data.body);
		};
		window.testWorker.postMessage({id, op: %s, body: %s});
	})`, quote(op), quote(string(b))))
}

// bench is a page of the origin that runs nothing of itself.
func bench(t testing.TB, s *server) *page {
	t.Helper()
	p := blank(t, s)
	p.expect("favicon.ico") // which a page that names no icon is asked for
	p.navigate(s.url() + "LICENSE")
	return p
}

// asksProcessor returns what the worker's script asks the browser: whether relaxed SIMD's
// dot product is one instruction here.
func asksProcessor(t *testing.T, js string) string {
	t.Helper()
	asks := regexp.MustCompile(`(?s)\nconst relaxed = (.*?\n\}\)\(\));`).FindStringSubmatch(js)
	if asks == nil {
		t.Fatal("worker.js does not ask for relaxed SIMD any more")
	}
	return asks[1]
}

// The same questions give the same token ids, vectors, rankings and scores, to
// the last bit, natively, in V8 with the SIMD kernel, with that of relaxed SIMD where the
// processor has its instruction, and in V8 without a kernel. A relaxed kernel that computes
// something else (kernel.wasm, which reads weights in another order) is not used.
func TestTheSameBitsNativelyAndInTheBrowser(t *testing.T) {
	start(t)
	engine := native(t, "", "")
	asks := conversations(t, engine)
	sum, err := engine.Digest(asks)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`"%016x"`, sum)

	_, app := build(t)
	js := string(app["worker.js"])
	const probe = "const simd = WebAssembly.validate("
	// with serves the page with one word of the worker's script replaced.
	with := func(from, to string) *server {
		if !strings.Contains(js, from) {
			t.Fatalf("worker.js holds no %q", from)
		}
		return serveFolder(t, publishRelease(t, release{files: map[string]string{"worker.js": strings.Replace(js, from, to, 1)}}))
	}
	for _, c := range []struct {
		name   string
		simd   bool
		server *server
	}{
		{"with the kernel", true, shipped(t)},
		{"with relaxed SIMD", true, with("if (relaxed && setup.relaxed) {", "if (!(setup.kernel = null)) {")},
		{"with a relaxed SIMD that is wrong", true, with("if (relaxed && setup.relaxed) {", "if (setup.relaxed = setup.kernel) {")},
		{"without SIMD", false, with(probe, "const simd = false && WebAssembly.validate(")},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bench(t, c.server)
			if c.name == "with relaxed SIMD" && !eval[bool](p, asksProcessor(t, js)) {
				t.Skip("this processor has no instruction for relaxed SIMD's dot product, so that kernel is not used")
			}
			if r := p.worker(); r.SIMD != c.simd {
				t.Fatalf("SIMD is %v, want %v", r.SIMD, c.simd)
			}
			if got := p.say("digest", asks); got != want {
				t.Errorf("digest %s, natively %s", got, want)
			}
			// The digest must be able to differ.
			if got := p.say("digest", asks[1:]); got == want {
				t.Error("other questions have the same digest")
			}
			// And so that a difference can be looked into: one answer in full.
			var a message.Answer
			if err := json.Unmarshal([]byte(p.say("ask", asks[1])), &a); err != nil {
				t.Fatal(err)
			}
			b, err := engine.Ask(asks[1])
			if err != nil {
				t.Fatal(err)
			}
			a.Cost, b.Cost = message.Cost{}, message.Cost{}
			if x, y := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); x != y {
				t.Errorf("the browser answers\n%s\nand natively\n%s", x, y)
			}
		})
	}
}

// Command bench times one query in Chromium: Parley's worker and, on the same page,
// onnxruntime-web with the same weights; a dense encoder natively, too. README.md says
// what it needs.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"parley/shared/answer"
	"parley/shared/conversation"
	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/index"
	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/safetensors"
	"parley/wasm/kernel"
)

func main() {
	onnx := flag.String("onnx", "", "`folder` that make_onnx.py wrote; none: time Parley alone")
	ort := flag.String("ort", "", "`folder` of onnxruntime-web's files (node_modules/onnxruntime-web/dist)")
	chromium := flag.String("chromium", "", "the browser's `path`; found by itself where it is empty")
	dense := flag.String("dense", "", "instead of the encoder, time dense ones: `folders` that trainer unpack wrote, with commas")
	levels := flag.String("levels", "127/63", "with -dense: `levels` of the matrices' integers and of the words', several with commas; each folder is timed in each")
	reader := flag.Int("reader", 0, "with -dense: time, instead, a reader over so many first `results`, with four layers of its own that are copied from the encoder")
	tokens := flag.Int("tokens", 64, "with -dense: the input's `length`")
	rounds := flag.Int("rounds", 40, "`times` that each is timed, after 5 to warm up")
	profile := flag.Bool("profile", false, "say how much of the encoder's time each function of the kernel takes, and at what rate")
	flag.Parse()
	o := options{onnx: *onnx, ort: *ort, chromium: *chromium, tokens: *tokens, reader: *reader, rounds: *rounds, profile: *profile}
	if *dense != "" {
		o.dense, o.levels = strings.Split(*dense, ","), strings.Split(*levels, ",")
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	onnx, ort, chromium string
	dense, levels       []string // folders of dense encoders; in which levels each is timed
	tokens, rounds      int
	reader              int
	profile             bool
}

// run must be called in the root of the repository.
func run(o options) error {
	files, native, err := pages(o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		data, ok := files[name]
		if of, isNative := strings.CutPrefix(name, "native/"); isNative {
			if i, err := strconv.Atoi(of); err == nil && i >= 0 && i < len(native) {
				ms, err := native[i]()
				if err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
				data, ok = fmt.Append(nil, ms), true
			}
		}
		for prefix, folder := range map[string]string{"onnx/": o.onnx, "ort/": o.ort} {
			if base, in := strings.CutPrefix(name, prefix); in && folder != "" && !ok {
				var err error
				data, err = os.ReadFile(filepath.Join(folder, filepath.Base(base)))
				ok = err == nil
			}
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		// Isolated pages get a clock of 5 microseconds instead of 100.
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		for suffix, kind := range map[string]string{".js": "text/javascript", ".mjs": "text/javascript", ".html": "text/html", ".wasm": "application/wasm", ".json": "application/json"} {
			if strings.HasSuffix(name, suffix) {
				w.Header().Set("Content-Type", kind)
			}
		}
		w.Write(data)
	}))

	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	if o.chromium != "" {
		flags = append(flags, chromedp.ExecPath(o.chromium))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	ctx, stop = context.WithTimeout(ctx, 30*time.Minute)
	defer stop()
	if _, err := chromedp.Run(ctx, chromedp.Navigate("http://"+listener.Addr().String()+"/ort.html")); err != nil {
		return err
	}
	text, err := chromedp.Run(ctx, chromedp.Poll[string]("window.result && JSON.stringify(window.result)",
		chromedp.WithPollingTimeout(0), chromedp.WithPollingInterval(time.Second)))
	if err != nil {
		return err
	}
	return report(text)
}

// pages returns the files that the page loads, except the models to compare with, and a
// function for each dense encoder that asks it natively and returns milliseconds.
func pages(o options) (_ map[string][]byte, native []func() (float64, error), _ error) {
	files := map[string][]byte{"kernel.wasm": kernel.Binary, "relaxed.wasm": kernel.Relaxed}
	for name, parts := range map[string][]string{
		"ort.html":  {"wasm/kernel/bench/ort.html"},
		"ort.js":    {"wasm/kernel/bench/ort.js"},
		"worker.js": {"site/web/download.js", "site/web/program.js", "site/web/worker.js"}, // as site/publish joins them
	} {
		for _, at := range parts {
			data, err := os.ReadFile(at)
			if err != nil {
				return nil, nil, fmt.Errorf("%w (run this in the repository's root)", err)
			}
			files[name] = append(files[name], data...)
		}
	}
	if err := workers(files); err != nil {
		return nil, nil, err
	}
	text := "how tall is the iron lattice tower on the champ de mars in paris " +
		"and who designed it, when was it built, which company of engineers made it for the world fair, how many visitors climb it every year, " +
		"and what else did its engineer build in france, portugal and america before he died in paris too"
	stage, ids := "", []int{}
	switch {
	case o.onnx != "" && o.ort == "":
		return nil, nil, errors.New("-onnx needs -ort")
	case len(o.dense) > 0:
		// A question that is too long is cut at the token limit; which ids onnxruntime
		// gets does not change its time.
		stage, text = "dense", strings.Repeat(text+" ", 1+o.tokens/60)
		if o.reader > 0 {
			stage = "read"
		}
		ids = append(ids, 101)
		for i := range o.tokens - 2 {
			ids = append(ids, 2000+97*i%20000)
		}
		ids = append(ids, 102)
	}
	if o.onnx == "" {
		files["onnx/list.json"] = []byte("[]")
	}
	if o.onnx == "" || len(o.dense) > 0 {
		files["onnx/input.json"], _ = json.Marshal(map[string]any{"ids": ids, "text": text})
	}
	var list []file
	for name, at := range map[string]string{
		"encoder/config.json":       "models/splade-tiny/config.json",
		"encoder/model.safetensors": "models/splade-tiny/model.safetensors",
		"encoder/vocab.txt":         "models/splade-tiny/vocab.txt",
		"collection/index.bin":      "models/vital-articles/index.bin",
		"collection/passages.bin":   "models/vital-articles/passages.bin",
	} {
		data, err := os.ReadFile(at)
		if err != nil {
			return nil, nil, err
		}
		if name == "encoder/config.json" {
			if data, err = with64(data); err != nil {
				return nil, nil, err
			}
		}
		files[name] = data
		list = append(list, fileOf(name, name, data))
	}
	var sites []site
	add := func(name string, list []file) {
		at := fmt.Sprintf("site-%d.json", len(sites))
		files[at], _ = json.Marshal(map[string]any{"version": "bench", "files": list})
		sites = append(sites, site{name, at})
	}
	if len(o.dense) == 0 {
		add("parley", list)
	}
	for _, from := range o.dense {
		for _, levels := range o.levels {
			second, layers, err := denseFiles(from, levels, o)
			if err != nil {
				return nil, nil, err
			}
			ask, err := natively(second, text, files, o)
			if err != nil {
				return nil, nil, err
			}
			native = append(native, ask)
			all := slices.Clone(list)
			for name, data := range second {
				at := fmt.Sprintf("%d/%s", len(sites), name)
				files[at] = data
				all = append(all, fileOf(name, at, data))
			}
			name := "parley"
			if len(o.dense)*len(o.levels) > 1 {
				name = fmt.Sprintf("%d layers, %s, %.1f MB", layers, levels, float64(len(second["dense/model.safetensors"]))/1e6)
			}
			add(name, all)
		}
	}
	files["options.json"], _ = json.Marshal(map[string]any{"stage": stage, "rounds": o.rounds, "tokens": o.tokens, "profile": o.profile, "sites": sites})

	dir, err := os.MkdirTemp("", "parley-bench")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "worker.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, "./wasm/worker")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("go build ./wasm/worker: %w\n%s", err, bytes.TrimSpace(text))
	}
	files["worker.wasm"], err = os.ReadFile(out)
	return files, native, err
}

// A file is one of a page's manifest.
type file struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func fileOf(name, at string, data []byte) file {
	sum := sha256.Sum256(data)
	return file{name, at, len(data), hex.EncodeToString(sum[:])}
}

// A site is what the page times: a manifest, whose files the worker loads.
type site struct {
	Name     string `json:"name"`
	Manifest string `json:"manifest"`
}

// workers adds the question which kernel is faster (dot.mjs), and two forms of the worker: one whose calls of the kernel are timed, and one
// that has the kernel of relaxed SIMD whether or not the processor has its instruction.
func workers(files map[string][]byte) error {
	from, ok := strings.CutPrefix(string(regexp.MustCompile(`(?s)\nconst relaxed = .*?\n\}\)\(\);`).Find(files["worker.js"])), "\nconst relaxed =")
	if !ok {
		return errors.New("site/web/program.js does not ask for relaxed SIMD any more")
	}
	files["dot.mjs"] = []byte("export default" + from)
	for name, change := range map[string][2]string{
		"worker-timed.js": {"imports.kernel[name] = (...args) => ops[name](...args);", `imports.kernel[name] = (...args) => {
			const begin = performance.now(), result = ops[name](...args);
			if (encoding) {
				const key = /_int8$/.test(name) ? [name, ...args.slice(-3)].join(' ') : name, t = timed.get(key) ?? [0, 0];
				timed.set(key, [t[0] + 1, t[1] + performance.now() - begin]);
				if (name === 'head_int8') encoding = false; // what follows reads sentences of passages
			}
			return result;
		};`},
		"worker-relaxed.js": {"if (relaxed && setup.relaxed) {", "if (setup.relaxed) {"},
	} {
		text := string(files["worker.js"])
		if !strings.Contains(text, change[0]) {
			return fmt.Errorf("site/web/program.js holds no %q", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
		if name == "worker-timed.js" {
			text += `
const timed = new Map();
let encoding = false;
addEventListener('message', e => { if (e.data.op === 'ask') encoding = true; });
new BroadcastChannel('timed').onmessage = function () {
	this.postMessage([...timed]);
	timed.clear();
};
`
		}
		files[name] = []byte(text)
	}
	return nil
}

// denseFiles returns the dense encoder of a folder with the given levels, set to read
// the given number of tokens, and vectors for a collection of the built-in one's size.
// Their values do not matter, since all are searched. It also returns how many layers the
// encoder has.
func denseFiles(from, levels string, o options) (_ map[string][]byte, layers int, _ error) {
	var l encoder.Levels
	if _, err := fmt.Sscanf(levels, "%d/%d", &l.Matrices, &l.Words); err != nil {
		return nil, 0, fmt.Errorf("-levels %q: wanted two numbers such as 127/63: of the matrices and of the words", levels)
	}
	set := &encoder.Settings{Name: "bench", QueryTokens: o.tokens, PassageTokens: 256, Pooling: encoder.CLS, Space: "bench", DenseWeight: 1}
	given := folder.Files(from)
	if o.reader > 0 {
		var err error
		if given, set.Reader, err = withReader(given, o); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", from, err)
		}
	}
	made, err := encoder.QuantizeTo(l, given, set)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", from, err)
	}
	data, err := os.ReadFile("models/vital-articles/index.bin")
	if err != nil {
		return nil, 0, err
	}
	x, err := index.Open(data)
	if err != nil {
		return nil, 0, err
	}
	var config struct {
		Hidden int `json:"hidden_size"`
		Layers int `json:"num_hidden_layers"`
	}
	if err := json.Unmarshal(made["config.json"], &config); err != nil {
		return nil, 0, err
	}
	b, v, r := dense.NewBuilder("bench", config.Hidden), make([]float32, config.Hidden), rand.New(rand.NewPCG(1, 2))
	for range x.Docs() {
		for j := range v {
			v[j] = float32(r.NormFloat64())
		}
		if err := b.Add(v); err != nil {
			return nil, 0, err
		}
	}
	var vectors bytes.Buffer
	if _, err := b.WriteTo(&vectors); err != nil {
		return nil, 0, err
	}
	out := map[string][]byte{
		"dense/config.json":       made["config.json"],
		"dense/model.safetensors": made["model.safetensors"],
		"collection/dense.bin":    vectors.Bytes(),
	}
	if o.reader > 0 {
		out["dense/"+encoder.ReaderFile] = made[encoder.ReaderFile]
	}
	return out, config.Layers, nil
}

// withReader adds a reader to a dense encoder's files: its lower half, the four layers above
// that, and heads that say nothing, since time does not depend on them.
func withReader(files encoder.Files, o options) (encoder.Files, *encoder.ReaderSettings, error) {
	data, err := files("model.safetensors")
	if err != nil {
		return nil, nil, err
	}
	f, err := safetensors.Read(data)
	if err != nil {
		return nil, nil, err
	}
	norm, ok := f.Tensor("embeddings.LayerNorm.weight")
	if !ok {
		return nil, nil, errors.New("it is no dense encoder with Hugging Face's names")
	}
	hidden, layers := norm.Shape[0], 0
	for {
		if _, ok := f.Tensor(fmt.Sprintf("encoder.layer.%d.output.dense.bias", layers)); !ok {
			break
		}
		layers++
	}
	set := &encoder.ReaderSettings{LowerLayers: layers / 2, Layers: min(4, layers-layers/2), QueryTokens: min(o.tokens, 64), PassageTokens: 160, Results: o.reader, Weight: 1}
	var own []safetensors.Tensor
	for _, t := range f.Tensors {
		var n int
		if got, _ := fmt.Sscanf(t.Name, "encoder.layer.%d.", &n); got == 1 && n >= set.LowerLayers && n < set.LowerLayers+set.Layers {
			own = append(own, t)
		}
	}
	for _, name := range []string{"relevance", "sentence"} {
		own = append(own, safetensors.FromFloat32s(name+".weight", make([]float32, hidden), 1, hidden), safetensors.FromFloat32s(name+".bias", []float32{0}, 1))
	}
	made, err := safetensors.Write(own, nil)
	return func(name string) ([]byte, error) {
		if name == encoder.ReaderFile {
			return made, nil
		}
		return files(name)
	}, set, err
}

// natively returns a function that asks the dense stage in this process, on one core, and
// returns the milliseconds of what the worker counts: tokens, encoder, and the search
// through all vectors; or of the reader. site has the other stage's files.
func natively(files map[string][]byte, text string, site map[string][]byte, o options) (func() (float64, error), error) {
	of := func(name string) ([]byte, error) {
		if name == "vocab.txt" {
			return os.ReadFile("models/splade-tiny/vocab.txt")
		}
		data, ok := files["dense/"+name]
		if !ok {
			return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		}
		return data, nil
	}
	s, err := encoder.LoadSentence(of)
	if err != nil {
		return nil, err
	}
	vectors, err := dense.Open(files["collection/dense.bin"])
	if err != nil {
		return nil, err
	}
	if o.reader > 0 {
		return reading(s, of, vectors, text, site)
	}
	session, searcher, query := s.NewSession(), vectors.NewSearcher(), make([]float32, s.Dim())
	return func() (float64, error) {
		start := time.Now()
		var in conversation.Input
		s.Conversation(&in, []conversation.Turn{{Question: text}})
		if err := session.Embed(query, in); err != nil {
			return 0, err
		}
		searcher.Best(query, 10)
		return float64(time.Since(start)) / float64(time.Millisecond), nil
	}, nil
}

// reading is natively for the reader: all stages answer, as in the page.
func reading(s *encoder.Sentence, files encoder.Files, vectors *dense.Vectors, text string, site map[string][]byte) (func() (float64, error), error) {
	base, err := encoder.Load(func(name string) ([]byte, error) {
		if data, ok := site["encoder/"+name]; ok {
			return data, nil
		}
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	})
	if err != nil {
		return nil, err
	}
	x, err := index.Open(site["collection/index.bin"])
	if err != nil {
		return nil, err
	}
	store, err := passages.Open(site["collection/passages.bin"])
	if err != nil {
		return nil, err
	}
	e, err := answer.New(base, x, store)
	if err != nil {
		return nil, err
	}
	r, err := encoder.LoadReader(s, files)
	if err := errors.Join(err, e.SetDense(s, vectors), e.SetReader(r)); err != nil {
		return nil, err
	}
	return func() (float64, error) {
		a, err := e.Ask(message.Ask{Turns: []message.Turn{{Question: text}}, Stage: message.StageRead})
		return a.Cost.ReaderMS, err
	}, nil
}

// with64 sets a config to read 64 tokens of a conversation.
func with64(config []byte) ([]byte, error) {
	var c map[string]any
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, err
	}
	c["parley"] = map[string]any{"name": "splade-tiny", "query_tokens": 64, "passage_tokens": 256}
	return json.Marshal(c)
}

func report(text string) error {
	var result struct {
		Error  string            `json:"error"`
		Tokens int               `json:"tokens"`
		SIMD   bool              `json:"simd"`
		Agent  string            `json:"agent"`
		ORT    string            `json:"ort"`
		Dot    bool              `json:"dot"` // the processor has relaxed SIMD's dot product in one instruction
		Timed  map[string][]call // by kernel
		Times  map[string]struct {
			Best, Median float64
			Runs         int
		} `json:"times"`
	}
	if err := json.Unmarshal([]byte(text), &result); err != nil {
		return err
	}
	if result.Error != "" {
		return errors.New("the page: " + result.Error)
	}
	dot := "has no instruction for relaxed SIMD's dot product, so a visit uses kernel.wasm"
	if result.Dot {
		dot = "has an instruction for relaxed SIMD's dot product, so a visit uses kernel-relaxed.wasm"
	}
	fmt.Printf("%d tokens, kernel %v, onnxruntime-web %s\n%s\nThe processor %s.\n\n%-44s %9s %9s %5s\n", result.Tokens, result.SIMD, result.ORT, result.Agent, dot, "ms", "best", "median", "runs")
	var names []string
	for name := range result.Times {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return result.Times[names[i]].Median < result.Times[names[j]].Median })
	for _, name := range names {
		t := result.Times[name]
		fmt.Printf("%-44s %9.2f %9.2f %5d\n", name, t.Best, t.Median, t.Runs)
	}
	for _, kernel := range []string{"kernel.wasm", "kernel-relaxed.wasm"} {
		timed := result.Timed[kernel]
		if len(timed) == 0 {
			continue
		}
		fmt.Printf("\n%-33s %9s %9s %9s %9s\n", kernel+", a question", "calls", "ms", "share", "G/s")
		sort.Slice(timed, func(i, j int) bool { return timed[i].MS > timed[j].MS })
		for _, c := range timed {
			fmt.Printf("%-33s %9.1f %9.3f %8.1f%% ", c.Name, c.Calls, c.MS, 100*c.Share)
			if products := c.products(); products > 0 {
				fmt.Printf("%9.1f", products*c.Calls/c.MS/1e6)
			}
			fmt.Println()
		}
	}
	if len(result.Timed) > 0 {
		fmt.Println("(G/s: thousands of millions of products of int8 a second; an instruction of the processor's makes 8 for kernel.wasm, 16 for the other)")
	}
	return nil
}

// A call is what a function of the kernel took, on average of the questions.
type call struct {
	Name  string  // of products with m, N and K
	Calls float64 // for one question
	MS    float64
	Share float64 // of the encoder's time
}

// products returns how many products of int8 a call computes.
func (c call) products() float64 {
	var name string
	var m, n, k float64
	if got, _ := fmt.Sscan(c.Name, &name, &m, &n, &k); got < 4 || name != "linear_int8" && name != "head_int8" {
		return 0
	}
	return m * n * k
}

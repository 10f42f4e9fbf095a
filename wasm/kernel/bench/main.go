// Command bench times one query in Chromium: Parley's worker and, on the same page,
// onnxruntime-web with the same weights. README.md says what it needs.
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
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"parley/shared/dense"
	"parley/shared/encoder"
	"parley/shared/encoder/folder"
	"parley/shared/index"
	"parley/wasm/kernel"
)

func main() {
	onnx := flag.String("onnx", "", "`folder` that make_onnx.py wrote; none: time Parley alone")
	ort := flag.String("ort", "", "`folder` of onnxruntime-web's files (node_modules/onnxruntime-web/dist)")
	chromium := flag.String("chromium", "", "the browser's `path`; found by itself where it is empty")
	dense := flag.String("dense", "", "instead of the encoder, time a dense one: the `folder` that trainer unpack wrote")
	tokens := flag.Int("tokens", 64, "with -dense: the input's `length`")
	rounds := flag.Int("rounds", 40, "`times` that each is timed, after 5 to warm up")
	flag.Parse()
	if err := run(options{*onnx, *ort, *chromium, *dense, *tokens, *rounds}); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	onnx, ort, chromium, dense string
	tokens, rounds             int
}

// run must be called in the root of the repository.
func run(o options) error {
	files, err := pages(o)
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

// pages returns the files that the page loads, except the models to compare with.
func pages(o options) (map[string][]byte, error) {
	files := map[string][]byte{"kernel.wasm": kernel.Binary}
	for name, parts := range map[string][]string{
		"ort.html":  {"wasm/kernel/bench/ort.html"},
		"ort.js":    {"wasm/kernel/bench/ort.js"},
		"worker.js": {"site/web/download.js", "site/web/program.js", "site/web/worker.js"}, // as site/publish joins them
	} {
		for _, at := range parts {
			data, err := os.ReadFile(at)
			if err != nil {
				return nil, fmt.Errorf("%w (run this in the repository's root)", err)
			}
			files[name] = append(files[name], data...)
		}
	}
	text := "how tall is the iron lattice tower on the champ de mars in paris " +
		"and who designed it, when was it built, which company of engineers made it for the world fair, how many visitors climb it every year, " +
		"and what else did its engineer build in france, portugal and america before he died in paris too"
	stage, ids := "", []int{}
	switch {
	case o.onnx != "" && o.ort == "":
		return nil, errors.New("-onnx needs -ort")
	case o.dense != "":
		// A question that is too long is cut at the token limit; which ids onnxruntime
		// gets does not change its time.
		stage, text = "dense", strings.Repeat(text+" ", 1+o.tokens/60)
		ids = append(ids, 101)
		for i := range o.tokens - 2 {
			ids = append(ids, 2000+97*i%20000)
		}
		ids = append(ids, 102)
	}
	if o.onnx == "" {
		files["onnx/list.json"] = []byte("[]")
	}
	if o.onnx == "" || o.dense != "" {
		files["onnx/input.json"], _ = json.Marshal(map[string]any{"ids": ids, "text": text})
	}
	files["options.json"], _ = json.Marshal(map[string]any{"stage": stage, "rounds": o.rounds, "tokens": o.tokens})
	type file struct {
		Name   string `json:"name"`
		Path   string `json:"path"`
		Bytes  int    `json:"bytes"`
		SHA256 string `json:"sha256"`
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
			return nil, err
		}
		if name == "encoder/config.json" {
			if data, err = with64(data); err != nil {
				return nil, err
			}
		}
		sum := sha256.Sum256(data)
		files[name] = data
		list = append(list, file{name, name, len(data), hex.EncodeToString(sum[:])})
	}
	if o.dense != "" {
		second, err := denseFiles(o)
		if err != nil {
			return nil, err
		}
		for name, data := range second {
			sum := sha256.Sum256(data)
			files[name] = data
			list = append(list, file{name, name, len(data), hex.EncodeToString(sum[:])})
		}
	}
	manifest, err := json.Marshal(map[string]any{"version": "bench", "files": list})
	if err != nil {
		return nil, err
	}
	files["site.json"] = manifest

	dir, err := os.MkdirTemp("", "parley-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "worker.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out, "./wasm/worker")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./wasm/worker: %w\n%s", err, bytes.TrimSpace(text))
	}
	files["worker.wasm"], err = os.ReadFile(out)
	return files, err
}

// denseFiles returns the dense encoder in int8, set to read the given number of tokens,
// and vectors for a collection of the built-in one's size. Their values do not matter,
// since all are searched.
func denseFiles(o options) (map[string][]byte, error) {
	made, err := encoder.Quantize(folder.Files(o.dense),
		&encoder.Settings{Name: "bench", QueryTokens: o.tokens, PassageTokens: 256, Pooling: encoder.CLS, Space: "bench"})
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile("models/vital-articles/index.bin")
	if err != nil {
		return nil, err
	}
	x, err := index.Open(data)
	if err != nil {
		return nil, err
	}
	var config struct {
		Hidden int `json:"hidden_size"`
	}
	if err := json.Unmarshal(made["config.json"], &config); err != nil {
		return nil, err
	}
	b, v, r := dense.NewBuilder("bench", config.Hidden), make([]float32, config.Hidden), rand.New(rand.NewPCG(1, 2))
	for range x.Docs() {
		for j := range v {
			v[j] = float32(r.NormFloat64())
		}
		if err := b.Add(v); err != nil {
			return nil, err
		}
	}
	var vectors bytes.Buffer
	if _, err := b.WriteTo(&vectors); err != nil {
		return nil, err
	}
	return map[string][]byte{"dense/config.json": made["config.json"], "dense/model.safetensors": made["model.safetensors"], "collection/dense.bin": vectors.Bytes()}, nil
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
		Error  string `json:"error"`
		Tokens int    `json:"tokens"`
		SIMD   bool   `json:"simd"`
		Agent  string `json:"agent"`
		ORT    string `json:"ort"`
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
	fmt.Printf("%d tokens, kernel %v, onnxruntime-web %s\n%s\n\n%-28s %9s %9s %5s\n", result.Tokens, result.SIMD, result.ORT, result.Agent, "ms", "best", "median", "runs")
	var names []string
	for name := range result.Times {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return result.Times[names[i]].Median < result.Times[names[j]].Median })
	for _, name := range names {
		t := result.Times[name]
		fmt.Printf("%-28s %9.2f %9.2f %5d\n", name, t.Best, t.Median, t.Runs)
	}
	return nil
}

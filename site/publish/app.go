package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"parley"
	"parley/shared/bundle"
	"parley/shared/durable"
	"parley/site/strip"
	"parley/site/web"
	"parley/wasm/kernel"
)

// An App is the page's program: its files by logical name ("boot.js", "ui.wasm"), with
// placeholders not yet filled in.
type App map[string][]byte

// The programs beside the files of site/web. Code that is not inlined is smaller: ui.wasm
// saves 50 KB as served, worker.wasm 60, although inlining stays on for what computes
// while a visitor waits: search, arithmetic, splitting text, and the hot packages of the
// standard library. The tag "tinygo" only makes Vugu use its small JSON package instead of
// the standard one, which saves 100 KB.
var programs = []struct {
	name, pkg string
	env       []string
	flags     []string
}{
	{"ui.wasm", "./wasm/ui", []string{"GOOS=js", "GOARCH=wasm"}, []string{"-tags=tinygo", "-gcflags=all=-l"}},
	{"worker.wasm", "./wasm/worker", []string{"GOOS=wasip1", "GOARCH=wasm"}, workerFlags},
	{"engine.wasm", "./wasm/worker", []string{"GOOS=wasip1", "GOARCH=wasm"}, append(slices.Clone(workerFlags), "-tags=engine")},
	{partsProgram, "./wasm/worker", []string{"GOOS=wasip1", "GOARCH=wasm"}, append(slices.Clone(workerFlags), "-tags=parts", "-gcflags=parley/shared/parts=", "-gcflags=compress/flate=")},
	{"files.wasm", "./wasm/files", []string{"GOOS=wasip1", "GOARCH=wasm"}, []string{"-buildmode=c-shared"}},
}

// pdfium is the program that reads PDFs. It comes with a Go module, which has it in an
// internal package, and is as large as all others together: it is loaded on request.
const (
	pdfium       = "pdfium.wasm"
	pdfiumModule = "github.com/klippa-app/go-pdfium"
	pdfiumPath   = "internal/pdfium_wasm/pdfium.wasm"
)

var workerFlags = []string{"-buildmode=c-shared",
	"-gcflags=std=-l", "-gcflags=cmp=", "-gcflags=encoding/binary=", "-gcflags=hash/crc32=",
	"-gcflags=math=", "-gcflags=math/bits=", "-gcflags=slices=", "-gcflags=unicode/utf8=",
	"-gcflags=parley/...=-l", "-gcflags=parley/shared/index=", "-gcflags=parley/shared/matrix=",
	"-gcflags=parley/shared/sparse=", "-gcflags=parley/shared/wordpiece="}

// Root returns the root of the repository that contains dir.
func Root(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		mod, err := os.ReadFile(filepath.Join(d, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module parley\n") {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("%s is not in Parley's repository", dir)
		}
	}
}

// FromSource builds the program in the repository at root, with the Go toolchain.
// prebuilt, unless empty, is a folder that already has ui.wasm, worker.wasm, files.wasm,
// pdfium.wasm and wasm_exec.js; nothing is built then, and root is not needed.
func FromSource(ctx context.Context, root, prebuilt string) (App, error) {
	app := App{}
	if err := app.addWeb(); err != nil {
		return nil, err
	}
	read := func(name, at string) error {
		content, err := os.ReadFile(at)
		app[name] = content
		return err
	}
	from := prebuilt
	exec := filepath.Join(prebuilt, "wasm_exec.js")
	if prebuilt == "" {
		goroot, err := compile(ctx, root)
		if err != nil {
			return nil, err
		}
		from = filepath.Join(root, "build", "wasm")
		exec = filepath.Join(goroot, "lib", "wasm", "wasm_exec.js")
	}
	for _, p := range programs {
		if err := read(p.name, filepath.Join(from, p.name)); err != nil {
			if (p.name == engineProgram || p.name == partsProgram) && errors.Is(err, fs.ErrNotExist) {
				delete(app, p.name) // withEngine and withParts say so where it is needed
				continue
			}
			return nil, err
		}
	}
	if err := read(pdfium, filepath.Join(from, pdfium)); err != nil {
		return nil, err
	}
	// wasm_exec.js must come from the toolchain that built ui.wasm.
	if err := read("wasm_exec.js", exec); err != nil {
		return nil, err
	}
	app["kernel.wasm"], app["kernel-relaxed.wasm"] = kernel.Binary, kernel.Relaxed
	for _, name := range []string{"LICENSE", "NOTICE"} {
		var err error
		if app[name], err = parley.Files.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return app, nil
}

// Source returns the repository from which this command was installed, if it is still
// there. A release does not know its own.
func Source() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	if !filepath.IsAbs(file) {
		return "", errors.New("this command does not know where its sources are")
	}
	return Root(filepath.Dir(file))
}

// compile builds the WebAssembly programs into build/wasm, copies PDFium there, and returns
// GOROOT.
func compile(ctx context.Context, root string) (string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return "", errors.New("building the page needs the Go toolchain, and there is no `go` command; install Go, or take the programs of a folder built before (--from FOLDER), or a release of parley, which carries them")
	}
	run := func(env []string, args ...string) (string, error) {
		c := exec.CommandContext(ctx, "go", args...)
		c.Dir = root
		// The user's settings for native builds must not apply to these.
		c.Env = append(os.Environ(), append([]string{"GOFLAGS=", "GOEXPERIMENT=", "GOWASM=", "CGO_ENABLED=0"}, env...)...)
		var complaint strings.Builder
		c.Stderr = &complaint
		out, err := c.Output()
		if err != nil {
			return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
		}
		return strings.TrimSpace(string(out)), nil
	}
	goroot, err := run(nil, "env", "GOROOT")
	if err != nil {
		return "", err
	}
	for _, p := range programs {
		args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"}, p.flags...)
		args = append(args, "-o", filepath.Join("build", "wasm", p.name), p.pkg)
		if _, err := run(p.env, args...); err != nil {
			return "", err
		}
		at := filepath.Join(root, "build", "wasm", p.name)
		linked, err := os.ReadFile(at)
		if err != nil {
			return "", err
		}
		// A later Go may write another table of functions; then the program is larger, and
		// works.
		small, err := strip.Program(linked)
		if err != nil && !errors.Is(err, strip.ErrTable) {
			return "", fmt.Errorf("%s: %w", p.name, err)
		}
		if err := durable.WriteFile(at, small); err != nil {
			return "", err
		}
	}
	described, err := run(nil, "mod", "download", "-json", pdfiumModule)
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(described), &module); err != nil {
		return "", fmt.Errorf("go mod download %s: %w", pdfiumModule, err)
	}
	content, err := os.ReadFile(filepath.Join(module.Dir, filepath.FromSlash(pdfiumPath)))
	if err != nil {
		return "", err
	}
	return goroot, durable.WriteFile(filepath.Join(root, "build", "wasm", pdfium), content)
}

// joined lists scripts and the parts that they consist of: one request loads them all, and
// none is loaded without the parts that it needs.
var joined = map[string][]string{
	"charts.js":        {"uplot.js", "charts.js"},
	"charts.css":       {"uplot.css", "charts.css"},
	"boot.js":          {"programs.js", "talks.js", "boot.js"},
	"panels.js":        {"jobs.js", "panels.js"},
	"parley-api.js":    {"programs.js", "jobs.js", "node.js", "api.js"},
	"documents.js":     {"collections.js", "encoding.js", "documents.js"},
	"lesson.js":        {"steps.js", "stage.js", "tour.js", "present.js", "handout.js", "lesson.js"},
	"worker.js":        {"download.js", "program.js", "worker.js"},
	"files-worker.js":  {"download.js", "program.js", "pdf.js", "files-worker.js"},
	"engine-worker.js": {"download.js", "program.js", "engine-worker.js", "worker.js"},
	"parts-worker.js":  {"download.js", "program.js", "parts-worker.js", "worker.js"},
}

// addWeb adds the files of site/web, joining the parts of joined.
func (app App) addWeb() error {
	err := fs.WalkDir(web.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch path.Ext(name) {
		case ".go", ".md":
			return nil
		}
		app[name], err = web.Files.ReadFile(name)
		return err
	})
	if err != nil {
		return err
	}
	whole, parts := App{}, map[string]bool{}
	for name, list := range joined {
		for _, part := range list {
			whole[name] = append(whole[name], app[part]...)
			parts[part] = true
		}
	}
	for part := range parts {
		delete(app, part)
	}
	maps.Copy(app, whole)
	return nil
}

// inApp matches names that hashed returns.
var inApp = regexp.MustCompile(`^(.+)\.([0-9a-f]{16})(\.[a-z0-9]+)$`)

// FromDist takes the program from a folder that Build wrote, so that a collection can be
// published without a Go toolchain. Only the files with fixed names come from this
// program, since they contain the title and the list of files.
func FromDist(dist string) (App, error) {
	app := App{}
	if err := app.addWeb(); err != nil {
		return nil, err
	}
	for name := range app {
		if !fixed(name) {
			delete(app, name)
		}
	}
	programs, err := os.ReadDir(filepath.Join(dist, "app"))
	if err != nil {
		return nil, fmt.Errorf("%s holds no published program: %w", dist, err)
	}
	list, err := os.ReadFile(filepath.Join(dist, "sw.js"))
	if err != nil {
		return nil, fmt.Errorf("%s holds no published program: %w", dist, err)
	}
	if err := isWhole(dist); err != nil {
		return nil, err
	}
	for _, e := range programs {
		m := inApp.FindStringSubmatch(e.Name())
		if !current(list, "app/"+e.Name()) {
			continue // from the version before
		}
		if m == nil || m[3] == ".br" || m[3] == ".gz" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dist, "app", e.Name()))
		if err != nil {
			return nil, err
		}
		if hash16(content) != m[2] {
			return nil, fmt.Errorf("%s: the content is not what its name says; get the folder again", filepath.Join(dist, "app", e.Name()))
		}
		app[m[1]+m[3]] = content
	}
	if app["parley-api.js"] == nil { // built before there was parley.js
		for _, name := range entries {
			delete(app, name)
		}
	}
	for _, name := range []string{"LICENSE", "NOTICE"} {
		if app[name], err = os.ReadFile(filepath.Join(dist, name)); err != nil {
			return nil, err
		}
	}
	return app, nil
}

// isWhole returns an error for a folder whose program is for a collection in parts, or for
// one that an engine holds: its worker answers otherwise, and its page says so.
func isWhole(dist string) error {
	content, err := os.ReadFile(filepath.Join(dist, "site.json"))
	if err != nil {
		return fmt.Errorf("%s holds no published program: %w", dist, err)
	}
	var site struct{ Files []bundle.File }
	if err := json.Unmarshal(content, &site); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dist, "site.json"), err)
	}
	if slices.ContainsFunc(site.Files, func(f bundle.File) bool { return strings.HasPrefix(f.Name, "parts/") }) {
		return fmt.Errorf("%s was built with --engine or --parts, and its programs are for such a collection alone; take a folder that was built without, or leave out --from", dist)
	}
	return nil
}

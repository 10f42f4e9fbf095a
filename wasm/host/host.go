// Package host runs the page's inference worker outside a browser, under wazero, so that
// tests and evaluations measure the WebAssembly that ships. It does the work of
// site/web/worker.js, except downloading files.
package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"parley/shared/message"
)

// A Worker is one instance of worker.wasm. It serves one goroutine at a time.
type Worker struct {
	runtime wazero.Runtime
	module  api.Module
	ctx     context.Context
}

// compiled keeps machine code, so that a process compiles a module only once.
var compiled = wazero.NewCompilationCache()

// New starts worker, the contents of worker.wasm. kernel is kernel.Binary, or nil to
// compute in plain Go like a browser without SIMD. The caller must Close the Worker.
func New(ctx context.Context, worker, kernel []byte) (*Worker, error) {
	w := &Worker{runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(compiled)), ctx: ctx}
	if err := w.start(worker, kernel); err != nil {
		w.Close()
		return nil, fmt.Errorf("host: %w", err)
	}
	return w, nil
}

func (w *Worker) start(worker, kernel []byte) error {
	ctx, r := w.ctx, w.runtime
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return err
	}
	program, err := r.CompileModule(ctx, worker)
	if err != nil {
		return fmt.Errorf("worker.wasm: %w", err)
	}
	// The worker imports the kernel, which imports the worker's memory. Functions of the
	// types that the worker declares stand in between; they look up the kernel when they
	// are called.
	var ops api.Module
	between := r.NewHostModuleBuilder("kernel")
	wanted := map[string]api.FunctionDefinition{}
	for _, f := range program.ImportedFunctions() {
		module, name, _ := f.Import()
		if module != "kernel" {
			continue
		}
		wanted[name] = f
		var op api.Function
		between.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
			if op == nil {
				op = ops.ExportedFunction(name)
			}
			if err := op.CallWithStack(ctx, stack); err != nil {
				panic(err)
			}
		}), f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	if _, err := between.Instantiate(ctx); err != nil {
		return err
	}
	config := wazero.NewModuleConfig().WithName("env").WithStartFunctions("_initialize").
		WithSysWalltime().WithSysNanotime().WithStdout(os.Stderr).WithStderr(os.Stderr)
	if w.module, err = r.InstantiateModule(ctx, program, config); err != nil {
		return fmt.Errorf("worker.wasm: %w", err)
	}
	if kernel == nil {
		return nil
	}
	if ops, err = r.InstantiateWithConfig(ctx, kernel, wazero.NewModuleConfig().WithName("simd")); err != nil {
		return fmt.Errorf("kernel.wasm: %w", err)
	}
	for name, f := range wanted {
		op := ops.ExportedFunction(name)
		if op == nil {
			return fmt.Errorf("kernel.wasm has no function %q, which worker.wasm imports", name)
		}
		if is := op.Definition(); !slices.Equal(is.ParamTypes(), f.ParamTypes()) || !slices.Equal(is.ResultTypes(), f.ResultTypes()) {
			return fmt.Errorf("kernel.wasm: %s takes %v and gives %v; worker.wasm imports it with %v and %v",
				name, is.ParamTypes(), is.ResultTypes(), f.ParamTypes(), f.ResultTypes())
		}
	}
	return w.do("simd", "done", nil, nil, 1)
}

// Close ends the instance and frees its memory.
func (w *Worker) Close() error { return w.runtime.Close(w.ctx) }

// Memory returns the size of the instance's memory in bytes.
func (w *Worker) Memory() int64 { return int64(w.module.Memory().Size()) }

// A Failure is an error that the worker reported.
type Failure struct{ message.Failure }

func (f *Failure) Error() string {
	if f.File != "" {
		return f.Stage + ": " + f.File + ": " + f.Message
	}
	return f.Stage + ": " + f.Message
}

// File passes a file to the worker under the worker's name for it, such as
// "encoder/config.json". An error is a *Failure, or one of running the worker; the same
// holds for the methods below.
func (w *Worker) File(name string, data []byte) error {
	return w.do("file", "done", append(data[:len(data):len(data)], name...), nil, uint64(len(name)))
}

// Open checks that the files belong together; after it the worker answers questions. The
// collection is taken for the site's own.
func (w *Worker) Open() (ready message.Ready, err error) {
	err = w.do("open", "ready", nil, &ready, 0)
	return ready, err
}

// Ask returns the answer to the last question of a conversation.
func (w *Worker) Ask(ask message.Ask) (a message.Answer, err error) {
	body, err := json.Marshal(ask)
	if err != nil {
		return a, err
	}
	err = w.do("ask", "answer", body, &a)
	return a, err
}

// Digest returns answer.Engine.Digest of these questions, in hexadecimal.
func (w *Worker) Digest(asks []message.Ask) (sum string, err error) {
	body, err := json.Marshal(asks)
	if err != nil {
		return "", err
	}
	err = w.do("digest", "digest", body, &sum)
	return sum, err
}

// do writes inbox, calls a function and decodes its reply into out. It returns an error
// where the reply's first word is not the wanted one.
func (w *Worker) do(call, want string, inbox []byte, out any, args ...uint64) error {
	word, body, err := w.Call(call, inbox, args...)
	if err != nil {
		return err
	}
	if word == "error" {
		var f Failure
		if err := json.Unmarshal(body, &f.Failure); err != nil {
			return fmt.Errorf("host: %s: %w", call, err)
		}
		return &f
	}
	if word != want {
		return fmt.Errorf("host: %s replied %q, not %q", call, word, want)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// Call is the raw interface, which wasm/worker's documentation describes. It writes inbox,
// unless that is nil, calls a function, and splits its reply.
func (w *Worker) Call(name string, inbox []byte, args ...uint64) (word string, body []byte, err error) {
	if inbox != nil {
		res, err := w.module.ExportedFunction("reserve").Call(w.ctx, uint64(len(inbox)))
		if err != nil {
			return "", nil, fmt.Errorf("host: reserve: %w", err)
		}
		if at := uint32(res[0]); at == 0 || !w.module.Memory().Write(at, inbox) {
			return "", nil, fmt.Errorf("host: no room for %d bytes", len(inbox))
		}
	}
	f := w.module.ExportedFunction(name)
	if f == nil {
		return "", nil, fmt.Errorf("host: worker.wasm has no function %q", name)
	}
	res, err := f.Call(w.ctx, args...)
	if err != nil {
		return "", nil, fmt.Errorf("host: %s: %w", name, err)
	}
	view, ok := w.module.Memory().Read(uint32(res[0]>>32), uint32(res[0]))
	if !ok {
		return "", nil, errors.New("host: " + name + ": the reply lies outside the memory")
	}
	first, rest, ok := bytes.Cut(view, []byte("\n"))
	if !ok {
		return "", nil, errors.New("host: " + name + ": the reply has no first line")
	}
	return string(first), bytes.Clone(rest), nil
}

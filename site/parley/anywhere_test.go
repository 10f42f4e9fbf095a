package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"parley/shared/cli"
	"parley/shared/message"
	"parley/site/publish"
)

// installed builds the command as a release is built, with stand-ins for the page's
// programs, and returns how to run it in an empty folder, away from the repository.
func installed(t *testing.T) (dir string, run func(stdin string, args ...string) (out, err string, code int)) {
	t.Helper()
	if testing.Short() {
		t.Skip("links the whole command")
	}
	standIns, bin, dir := t.TempDir(), t.TempDir(), t.TempDir()
	for _, name := range []string{"ui.wasm", "worker.wasm", "files.wasm", "pdfium.wasm", "wasm_exec.js"} {
		os.WriteFile(filepath.Join(standIns, name), []byte("stand-in for "+name), 0o644)
	}
	app, err := publish.FromSource(t.Context(), "", standIns)
	if err != nil {
		t.Fatal(err)
	}
	root, err := publish.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := app.Overlay(root, standIns)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(bin, "parley")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if out, err := exec.Command("go", "build", "-tags", "carried", "-overlay", overlay, "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	home := t.TempDir()
	env := []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + filepath.Join(home, "cache"), "LocalAppData=" + home}
	return dir, func(stdin string, args ...string) (string, string, int) {
		t.Helper()
		c := exec.Command(program, args...)
		if args[0] == "sh" {
			c = exec.Command("sh", args[1:]...)
		}
		var o, e bytes.Buffer
		c.Dir, c.Env, c.Stdin, c.Stdout, c.Stderr = dir, env, strings.NewReader(stdin), &o, &e
		for i, a := range args { // VARIABLE=VALUE before the command
			if _, _, ok := strings.Cut(a, "="); !ok || strings.HasPrefix(a, "-") || args[0] == "sh" {
				break
			}
			c.Env = append(c.Env, a)
			c.Args = append(c.Args[:1:1], args[i+1:]...)
		}
		if err := c.Run(); c.ProcessState == nil {
			t.Fatal(err)
		}
		return o.String(), e.String(), c.ProcessState.ExitCode()
	}
}

func TestOneBinaryWorksFromAnyFolder(t *testing.T) {
	dir, run := installed(t)
	ok := func(stdin string, args ...string) string {
		t.Helper()
		out, err, code := run(stdin, args...)
		if code != 0 {
			t.Fatalf("parley %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, err)
		}
		return out
	}
	cache := "PARLEY_CACHE=" + filepath.Join(t.TempDir(), "a cache")
	folder := strings.TrimPrefix(cache, "PARLEY_CACHE=")

	// The built-in collection, with both stages.
	found := func() {
		t.Helper()
		var a message.Answer
		if err := json.Unmarshal([]byte(ok("", cache, "search", "--json", "--stage", "both", "Who designed the Eiffel Tower?")), &a); err != nil {
			t.Fatal(err)
		}
		if len(a.Results) == 0 || a.Results[0].Title != "Eiffel Tower" || a.Stage != message.StageBoth {
			t.Errorf("%s, %+v", a.Stage, a.Results[:min(1, len(a.Results))])
		}
	}
	found()
	if out := ok("How tall is the Eiffel Tower?\nwho designed it?\n", cache, "chat"); strings.Count(out, "“") < 2 || !strings.Contains(out, "Eiffel Tower  https://") {
		t.Error(out)
	}

	// A cache that was altered is mended.
	weights, err := filepath.Glob(filepath.Join(folder, "models-*", "splade-tiny", "model.safetensors"))
	if err != nil || len(weights) != 1 {
		t.Fatal(weights, err)
	}
	whole, err := os.ReadFile(weights[0])
	if err != nil {
		t.Fatal(err)
	}
	altered := bytes.Clone(whole)
	altered[len(altered)/2] ^= 1
	os.WriteFile(weights[0], altered, 0o644)
	found()
	if now, _ := os.ReadFile(weights[0]); !bytes.Equal(now, whole) {
		t.Error("the altered file is still there")
	}

	// One that cannot be written is named, with what to do.
	if _, err, code := run("", "PARLEY_CACHE="+weights[0], "search", "tea"); code != 1 || !strings.Contains(err, weights[0]) || !strings.Contains(err, "name a folder that can be written in PARLEY_CACHE") {
		t.Errorf("%d %s", code, err)
	}

	// Documents, by names that a shell would cut; what is printed as next steps works as
	// it stands. Without the variable, the cache is in the user's.
	if err := os.WriteFile(filepath.Join(dir, "my tea.md"), []byte("# Tea\n\nTea is a leaf in hot water.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := ok("", "index", "--out", "my notes", "my tea.md")
	next := regexp.MustCompile(`(?m)^Next: (parley chat .*), or (parley build .*)$`).FindStringSubmatch(out)
	if next == nil {
		t.Fatal(out)
	}
	if runtime.GOOS == "windows" {
		return // there is no sh
	}
	if out := ok("what is tea?\n", "sh", "-c", next[1]); !strings.Contains(out, "Tea is a leaf in hot water.") {
		t.Error(out)
	}
	out, said, code := run("", "sh", "-c", next[2]+" --compress none")
	if code != 0 || !strings.Contains(said, "Next: parley serve site/dist\n") {
		t.Fatalf("%d %s %s", code, out, said)
	}
	if got, err := filepath.Glob(filepath.Join(dir, "site", "dist", "app", "ui.*.wasm")); err != nil || len(got) != 1 {
		t.Fatal(got, err)
	} else if content, _ := os.ReadFile(got[0]); string(content) != "stand-in for ui.wasm" {
		t.Errorf("%s", content)
	}
	if out := ok("", "check", "my notes"); !strings.Contains(out, "every file is whole") {
		t.Error(out)
	}

	// Bash completes as its script says. Two functions stand in for those that its package
	// bash-completion and its own line editor have.
	if _, err := exec.LookPath("bash"); err == nil {
		const script = `compopt() { :; }
_init_completion() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
source <(parley completion bash)
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=(); __start_parley; echo "${COMPREPLY[@]}"; }
ask parley se
ask parley search --stage d
ask parley build --comp
ask parley export --to open`
		if out := ok("", "sh", "-c", "exec bash -c "+cli.Typed(script)); out != "search serve\ndense\n--compress\nopensearch\n" {
			t.Error(out)
		}
	}

	// The built-in collection, and its page of experiments.
	ok("", cache, "build", "--compress", "none", "--no-dense", "--out", "mine")
	if _, err := os.Stat(filepath.Join(dir, "mine", "experiments.html")); err != nil {
		t.Error(err)
	}
}

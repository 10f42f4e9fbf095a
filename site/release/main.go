// Command release writes what is offered for download: for each system an archive with the
// one binary, which carries the page's programs, too; the manual pages, the completions and
// the licences; and the checksums of all archives.
//
//	go run ./site/release --out build/release
//
// The same sources and the same Go toolchain give the same bytes, on any machine and in any
// folder. --check makes everything once more from a copy of the sources in another folder,
// with a build cache of its own, and compares.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"parley/shared/durable"
	"parley/site/publish"
)

// systems are those that a release is for.
const systems = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

// epoch is the variable with the time that all files in a release have.
const epoch = "SOURCE_DATE_EPOCH"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	out := flag.String("out", "build/release", "the `folder` to write")
	version := flag.String("version", "", "the release's `name` (empty: as git describes the sources)")
	targets := flag.String("systems", systems, "make archives for these `systems`, with commas")
	check := flag.Bool("check", false, "make everything twice, and compare the bytes")
	flag.Parse()
	if err := run(ctx, *out, *version, strings.Split(*targets, ","), *check); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, version string, targets []string, check bool) error {
	root, err := publish.Root(".")
	if err != nil {
		return err
	}
	if version == "" {
		version = described(ctx, root)
	}
	r := &release{root: root, out: out, version: version, seconds: committed(ctx, root)}
	sums, err := r.make(ctx, targets)
	if err != nil {
		return err
	}
	if check {
		if err := again(ctx, r, targets, sums); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(filepath.Join(out, sumsFile), []byte(sums)); err != nil {
		return err
	}
	fmt.Printf("%s%s: version %s\n", sums, out, version)
	return nil
}

const sumsFile = "SHA256SUMS"

// described names the sources by their commit; "development" where git knows none.
func described(ctx context.Context, root string) string {
	c := exec.CommandContext(ctx, "git", "-C", root, "describe", "--tags", "--always", "--dirty")
	name, err := c.Output()
	if err != nil || len(name) == 0 {
		return "development"
	}
	return strings.TrimPrefix(strings.TrimSpace(string(name)), "v")
}

// committed returns the time of all files in a release, in seconds: that of the variable,
// or of the commit, or a day that every archive can hold.
func committed(ctx context.Context, root string) string {
	if s := os.Getenv(epoch); s != "" {
		return s
	}
	c := exec.CommandContext(ctx, "git", "-C", root, "log", "-1", "--format=%ct")
	if s, err := c.Output(); err == nil && len(s) > 1 {
		return strings.TrimSpace(string(s))
	}
	return "315532800" // the first second of 1980, when zip's calendar begins
}

// A release is made of the sources at root.
type release struct {
	root, out, version string
	seconds            string // of all times in it
}

// make writes an archive for each system and returns their checksums, as sha256sum prints
// them.
func (r *release) make(ctx context.Context, targets []string) (sums string, err error) {
	for _, target := range targets {
		if system, machine, ok := strings.Cut(target, "/"); !ok || system == "" || machine == "" {
			return "", fmt.Errorf("--systems: %q is no system; wanted one as linux/amd64", target)
		}
	}
	when, err := at(r.seconds)
	if err != nil {
		return "", err
	}
	work, err := os.MkdirTemp("", "parley-release-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return "", err
	}
	overlay, err := r.program(ctx, work)
	if err != nil {
		return "", err
	}
	common, err := r.common(ctx, work)
	if err != nil {
		return "", err
	}
	for _, target := range targets {
		system, machine, _ := strings.Cut(target, "/")
		name := fmt.Sprintf("parley-%s-%s-%s", r.version, system, machine)
		binary := "parley"
		if system == "windows" {
			binary += ".exe"
		}
		fmt.Fprintln(os.Stderr, "building", name)
		built := filepath.Join(work, name)
		err := r.golang(ctx, []string{"GOOS=" + system, "GOARCH=" + machine}, "build", "-trimpath", "-buildvcs=false", "-tags=carried", "-overlay="+overlay,
			"-ldflags=-s -w -buildid= -X main.version="+r.version, "-o", built, "./site/parley")
		if err != nil {
			return "", err
		}
		content, err := os.ReadFile(built)
		if err != nil {
			return "", err
		}
		os.Remove(built) // it is large
		files := append([]entry{{name + "/" + binary, content, true}}, within(name, common)...)
		write, ending := tarball, ".tar.gz"
		if system == "windows" {
			write, ending = zipped, ".zip"
		}
		archive, err := write(files, when)
		if err != nil {
			return "", err
		}
		if err := durable.WriteFile(filepath.Join(r.out, name+ending), archive); err != nil {
			return "", err
		}
		fmt.Fprintf(os.Stderr, "%s: %.1f MB, its command %.1f MB\n", name+ending, float64(len(archive))/1e6, float64(len(content))/1e6)
		sums += fmt.Sprintf("%x  %s\n", sha256.Sum256(archive), name+ending)
	}
	return sums, nil
}

// program compiles the page, and returns the overlay by which the compiler finds it.
func (r *release) program(ctx context.Context, work string) (overlay string, err error) {
	fmt.Fprintln(os.Stderr, "building the page")
	app, err := publish.FromSource(ctx, r.root, "")
	if err != nil {
		return "", err
	}
	return app.Overlay(r.root, work)
}

// common makes what is the same for all systems: manual, completions, licences.
func (r *release) common(ctx context.Context, work string) ([]entry, error) {
	var files []entry
	for _, name := range []string{"LICENSE", "NOTICE", "README.md"} {
		content, err := os.ReadFile(filepath.Join(r.root, name))
		if err != nil {
			return nil, err
		}
		files = append(files, entry{name, content, false})
	}
	parley := filepath.Join(work, "parley-here")
	if err := r.golang(ctx, nil, "build", "-trimpath", "-buildvcs=false", "-o", parley, "./site/parley"); err != nil {
		return nil, err
	}
	man := filepath.Join(work, "man1")
	c := exec.CommandContext(ctx, parley, "manual", man)
	c.Env = append(os.Environ(), epoch+"="+r.seconds)
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the manual: %w\n%s", err, out)
	}
	pages, err := os.ReadDir(man)
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		content, err := os.ReadFile(filepath.Join(man, p.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, entry{"man/man1/" + p.Name(), content, false})
	}
	for _, c := range []struct{ shell, file string }{{"bash", "bash/parley"}, {"zsh", "zsh/_parley"}, {"fish", "fish/parley.fish"}, {"powershell", "powershell/parley.ps1"}} {
		script, err := exec.CommandContext(ctx, parley, "completion", c.shell).Output()
		if err != nil {
			return nil, fmt.Errorf("the completions of %s: %w", c.shell, err)
		}
		files = append(files, entry{"completions/" + c.file, script, false})
	}
	return files, nil
}

// golang runs the go command for the sources. The user's settings must not change a
// release.
func (r *release) golang(ctx context.Context, env []string, args ...string) error {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = r.root
	c.Env = append(os.Environ(), append([]string{"GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0"}, env...)...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

package publish

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/andybalholm/brotli"

	"parley/shared/collect"
	"parley/shared/durable"
	"parley/shared/encoder"
)

// A Level is the effort of compression.
type Level string

const (
	Best Level = "best" // Brotli 11, gzip 9: for publishing
	Fast Level = "fast" // Brotli 5, gzip 6
	None Level = "none" // no compressed files: for trying something out
)

// Levels lists all levels.
var Levels = []Level{Best, Fast, None}

// methods are in the order of file.small.
var methods = [2]struct {
	ending string
	level  map[Level]int
	writer func(w io.Writer, level, size int) (io.WriteCloser, error)
}{
	{".br", map[Level]int{Best: 11, Fast: 5}, func(w io.Writer, level, size int) (io.WriteCloser, error) {
		// The window is as large as the file, up to the largest that browsers accept; a
		// larger one would only cost memory and time.
		window := min(max(bits.Len(uint(size)), 16), 24)
		return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: level, LGWin: window}), nil
	}},
	{".gz", map[Level]int{Best: 9, Fast: 6}, func(w io.Writer, level, size int) (io.WriteCloser, error) {
		return gzip.NewWriterLevel(w, level)
	}},
}

// cacheEdition is part of the names of cached files; raise it when a new version of a
// compressor gives other bytes.
const cacheEdition = "2"

// compress sets small of every file that compresses well, on all cores. Files that were
// compressed before come from the cache, by the content's hash. shown, unless nil, is
// called by one goroutine at a time with the bytes that are done.
func compress(ctx context.Context, files []file, level Level, cache string, shown func(done, total int64)) error {
	if methods[0].level[level] == 0 {
		return fmt.Errorf("no level of compression is called %q; there are %v", level, Levels)
	}
	if cache != "" {
		if err := os.MkdirAll(cache, 0o755); err != nil {
			return err
		}
	}
	jobs := 2 * len(files)
	errs := make([]error, jobs)
	var done, total int64
	for _, f := range files {
		total += int64(len(methods) * len(f.content))
	}
	var showing sync.Mutex
	show := func(bytes int) {
		showing.Lock()
		defer showing.Unlock()
		if done += int64(bytes); shown != nil {
			shown(done, total)
		}
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), jobs) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= jobs || ctx.Err() != nil {
					return
				}
				if f := &files[i/2]; f.small[i%2] == nil {
					f.small[i%2], errs[i] = small(f, i%2, level, cache)
				}
				show(len(files[i/2].content))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	forget(cache)
	return ctx.Err()
}

// keep is how long the cache keeps files that no build used.
const keep = 7 * 24 * time.Hour

// forget deletes files that no build has used for long. Files that cannot be deleted now
// may be deleted by a later build.
func forget(cache string) {
	if cache == "" {
		return
	}
	entries, err := os.ReadDir(cache)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if ext := filepath.Ext(e.Name()); err == nil && (ext == ".br" || ext == ".gz") && time.Since(info.ModTime()) > keep {
			os.Remove(filepath.Join(cache, e.Name()))
		}
	}
}

// effort returns a method's level for a file. Weights and vectors hardly repeat, so
// searching for repetitions takes minutes and makes the result larger: for a dense
// encoder's 33.7 MB, Brotli 1 made 20.38 MB in 1.3 s, 5 made 20.91 and 9 made 21.28.
func effort(f *file, method int, level Level) int {
	if f.name == "dense/model.safetensors" || f.name == "dense/"+encoder.ReaderFile || f.name == "collection/"+collect.DenseFile {
		return 1
	}
	return methods[method].level[level]
}

// small compresses a file by a method. It returns nil where that saves less than a
// twentieth, or less than would fit beside the headers anyway.
func small(f *file, method int, level Level, cache string) ([]byte, error) {
	switch path.Ext(f.path) {
	case ".png", ".ico", ".part":
		return nil, nil
	}
	m, hard := methods[method], effort(f, method, level)
	cached := ""
	if cache != "" {
		sum := sha256.Sum256(f.content)
		cached = filepath.Join(cache, fmt.Sprintf("%s-%s-%d%s", hex.EncodeToString(sum[:16]), cacheEdition, hard, m.ending))
	}
	out, err := os.ReadFile(cached)
	if cached == "" || err != nil {
		var b bytes.Buffer
		w, err := m.writer(&b, hard, len(f.content))
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		out = b.Bytes()
		if cached != "" {
			if err := durable.WriteFile(cached, out); err != nil {
				return nil, err
			}
		}
	} else {
		now := time.Now()
		os.Chtimes(cached, now, now) // marked as used, so that forget keeps it
	}
	if len(out) > len(f.content)-len(f.content)/20 || len(out)+64 > len(f.content) {
		return nil, nil
	}
	return out, nil
}

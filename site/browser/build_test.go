package browser

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"parley/site/publish"
)

// built is what was built once for all tests: the page's program from this
// source, and the folder with the encoder and the collection that ship.
var built struct {
	once   sync.Once
	root   string // of the repository
	folder string // temporary, for all that the tests publish
	app    publish.App
	err    error
}

func build(t testing.TB) (root string, app publish.App) {
	t.Helper()
	b := &built
	b.once.Do(func() {
		if b.root, b.err = publish.Root("."); b.err != nil {
			return
		}
		if b.folder, b.err = os.MkdirTemp("", "parley-browser-*"); b.err != nil {
			return
		}
		b.app, b.err = publish.FromSource(context.Background(), b.root, "")
	})
	if b.err != nil {
		t.Fatalf("the page cannot be built: %v", b.err)
	}
	return b.root, b.app
}

// A release says what to publish; what is empty is as it ships.
type release struct {
	encoder, collection string            // folders
	experiments         string            // figures.json
	files               map[string]string // of the program, in place of its own
	engine              *publish.Engine   // in place of the collection
	parts               bool
}

var releases struct {
	sync.Mutex
	n       int
	ship    string // folder
	inParts string // what ships, in parts
}

// publishRelease builds a folder to serve.
func publishRelease(t testing.TB, r release) fs.FS {
	t.Helper()
	start(t) // without Chromium there is no need to build
	return os.DirFS(publishFolder(t, r))
}

// publishFolder is publishRelease, and gives the folder's path.
func publishFolder(t testing.TB, r release) string {
	t.Helper()
	root, app := build(t)
	releases.Lock()
	defer releases.Unlock()
	ships := r.encoder == "" && r.collection == "" && r.experiments == "" && r.files == nil && r.engine == nil
	if ships && r.parts && releases.inParts != "" {
		return releases.inParts
	}
	if ships && !r.parts && releases.ship != "" {
		return releases.ship
	}
	if r.encoder == "" {
		r.encoder = filepath.Join(root, "models")
	}
	if r.collection == "" {
		r.collection = filepath.Join(root, "models", "vital-articles")
	}
	app = maps.Clone(app)
	for name, text := range r.files {
		if app[name] == nil {
			t.Fatalf("the program has no file %s", name)
		}
		app[name] = []byte(text)
	}
	releases.n++
	out := filepath.Join(built.folder, fmt.Sprint("release-", releases.n))
	_, err := publish.Build(context.Background(), publish.Options{
		Out: out, App: app, Encoder: r.encoder, Collection: r.collection, Experiments: r.experiments, Engine: r.engine, Parts: r.parts, Level: publish.None,
	})
	if err != nil {
		t.Fatal(err)
	}
	if ships && r.parts {
		releases.inParts = out
	} else if ships {
		releases.ship = out
	}
	return out
}

// shipped serves the page as it ships.
func shipped(t testing.TB) *server {
	t.Helper()
	return serveFolder(t, publishRelease(t, release{}))
}

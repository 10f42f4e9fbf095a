package collection

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/documents"
	"parley/shared/passages"
)

func passageInput(enc *LoadedEncoder, p passages.Passage) conversation.Input {
	return conversation.Passage(enc.Tokenizer, passages.EncoderText(p), enc.PassageTokens)
}

func TestFoldersAreReadInOrderAndSayWhatTheySkip(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"docs/b.md":         "# B\n\nText b.",
		"docs/a.txt":        "Text a.",
		"docs/sub dir/c.md": "Text c.",
		"docs/.git/x.md":    "hidden",
		"docs/.hidden.md":   "hidden",
		"docs/photo.jpg":    "\xff\xd8",
		"docs/bad.jsonl":    "{\"_id\":\"1\",\"text\":\"one\"}\noops\n",
		"README":            "Read me.",
	} {
		at := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(at), 0o755)
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(paths []string, prefix string) (ids, urls, notes []string) {
		t.Helper()
		docs, err := Read(paths, documents.Options{}, prefix, func(n documents.Note) { notes = append(notes, n.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		for d := range docs {
			ids, urls = append(ids, d.ID), append(urls, d.URL)
		}
		return ids, urls, notes
	}
	ids, urls, notes := read([]string{filepath.Join(dir, "docs")}, "https://example.org/")
	if want := []string{"a.txt", "b.md", "1", "sub dir/c.md"}; !slices.Equal(ids, want) {
		t.Errorf("ids %q", ids)
	}
	if urls[3] != "https://example.org/sub%20dir/c.md" {
		t.Errorf("urls %q", urls)
	}
	if want := []string{".git/: hidden", ".hidden.md: hidden", "bad.jsonl:2: not a JSON object", "photo.jpg: not a format that is read (JSONL, JSON, Markdown, HTML, CSV, TSV, DOCX, ODT, PPTX, XLSX, EPUB, EML, ZIM, PDF, text)"}; !slices.Equal(notes, want) {
		t.Errorf("notes %q", notes)
	}
	t.Chdir(dir)
	if ids, _, _ := read([]string{"docs/sub dir", "./README"}, ""); !slices.Equal(ids, []string{"docs/sub dir/c.md", "README"}) {
		t.Errorf("ids of two paths: %q", ids)
	}
	if _, err := Read([]string{"docs", "nowhere"}, documents.Options{}, "", nil); !errors.Is(err, ErrNoSuchPath) {
		t.Errorf("a path that is not there: %v", err)
	}
}

func TestFoldersSayWhatIsNoDocumentAndReadEachFileOnce(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"docs/a.txt":                  "Text a.",
		"docs/LICENCE":                "All rights.",
		"docs/node_modules/x/READ.md": "Foreign.",
		"docs/thumbs.db":              "x",
		"docs/made/manifest.json":     "{}",
		"docs/made/index.bin":         "",
		"docs/made/passages.bin":      "",
		"other/b.txt":                 "Text b.",
	} {
		at := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(at), 0o755)
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"docs/again.txt": "a.txt", "docs/lost.txt": "nowhere", "docs/other": "../other", "docs/self": "."} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	t.Chdir(dir)
	var ids, notes []string
	docs, err := Read([]string{"docs", "docs/a.txt", "other"}, documents.Options{}, "", func(n documents.Note) { notes = append(notes, n.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	for d := range docs {
		ids = append(ids, d.ID)
	}
	if want := []string{"docs/LICENCE", "docs/a.txt", "other/b.txt"}; !slices.Equal(ids, want) {
		t.Errorf("ids %q", ids)
	}
	if want := []string{
		"docs/again.txt: the same file as docs/a.txt; it was read once",
		"docs/lost.txt: a link that leads nowhere",
		"docs/made/: a collection that was made of documents",
		"docs/node_modules/: a folder of packages",
		"docs/other: a link to a folder, which was not followed; name that folder, too",
		"docs/self: a link to a folder, which was not followed; name that folder, too",
		"docs/thumbs.db: a file of the system",
		"docs/a.txt: the same file as docs/a.txt; it was read once",
	}; !slices.Equal(notes, want) {
		t.Errorf("notes %q", notes)
	}
}

func TestOfASiteThePagesAreReadAndNotTheirSources(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"site/_sources/guide.rst.txt": "Guide\n=====\n\nTwo lines.",
		"site/guide.html":             "<title>Guide</title><p>Two lines.",
		"site/genindex.html":          "<title>Index</title><div class=genindex-jumpbox></div><p>lines",
		"site/404.html":               "<title>Not found</title><p>Gone.",
		"site/robots.txt":             "User-agent: *\nDisallow: /",
		"alone/_sources/robots.txt":   "A text on robots.",
	} {
		at := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(at), 0o755)
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for folder, want := range map[string][2][]string{
		"site": {{"guide.html"}, {
			"404.html: the site's page for what is not found",
			"_sources/: copies of the sources of the pages beside it",
			"genindex.html: an index that the site's generator made",
			"robots.txt: what the site says to robots, and not to readers",
		}},
		"alone": {{"_sources/robots.txt"}, nil},
	} {
		var ids, notes []string
		docs, err := Read([]string{filepath.Join(dir, folder)}, documents.Options{}, "", func(n documents.Note) { notes = append(notes, n.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		for d := range docs {
			ids = append(ids, d.ID)
		}
		if !slices.Equal(ids, want[0]) || !slices.Equal(notes, want[1]) {
			t.Errorf("%s: ids %q, notes %q", folder, ids, notes)
		}
	}
}

// What a generator of sites wrote is read as its visitors see it: pages, cut at their
// headings, with their addresses; not what the site works with, nor an older search.
func TestReadASite(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index.html":               "<title>Home</title><link rel=canonical href='https://other.example/'><main><p>Welcome to the locks.</p></main>",
		"guide/gates/index.html":   "<title>Gates</title><main><h1>Gates</h1><p>Of wood.</p><h2 id=speed>Speed</h2><p>Two degrees.</p></main>",
		"about us.html":            "<title>About</title><main><p>Who we are.</p></main>",
		"search/search_index.json": `[{"title":"Gates","text":"Of wood."}]`,
		"sitemap.xml":              "<urlset/>",
		"robots.txt":               "User-agent: *",
		"assets/LICENSE":           "terms",
		"find/parley.json":         "{}",
		"find/site.json":           "{}",
		"find/index.html":          "<title>Search</title><main><p>Search.</p></main>",
		"downloads/timetable.csv":  "id,text\n1,Monday\n",
	} {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o777), os.WriteFile(at, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	docs, err := Read([]string{dir}, documents.Options{Site: "./"}, "", func(documents.Note) {})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for d := range docs {
		got = append(got, d.Title+" "+d.URL)
	}
	if want := []string{"About ./about%20us.html", "Gates ./guide/gates/", "Gates > Speed ./guide/gates/#speed", "Home ./"}; !slices.Equal(got, want) {
		t.Errorf("%q, wanted %q", got, want)
	}
}

// Pages in the forms of Sphinx, Hugo and Docusaurus, cut down to what is special in them:
// nothing of what the generator adds is searched, and nothing is found twice.
func TestReadSitesInTheFormsOfGenerators(t *testing.T) {
	for generator, c := range map[string]struct {
		pages map[string]string
		want  []string // title, link and text of what is searched
		notes []string
	}{
		"Sphinx": {map[string]string{
			"index.html": `<title>Ropeworks documentation</title><div class="body" role="main"><section id="ropeworks"><h1>Ropeworks<a class="headerlink" href="#ropeworks">¶</a></h1><p>It computes ropes.</p>
				<div class="toctree-wrapper compound"><p class="caption" role="heading"><span class="caption-text">Contents:</span></p><ul><li class="toctree-l1"><a class="reference internal" href="guide.html">Guide</a></li></ul></div></section>
				<section id="indices-and-tables"><h1>Indices and tables<a class="headerlink" href="#indices-and-tables">¶</a></h1><ul class="simple"><li><p><a class="reference internal" href="genindex.html"><span class="std std-ref">Index</span></a></p></li>
				<li><p><a class="reference internal" href="py-modindex.html"><span class="std std-ref">Module Index</span></a></p></li></ul></section></div>`,
			"guide.html":          `<title>Guide — Ropeworks</title><div role="main"><section id="guide"><h1>Guide</h1><div class="toctree-wrapper compound"><ul><li class="toctree-l1"><a class="reference internal" href="index.html">Ropeworks</a></li></ul></div></section></div>`,
			"_modules/ropes.html": `<title>ropes — Ropeworks</title><div role="main"><h1>Source code for ropes</h1><div class="highlight"><pre>class Rope:</pre></div></div>`,
			"api.html": `<title>Reference — Ropeworks</title><div role="main"><section id="reference"><h1>Reference</h1><p>See the <a class="reference internal" href="genindex.html"><span class="std std-ref">Index</span></a>.</p>
				<dl class="py function"><dt class="sig sig-object py" id="ropes.load"><span class="sig-name">load</span>(<em>width</em>)<a class="reference internal" href="_modules/ropes.html#load"><span class="viewcode-link">[source]</span></a></dt><dd><p>The load at which it breaks.</p></dd></dl></section></div>`,
		}, []string{
			"Reference ./api.html See the Index.",
			"Reference > load(width) ./api.html#ropes.load The load at which it breaks.",
			"Guide ./guide.html ", // its name finds it
			"Ropeworks ./ It computes ropes.",
		}, []string{"_modules/ropes.html: source code that the site's generator put beside its reference"}},
		"Hugo": {map[string]string{
			"docs/splices/index.html": `<title>Splices | Ropeworks</title><main><header class="book-header"><strong>Splices</strong></header><article class="markdown"><p>They join ropes.</p><h2 id="long">Long splice<a class="anchor" href="#long">#</a></h2><p>It runs through a block.</p></article></main>`,
			"docs/index.html":         `<title>Documentation | Ropeworks</title><main><header><strong>Documentation</strong></header></main>`,
			"posts/first/index.html":  `<title>Version 2 | Ropeworks</title><meta property="og:url" content="https://ropes.example/posts/first/"><main><article><h1><a href="/posts/first/">Version 2</a></h1><h5>January 1, 2024</h5><p>It is there.</p><h2>2023-12-01</h2><h2 id="2023-11-01">2023-11-01</h2><p>It was begun.</p></article></main>`,
			"posts/index.html":        `<title>Posts | Ropeworks</title><meta property="og:url" content="https://ropes.example/posts/"><main><article><h2><a href="https://ropes.example/posts/first/">Version 2</a></h2><h5>January 1, 2024</h5><p>It is there. 2023-12-01 #</p></article></main>`,
			"links/index.html":        `<title>Links | Ropeworks</title><main><h1>Links</h1><h2 id="knots"><a href="https://knots.example/">Knots</a></h2><p>A book of all knots.</p></main>`,
		}, []string{
			"Documentation ./docs/ Documentation",
			"Splices ./docs/splices/ They join ropes.",
			"Splices > Long splice ./docs/splices/#long It runs through a block.",
			"Links > Knots ./links/#knots A book of all knots.",
			"Version 2 ./posts/first/ January 1, 2024\n\nIt is there.\n\n2023-12-01",
			"Version 2 > 2023-11-01 ./posts/first/#2023-11-01 It was begun.",
		}, []string{"posts/index.html: a list of other pages"}},
		"Docusaurus": {map[string]string{
			"docs/intro/index.html": `<html class="docs-wrapper plugin-docs docs-version-current docs-doc-page"><title>Intro | Ropeworks</title><main><nav class="theme-doc-breadcrumbs"><a href="/">Home</a></nav><div class="theme-doc-version-banner alert">This is unreleased documentation for Ropeworks <b>Next</b> version. For up-to-date documentation, see the <a href="/ropes/docs/gone/">latest version</a>.</div>
				<span class="theme-doc-version-badge badge">Version: Next</span><div class="tocMobile_ITEo theme-doc-toc-mobile"><button type="button">On this page</button></div><div class="theme-doc-markdown markdown"><header><h1>Intro</h1></header><p>It computes ropes.</p>
				<h2 class="anchor" id="start">Start<a href="#start" class="hash-link" title="Direct link to Start">​</a></h2><p>Give the length.</p></div><footer><a href="https://x/edit">Edit this page</a></footer><nav class="pagination-nav"><a class="pagination-nav__link--next" href="/docs/more">Next</a></nav></main>`,
			"docs/category/basics/index.html": `<html class="docs-wrapper plugin-docs docs-doc-page"><title>Basics | Ropeworks</title><main><div class="generatedIndexPage_vN6x"><header><h1>Basics</h1><p>What to know first.</p></header><article><section class="row"><article class="docCardListItem_W1sv"><a class="card theme-doc-card-container" href="/docs/intro"><h2 title="Intro"><span>📄️</span><span>Intro</span></h2><p>It computes ropes.</p></a></article></section></article></div></main>`,
			"docs/1.0/intro/index.html":       `<html class="docs-version-1.0"><title>Intro | Ropeworks</title><main><div class="theme-doc-version-banner">It is no longer maintained: see the <a href="/ropes/docs/intro/">latest version</a>.</div><h1>Intro</h1><p>It counts ropes.</p></main>`,
			"blog/index.html":                 `<html class="blog-wrapper blog-list-page plugin-blog"><title>Blog | Ropeworks</title><main><article><header><h2><a href="/blog/one">One</a></h2></header><p>It is there.</p></article></main>`,
			"blog/one/index.html":             `<html class="blog-wrapper blog-post-page plugin-blog"><title>One | Ropeworks</title><main><article><header><h1>One</h1></header><p>It is there.</p></article></main>`,
			"blog/archive/index.html":         `<html class="plugin-blog plugin-id-default"><title>Archive | Ropeworks</title><main><h1>Archive</h1><h3 id="2021">2021</h3><ul><li><a href="/blog/one">August 1 - One</a></li></ul></main>`,
			"docs/tags/index.html":            `<html class="docs-wrapper docs-tags-list-page plugin-docs"><title>Tags | Ropeworks</title><main><h1>Tags</h1><p>R</p><a href="/docs/tags/ropes">ropes</a></main>`,
		}, []string{
			"One ./blog/one/ It is there.",
			"Basics ./docs/category/basics/ What to know first.",
			"Intro ./docs/intro/ It computes ropes.",
			"Intro > Start ./docs/intro/#start Give the length.",
		}, []string{"blog/archive/index.html: a list of other pages", "blog/index.html: a list of other pages", "docs/1.0/intro/index.html: of another version than /ropes/docs/intro/", "docs/tags/index.html: a list of other pages"}},
	} {
		dir := t.TempDir()
		for name, text := range c.pages {
			at := filepath.Join(dir, filepath.FromSlash(name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o777), os.WriteFile(at, []byte(text), 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		var got, notes []string
		docs, err := Read([]string{dir}, documents.Options{Site: "./"}, "", func(n documents.Note) { notes = append(notes, n.Error()) })
		if err != nil {
			t.Fatal(err)
		}
		for d := range docs {
			got = append(got, d.Title+" "+d.URL+" "+d.Text)
		}
		if !slices.Equal(got, c.want) || !slices.Equal(notes, c.notes) {
			t.Errorf("%s:\n%s\nnotes %q\nwanted\n%s\nnotes %q", generator, strings.Join(got, "\n"), notes, strings.Join(c.want, "\n"), c.notes)
		}
	}
}

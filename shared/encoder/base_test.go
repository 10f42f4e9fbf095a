package encoder

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"parley/shared/conversation"
	"parley/shared/safetensors"
)

// inMemory serves files that Quantize and Share made.
func inMemory(files map[string][]byte) Files {
	return func(name string) ([]byte, error) {
		if b, ok := files[name]; ok {
			return b, nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
}

// family is a quantised base, and an encoder with its word embedding and another
// first layer, whole.
func family(t testing.TB, name string) (base, whole map[string][]byte) {
	t.Helper()
	files := folder("testdata", name)
	base, err := Quantize(files, &Settings{Name: "base", QueryTokens: 12, PassageTokens: 12})
	if err != nil {
		t.Fatal(err)
	}
	data, err := files(weightsFile)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(bytes.Clone(data))
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for _, tensor := range f.Tensors {
		if strings.Contains(tensor.Name, "layer.0.") && strings.HasSuffix(tensor.Name, ".weight") && len(tensor.Shape) == 2 {
			for i, j := 0, len(tensor.Data)-4; i < j; i, j = i+4, j-4 {
				for k := range 4 {
					tensor.Data[i+k], tensor.Data[j+k] = tensor.Data[j+k], tensor.Data[i+k]
				}
			}
			changed++
		}
	}
	if changed == 0 {
		t.Fatal("nothing was changed")
	}
	if data, err = safetensors.Write(f.Tensors, nil); err != nil {
		t.Fatal(err)
	}
	whole, err = Quantize(with(files, map[string][]byte{weightsFile: data}), &Settings{Name: "trained", QueryTokens: 14, PassageTokens: 12})
	if err != nil {
		t.Fatal(err)
	}
	return base, whole
}

func TestMemberOverItsBaseIsTheWholeEncoder(t *testing.T) {
	for _, name := range tinyModels {
		base, whole := family(t, name)
		member, err := Share(whole, inMemory(base))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := slices.Sorted(maps.Keys(member)); !slices.Equal(got, []string{"config.json", weightsFile}) {
			t.Errorf("%s: a member's files are %q", name, got)
		}
		if len(member[weightsFile]) >= len(whole[weightsFile]) {
			t.Errorf("%s: %d bytes of weights, whole %d", name, len(member[weightsFile]), len(whole[weightsFile]))
		}
		over := Over(inMemory(member), inMemory(base))
		for file, want := range whole {
			got, err := over(file)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %s is not the whole encoder's (%v)", name, file, err)
			}
		}

		a, b := load(t, inMemory(whole)), load(t, over)
		first := load(t, inMemory(base))
		c, err := LoadOver(first, inMemory(member))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.Base() != first || a.Base() != a {
			t.Errorf("%s: the base is not the encoder that the member was loaded over, or the whole encoder itself", name)
		}
		for _, e := range []*Encoder{b, c} {
			if e.Name != "trained" || e.Query != a.Query || e.PassageTokens != a.PassageTokens {
				t.Errorf("%s: loaded as %q, %+v", name, e.Name, e.Query)
			}
		}
		differs := false
		for id := range int32(a.Vocab()) {
			in := conversation.Input{IDs: []int32{id, 1, 2}, Types: make([]uint8, 3)}
			var hashes [4]string
			for i, e := range []*Encoder{a, b, c, first} {
				v, winner, err := e.NewSession().Encode(in)
				if err != nil {
					t.Fatal(err)
				}
				hashes[i] = hash(v, winner)
			}
			if hashes[0] != hashes[1] || hashes[0] != hashes[2] {
				t.Fatalf("%s: token %d: other bits over the base than whole: %q", name, id, hashes)
			}
			differs = differs || hashes[0] != hashes[3]
		}
		if !differs {
			t.Errorf("%s: the member encodes as its base does", name)
		}
	}
}

func TestMemberWantsItsOwnBase(t *testing.T) {
	base, whole := family(t, "bert")
	member, err := Share(whole, inMemory(base))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Quantize(folder("testdata", "distilbert"), nil)
	if err != nil {
		t.Fatal(err)
	}
	without := func(files map[string][]byte, name string) map[string][]byte {
		files = maps.Clone(files)
		delete(files, name)
		return files
	}
	wrongVocab := maps.Clone(base)
	wrongVocab["vocab.txt"] = append(bytes.Clone(base["vocab.txt"]), "more\n"...)
	for _, c := range []struct {
		name  string
		files Files
		says  string
	}{
		{"alone", inMemory(member), "shares the word embedding of a base"},
		{"over another", Over(inMemory(member), inMemory(other)), "this encoder was exported for a base with"},
		{"over another vocabulary", Over(inMemory(member), inMemory(wrongVocab)), "the base's vocab.txt has the fingerprint"},
		{"without the base's vocabulary", Over(inMemory(member), inMemory(without(base, "vocab.txt"))), "the base's vocab.txt, which"},
		{"without its weights", Over(inMemory(without(member, weightsFile)), inMemory(base)), weightsFile},
		{"a whole encoder over a base", Over(inMemory(whole), inMemory(base)), "names no base"},
		{"a member that holds the embedding, too", Over(inMemory(map[string][]byte{"config.json": member["config.json"], weightsFile: whole[weightsFile]}), inMemory(base)), "two tensors have this name"},
		{"a sum that is none", inMemory(map[string][]byte{"config.json": bytes.Replace(member["config.json"], []byte(`"vocab.txt": "`), []byte(`"vocab.txt": "x`), 1)}), "wanted the fingerprints"},
	} {
		if _, err := Load(c.files); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, wanted %q", c.name, err, c.says)
		}
	}

	changed := func(name string, data []byte) Files {
		return with(inMemory(member), map[string][]byte{name: data})
	}
	for _, c := range []struct {
		name   string
		base   map[string][]byte
		member Files
		says   string
	}{
		{"over another", other, inMemory(member), "this encoder was exported for a base whose files"},
		{"without config.json", base, changed("config.json", nil), "config.json"},
		{"without weights", base, changed(weightsFile, nil), weightsFile},
		{"a whole encoder", base, inMemory(whole), "names no base"},
		{"a member that holds the embedding, too", base, changed(weightsFile, whole[weightsFile]), "config.json says that it is the base's"},
		{"config.json cut", base, changed("config.json", []byte("{")), "config.json"},
		{"weights cut", base, changed(weightsFile, member[weightsFile][:100]), weightsFile},
	} {
		if _, err := LoadOver(load(t, inMemory(c.base)), c.member); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("LoadOver, %s: %v, wanted %q", c.name, err, c.says)
		}
	}

	for says, base := range map[string]Files{
		"another vocab.txt": inMemory(wrongVocab),
		"vocab.txt":         inMemory(without(base, "vocab.txt")),
		"quantised where this one is": func(name string) ([]byte, error) {
			return os.ReadFile("testdata/bert/" + name)
		},
	} {
		if _, err := Share(whole, base); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, wanted %q", err, says)
		}
	}
	moved := maps.Clone(base)
	f, err := safetensors.Read(bytes.Clone(base[weightsFile]))
	if err != nil {
		t.Fatal(err)
	}
	words, _ := f.Tensor("bert.embeddings.word_embeddings.weight")
	words.Data[7]++
	if moved[weightsFile], err = safetensors.Write(f.Tensors, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Share(whole, inMemory(moved)); err == nil || !strings.Contains(err.Error(), "is not the base's") {
		t.Errorf("an embedding that was trained: %v", err)
	}
}

package browser

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"parley/shared/bundle"
	"parley/shared/encoder"
	"parley/shared/family"
	"parley/shared/message"
	"parley/shared/safetensors"
)

// familyOfFour returns a folder of encoders: the shipped base, and three members with
// lower and lower output biases, so that each has fewer active terms than the one before.
// The tests that use it do not depend on which levels ship.
func familyOfFour(t testing.TB) string {
	t.Helper()
	root, _ := build(t)
	ship := filepath.Join(root, "models", "splade-tiny")
	dir := t.TempDir()
	list := family.Family{Base: "undistilled", Default: "distilled", Levels: []family.Level{
		{Level: message.Level{Name: "undistilled", Title: "Undistilled", FLOPS: 4, Ratio: .8}, Folder: "tiny"},
	}}
	if err := os.CopyFS(filepath.Join(dir, "tiny"), os.DirFS(ship)); err != nil {
		t.Fatal(err)
	}
	files := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(ship, name)) }
	for n, level := range []string{"distilled", "2x", "4x"} {
		whole := map[string][]byte{}
		for _, name := range []string{"config.json", "model.safetensors", "vocab.txt"} {
			data, err := files(name)
			if err != nil {
				t.Fatal(err)
			}
			whole[name] = data
		}
		f, err := safetensors.Read(bytes.Clone(whole["model.safetensors"]))
		if err != nil {
			t.Fatal(err)
		}
		for _, tensor := range f.Tensors {
			if tensor.Name == "cls.predictions.bias" {
				for at := 0; at < len(tensor.Data); at += 4 { // the lower, the fewer terms
					bias := math.Float32frombits(binary.LittleEndian.Uint32(tensor.Data[at:]))
					binary.LittleEndian.PutUint32(tensor.Data[at:], math.Float32bits(bias-.4*float32(n+1)))
				}
			}
		}
		if whole["model.safetensors"], err = safetensors.Write(f.Tensors, nil); err != nil {
			t.Fatal(err)
		}
		shared, err := encoder.Share(whole, files)
		if err != nil {
			t.Fatal(err)
		}
		shared["config.json"] = bytes.Replace(shared["config.json"], []byte(`"name": "splade-tiny"`), []byte(`"name": "`+level+`"`), 1)
		shared["README.md"] = []byte("# The card of " + level)
		for name, data := range shared {
			at := filepath.Join(dir, level, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, data, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		list.Levels = append(list.Levels, family.Level{
			Level:  message.Level{Name: level, Title: strings.ToUpper(level[:1]) + level[1:], FLOPS: 3.2 / float64(n+1), Ratio: float64(n + 1), Card: level + "/README.md"},
			Folder: level,
		})
	}
	data, err := list.Encode()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, family.File), data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Every level of a family, with the kernel, gives the same bits as native Go.
func TestLevelsHaveTheSameBits(t *testing.T) {
	start(t)
	dir := familyOfFour(t)
	s := serveFolder(t, publishRelease(t, release{encoder: dir}))
	p := bench(t, s)
	r := p.worker()
	if len(r.Levels) != 4 || r.Level != "distilled" || r.Encoder != "distilled" || r.Levels[2].Ratio != 2 || r.Levels[2].Card != "cards/2x.html" {
		t.Errorf("ready: %+v", r)
	}
	asks := conversations(t, native(t, dir, ""))
	var digests []string
	for _, level := range []string{"", "undistilled", "2x", "4x"} {
		asks := slices.Clone(asks)
		for i := range asks {
			asks[i].Level = level
		}
		sum, err := native(t, dir, level).Digest(asks)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.say("digest", asks), fmt.Sprintf(`"%016x"`, sum); got != want {
			t.Errorf("level %q: digest %s, natively %s", level, got, want)
		}
		digests = append(digests, fmt.Sprint(sum))
	}
	if slices.Sort(digests); len(slices.Compact(digests)) != 4 {
		t.Errorf("levels have the same digest: %v", digests)
	}
}

// The base and the default level come with the page. To someone who saves data, another
// level comes once, when it is first asked for, and works offline from then on; to everyone
// else the levels come after the page (TestTheTourFirstOpenedOffline).
func TestLevelsComeWhenTheyAreAskedFor(t *testing.T) {
	start(t)
	s := serveFolder(t, publishRelease(t, release{encoder: familyOfFour(t)}))
	p := blank(t, s)
	saving := true
	p.do(call(emulation.SetDataSaverOverride, emulation.SetDataSaverOverrideParams{DataSaverEnabled: &saving}))
	p.navigate(s.url())
	p.ready().installed()
	if got := s.requests("model.safetensors"); len(got) != 2 {
		t.Fatalf("the first visit fetched %q", got)
	}
	ask := message.Ask{Turns: []message.Turn{{Question: "When was the Eiffel Tower built?"}}}
	p.worker()
	for range 2 {
		for _, level := range []string{"4x", "distilled", "4x", "undistilled"} {
			ask.Level = level
			if got := p.say("ask", ask); !strings.Contains(got, "Eiffel") {
				t.Errorf("level %s: %.200s", level, got)
			}
		}
	}
	if got := s.requests("model.safetensors"); len(got) != 3 {
		t.Errorf("after asking one other level the weights were fetched as %q", got)
	}
	s.stop()
	p.expect("sw.js", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED", "The FetchEvent for")
	p.do(chromedp.Reload())
	p.ready()
	p.worker()
	ask.Level = "4x"
	if got := p.say("ask", ask); !strings.Contains(got, "Eiffel") {
		t.Errorf("offline: %.200s", got)
	}
	// One that was never loaded says what it lacks, and the others go on.
	ask.Level = "2x"
	failure := eval[string](p, fmt.Sprintf(`new Promise(done => {
		window.testWorker.onmessage = ({data}) => done(data.op + " " + data.body);
		window.testWorker.postMessage({id: -1, op: "ask", body: %s});
	})`, quote(`{"turns":[{"question":"tea"}],"level":"2x"}`)))
	if !strings.HasPrefix(failure, "error") || !strings.Contains(failure, `"download"`) || !strings.Contains(failure, "levels/2x/") {
		t.Errorf("offline, never loaded: %s", failure)
	}
	s.start()
	if got := p.say("ask", ask); !strings.Contains(got, "Eiffel") {
		t.Errorf("once the network is back: %.200s", got)
	}
}

// A damaged level is not used. Asked again, it is loaded completely, whatever the attempt
// before still had under way.
func TestADamagedLevel(t *testing.T) {
	start(t)
	dir := familyOfFour(t)
	s := serveFolder(t, publishRelease(t, release{encoder: dir}))
	p := bench(t, s)
	p.worker()
	data, err := os.ReadFile(filepath.Join(dir, "2x", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	s.spoil(bundle.Of("w", "w", data).SHA256[:16], flipByte)
	config, err := os.ReadFile(filepath.Join(dir, "2x", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	const late = 700 * time.Millisecond
	s.spoil(bundle.Of("c", "c", config).SHA256[:16], func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		time.Sleep(late)
		next.ServeHTTP(w, r)
	})
	failure := eval[string](p, fmt.Sprintf(`new Promise(done => {
		window.testWorker.onmessage = ({data}) => done(data.op + " " + data.body);
		window.testWorker.postMessage({id: -1, op: "ask", body: %s});
	})`, quote(`{"turns":[{"question":"tea"}],"level":"2x"}`)))
	if !strings.HasPrefix(failure, "error") || !strings.Contains(failure, `"verify"`) || !strings.Contains(failure, "levels/2x/model.safetensors") {
		t.Errorf("damaged: %s", failure)
	}
	s.heal()
	ask := message.Ask{Turns: []message.Turn{{Question: "When was the Eiffel Tower built?"}}, Level: "2x"}
	for range 2 {
		if got := p.say("ask", ask); !strings.Contains(got, "Eiffel") {
			t.Errorf("healed: %.200s", got)
		}
		time.Sleep(late)
	}
}

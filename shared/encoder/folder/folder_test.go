package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The sums were computed apart from this program, with sha256sum.
func TestSums(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"config.json": "{}", "vocab.txt": "a\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"config.json", "vocab.txt"} {
		if _, err := s.Read(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Read("model.safetensors"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if got := fmt.Sprintf("%x", s.All()); got != "dbd059fb5a171feabd061b55241fe2931dc2449ba24671fcf7d210d1d2b7f5da" {
		t.Errorf("all: %s", got)
	}
	if got := fmt.Sprintf("%x", s.Weights()); got != "b46240a3b33136bd8556f5bb31c523d275fef078caaccf5b10495edf697cdde9" {
		t.Errorf("weights: %s", got)
	}
	if want := map[string]string{
		"config.json": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
		"vocab.txt":   "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7",
	}; !maps.Equal(s.Each(), want) {
		t.Errorf("each: %v", s.Each())
	}
}

func TestOpenRefusesWhatIsNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "model.safetensors")
	if _, err := Open(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil || !strings.Contains(err.Error(), "give the folder") {
		t.Errorf("a file: %v", err)
	}
}

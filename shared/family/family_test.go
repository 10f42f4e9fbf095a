package family

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"parley/shared/message"
)

func two() *Family {
	return &Family{Base: "undistilled", Default: "2x", Levels: []Level{
		{message.Level{Name: "undistilled", Title: "Undistilled", FLOPS: 4.5}, "tiny"},
		{message.Level{Name: "2x", Title: "2×", FLOPS: 1.5, Ratio: 2, Card: "tiny-2x/README.md"}, "tiny-2x"},
	}, Dense: &Dense{"Better answers", "bge-conv", "bge", "bge-conv/README.md", 25e6, "bge"}}
}

func TestParseReadsWhatEncodeWrote(t *testing.T) {
	data, err := two().Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(data)
	if err != nil || !reflect.DeepEqual(f, two()) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestLevels(t *testing.T) {
	for name, want := range map[string]string{"": "tiny-2x", "2x": "tiny-2x", "undistilled": "tiny"} {
		if l, err := two().Level(name); err != nil || l.Folder != want {
			t.Errorf("%q: %+v, %v", name, l, err)
		}
	}
	if _, err := two().Level("3x"); !errors.Is(err, ErrNoLevel) || !strings.Contains(err.Error(), "undistilled, 2x") {
		t.Errorf("3x: %v", err)
	}
}

func TestListsThatAreNone(t *testing.T) {
	for says, data := range map[string]string{
		"broken at byte 0":  ``,
		"no level \"\"":     `{}`,
		"no level \"b\"":    `{"base":"a","default":"b","levels":[{"name":"a"}]}`,
		"two levels a":      `{"base":"a","default":"a","levels":[{"name":"a"},{"name":"a"}]}`,
		"level 1 is called": `{"base":"a/b","default":"a/b","levels":[{"name":"a/b"}]}`,
		"leads out of":      `{"base":"a","default":"a","levels":[{"name":"a","folder":"../x"}]}`,
		"base is a number":  `{"base":1,"default":"a","levels":[{"name":"a"}]}`,
		"dense: folder":     `{"base":"a","default":"a","levels":[{"name":"a"}],"dense":{"folder":"/x"}}`,
		"folder \"../x\"":   `{"base":"a","default":"a","levels":[{"name":"a"}],"dense":{"folder":"x","passages":"../x"}}`,
		"bytes is a string": `{"base":"a","default":"a","levels":[{"name":"a"}],"dense":{"bytes":"1"}}`,
		"dense: byte":       `{"base":"a","default":"a","levels":[{"name":"a"}],"dense":true}`,
		"level 1: byte 36":  `{"base":"a","default":"a","levels":["a"]}`,
	} {
		if _, err := Parse([]byte(data)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, wanted %q", data, err, says)
		}
	}
}

package spelling

import (
	"math/rand/v2"
	"testing"
)

func TestNearest(t *testing.T) {
	known := map[string]int{
		"photosynthesi": 12, "einstein": 9, "kilimanjaro": 2, "mediterranean": 40, "parliament": 30, "beethoven": 4,
		"pyramid": 20, "pyrami": 1, "london": 80, "sydney": 10, "mozart": 5, "rocker": 2, "broke": 30, "crystal": 9, "government": 50, "fifth": 30, "receipt": 3, "recept": 1,
		"plant": 90, "planet": 30, "country": 90, "contra": 2, "gandhi": 8, "rhythm": 3,
	}
	for word, want := range map[string]string{
		"fotosynthesi":  "photosynthesi",
		"photosinthesi": "photosynthesi",
		"goverment":     "government",
		"planit":        "planet", // as near to plant, whose length is another
		"contry":        "country",
		"einstien":      "einstein",
		"kilimanjero":   "kilimanjaro",
		"mediteranian":  "mediterranean",
		"parlament":     "parliament",
		"betoven":       "", // a vowel doubled and an h left out are too much for seven letters
		"bethoven":      "beethoven",
		"beethovan":     "beethoven",
		"piramid":       "pyramid",
		"londno":        "london",
		"sidney":        "sydney",
		"locker":        "", // another first letter
		"reciept":       "receipt",
		"mozrt":         "", // five letters may be a slip, no more
		"mozatr":        "mozart",
		"ghandi":        "gandhi", // an h at another place
		"rythmh":        "rhythm",
		"gandih":        "gandhi", // neighbours
		"gandhhi":       "gandhi",
		"bloke":         "", // not broke
		"kristal":       "", // not crystal: another first letter
		"filth":         "",
		"lodon":         "",
		"xyzzy":         "",
		"lond":          "",
		"lond0n":        "",
		"лондон":        "",
		"":              "",
	} {
		var n Nearest
		got := ""
		if n.Seek([]byte(word), false) {
			for k, df := range known {
				n.Offer([]byte(k), df)
			}
			got = string(n.Found())
		}
		if got != want {
			t.Errorf("%s was read as %q, want %q", word, got, want)
		}
	}
}

// Among common words, a longer one may be any letter away, or two guesses.
func TestNearestCommonWord(t *testing.T) {
	for word, want := range map[string]string{"nothern": "northern", "dinasour": "dinosaur", "nortern": "northern", "nothen": "", "nosthirn": ""} {
		for common, want := range map[bool]string{true: want, false: ""} {
			var n Nearest
			got := ""
			if n.Seek([]byte(word), common) {
				n.Offer([]byte("northern"), 1)
				n.Offer([]byte("dinosaur"), 1)
				got = string(n.Found())
			}
			if got != want && !(word == "nortern" && got == "northern") {
				t.Errorf("%s, common %v: %q, want %q", word, common, got, want)
			}
		}
	}
}

// The cost is that of a plain recursion over all edits.
func TestCost(t *testing.T) {
	var slow func(a, b []byte, i, j int) int
	slow = func(a, b []byte, i, j int) int {
		if i == 0 && j == 0 {
			return 0
		}
		best := 1 << 20
		if i > 0 {
			best = min(best, slow(a, b, i-1, j)+single(a, i-1))
		}
		if j > 0 {
			best = min(best, slow(a, b, i, j-1)+single(b, j-1))
		}
		if i > 0 && j > 0 {
			best = min(best, slow(a, b, i-1, j-1)+exchange(a[i-1], b[j-1]))
		}
		if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
			best = min(best, slow(a, b, i-2, j-2)+slip)
		}
		return best
	}
	r := rand.New(rand.NewPCG(7, 7))
	word := func() []byte {
		var b []byte
		for range r.IntN(6) {
			b = append(b, "aekdth"[r.IntN(6)])
		}
		return b
	}
	var n Nearest
	for range 5000 {
		a, b, most := word(), word(), r.IntN(6)
		n.word, n.known = a, b
		want, got := slow(a, b, len(a), len(b)), n.between(most)
		if want <= most && got != want || want > most && got <= most {
			t.Fatalf("%q, %q: %d within %d, want %d", a, b, got, most, want)
		}
	}
}

func FuzzNearest(f *testing.F) {
	f.Add("fotosynthesis", "photosynthesis")
	f.Add("phph", "ff")
	f.Fuzz(func(t *testing.T, word, known string) {
		var n Nearest
		if n.Seek([]byte(word), false) {
			n.Offer([]byte(known), 1)
			n.Offer([]byte(word), 1)
			if string(n.Found()) != word && string(n.Found()) != known {
				t.Fatal(string(n.Found()))
			}
		}
	})
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"parley/shared/documents"
)

// omissions collects what was left out of the documents, and what was read in a special
// way, to print it once at the end, by kind. Files of formats that cannot be read are
// counted by file name extension.
type omissions struct {
	all     bool       // name every one
	mu      sync.Mutex // documents are read in a goroutine
	n       int        // left out
	kinds   []*omission
	endings map[string]int
	ask     *documents.Sample // the beginning of a table whose columns could not be recognised
}

// An omission is a message about several files or records.
type omission struct {
	shape  string // the message without the parts that differ
	first  documents.Note
	n      int
	places []string // all of them, or the first
}

// namedPlaces is the number of places that are named for each kind, unless all are.
const namedPlaces = 3

var particular = regexp.MustCompile(`"[^"]*"|[0-9]+|\S+/\S+|0x[0-9a-f]{2}`)

func (o *omissions) note(n documents.Note) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !n.Kept {
		o.n++
	}
	if n.Ask != nil && o.ask == nil {
		o.ask = n.Ask
	}
	if n.OtherFormat && !o.all {
		if o.endings == nil {
			o.endings = map[string]int{}
		}
		o.endings[strings.ToLower(path.Ext(n.File))]++
		return
	}
	shape := fmt.Sprint(n.Kept) + particular.ReplaceAllString(n.Why, "…")
	i := slices.IndexFunc(o.kinds, func(k *omission) bool { return k.shape == shape })
	if i < 0 {
		i = len(o.kinds)
		o.kinds = append(o.kinds, &omission{shape: shape, first: n})
	}
	k := o.kinds[i]
	if k.n++; k.n <= namedPlaces || o.all {
		place := n.File
		if n.Line > 0 {
			place = fmt.Sprintf("%s:%d", n.File, n.Line)
		}
		if o.all {
			place = n.Error()
		}
		k.places = append(k.places, printable(place))
	}
}

// total returns the number of files and records that were left out.
func (o *omissions) total() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.n
}

// print prints everything, first what was left out.
func (o *omissions) print(w io.Writer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	more := false
	for _, kept := range []bool{false, true} {
		what := "left out"
		if kept {
			what = "note"
		}
		for _, k := range o.kinds {
			switch {
			case k.first.Kept != kept:
			case o.all:
				for _, p := range k.places {
					fmt.Fprintf(w, "%s: %s\n", what, p)
				}
			case k.n == 1:
				fmt.Fprintf(w, "%s: %s: %s\n", what, k.places[0], printable(k.first.Why))
			default:
				places := strings.Join(k.places, ", ")
				if k.n > len(k.places) {
					places += " ..."
					more = true
				}
				fmt.Fprintf(w, "%s: %s times: %s (%s)\n", what, thousands(k.n), printable(k.first.Why), places)
			}
		}
		if !kept && len(o.endings) > 0 {
			fmt.Fprintf(w, "left out: %s\n", o.formats())
			more = true
		}
	}
	if more {
		fmt.Fprintln(w, "--verbose names all of them")
	}
	if o.ask != nil {
		fmt.Fprintln(w, "--column-text NAME says which column, or field of JSON, holds the text; --column-title and --column-id name others")
		fmt.Fprintf(w, "  %s\n", printable(strings.Join(o.ask.Columns, " | ")))
		for _, row := range o.ask.Rows {
			fmt.Fprintf(w, "  %s\n", printable(strings.Join(row, " | ")))
		}
	}
}

// formats counts the files of formats that cannot be read.
func (o *omissions) formats() string {
	sum := 0
	var list []string
	for _, ending := range slices.SortedFunc(maps.Keys(o.endings), func(a, b string) int {
		return cmp.Or(cmp.Compare(o.endings[b], o.endings[a]), cmp.Compare(a, b))
	}) {
		name := printable(ending)
		if name == "" {
			name = "without ending"
		}
		sum += o.endings[ending]
		list = append(list, fmt.Sprintf("%s %d", name, o.endings[ending]))
	}
	if len(list) > 8 {
		list = append(list[:8], "...")
	}
	files := "files"
	if sum == 1 {
		files = "file"
	}
	return fmt.Sprintf("%s %s of other formats: %s", thousands(sum), files, strings.Join(list, ", "))
}

package teacher

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"parley/shared/lines"
	"parley/shared/trec"
	"parley/shared/unpack"
)

// Import reads another program's ranking into file. The ranking is DiSCo's published
// form, one JSON object {query: {passage: score}}, or a TREC run, plain or gzip. ids
// are the collection's passages; a ranking with other passages is an error.
func Import(path string, ids []string, file *File) error {
	number := make(map[string]uint32, len(ids))
	for i, id := range ids {
		number[id] = uint32(i)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, _, err := unpack.Gzip(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	unknown, first := 0, ""
	add := func(query string, scores map[string]float64) error {
		var l List
		for id, s := range scores {
			d, ok := number[id]
			if !ok {
				if unknown++; first == "" {
					first = fmt.Sprintf("%q of query %q", id, query)
				}
				continue
			}
			l.Docs = append(l.Docs, d)
			l.Scores = append(l.Scores, float32(s))
		}
		if unknown > 0 {
			return nil // this is an error, but count them all first
		}
		return file.Append(query, l)
	}
	c, err := b.Peek(1)
	if err != nil {
		return fmt.Errorf("%s: empty", path)
	}
	if c[0] == '{' {
		err = disco(b, path, add)
	} else {
		err = run(b, path, add)
	}
	if err == nil && unknown > 0 {
		err = fmt.Errorf("%s: %d passages are not in the collection, the first %s; the ranking was made on another collection, or some of the collection's files are missing", path, unknown, first)
	}
	if err != nil {
		return err
	}
	return file.Sync()
}

// disco streams {query: {passage: score}}.
func disco(r io.Reader, path string, add func(string, map[string]float64) error) error {
	d := json.NewDecoder(r)
	fail := func(err error) error {
		return fmt.Errorf("%s: at byte %d: %w", path, d.InputOffset(), err)
	}
	if _, err := d.Token(); err != nil {
		return fail(err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fail(err)
		}
		query, ok := key.(string)
		if !ok {
			return fail(errors.New("wanted a query's id"))
		}
		var scores map[string]float64
		if err := d.Decode(&scores); err != nil {
			return fail(fmt.Errorf("query %q: wanted {passage: score}: %w", query, err))
		}
		if err := add(query, scores); err != nil {
			return fail(err)
		}
	}
	if _, err := d.Token(); err != nil {
		return fail(err)
	}
	return nil
}

// run reads a TREC run.
func run(r io.Reader, path string, add func(string, map[string]float64) error) error {
	lr, err := lines.NewReader(r, path)
	if err != nil {
		return err
	}
	all, err := trec.ReadRun(lr)
	if err != nil {
		return err
	}
	for query, hits := range all {
		scores := map[string]float64{}
		for _, h := range hits {
			scores[h.Doc] = h.Score
		}
		if err := add(query, scores); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// Write writes the lists of a file in DiSCo's form, for other programs.
func Write(w io.Writer, file *File, ids []string) error {
	out := bufio.NewWriter(w)
	sep := "{"
	for _, id := range file.IDs() {
		l, err := file.Get(id)
		if err != nil {
			return err
		}
		key, err := json.Marshal(id)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s%s: {", sep, key)
		for i, d := range l.Docs {
			if i > 0 {
				out.WriteString(", ")
			}
			doc, err := json.Marshal(ids[d])
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s: %v", doc, l.Scores[i])
		}
		out.WriteByte('}')
		sep = ",\n"
	}
	if sep == "{" {
		out.WriteByte('{')
	}
	out.WriteString("}\n")
	return out.Flush()
}

// Fuse combines the lists of several teachers into one. A passage's score is the
// weighted mean of the teachers' scores or, if max is true, their maximum. Each
// teacher's scores are first scaled to mean 0 and deviation 1 over its list, because
// teachers have different scales. The result is scaled to the first teacher's mean
// and deviation, so that a temperature means the same as for that teacher alone. A
// passage that a teacher did not rank gets that teacher's lowest score. A single list
// is returned unchanged. weights has one entry per list; nil means equal weights.
func Fuse(lists []List, weights []float64, max bool) List {
	if len(lists) == 1 {
		return lists[0]
	}
	var sum float64
	for n := range lists {
		sum += weight(weights, n)
	}
	type fused struct {
		value float64
		by    []bool
	}
	all := map[uint32]*fused{}
	var lowest []float64
	var scale, offset float64 // those of the first teacher
	for n, l := range lists {
		var mean, square float64
		for _, s := range l.Scores {
			mean += float64(s) / float64(len(l.Scores))
		}
		for _, s := range l.Scores {
			square += math.Pow(float64(s)-mean, 2) / float64(len(l.Scores))
		}
		deviation := math.Sqrt(square)
		if deviation == 0 {
			deviation = 1
		}
		if n == 0 {
			scale, offset = deviation, mean
		}
		low := 0.0
		for i, d := range l.Docs {
			v := (float64(l.Scores[i]) - mean) / deviation
			low = math.Min(low, v)
			f := all[d]
			if f == nil {
				f = &fused{by: make([]bool, len(lists))}
				if max {
					f.value = math.Inf(-1)
				}
				all[d] = f
			}
			f.by[n] = true
			if max {
				f.value = math.Max(f.value, v)
			} else {
				f.value += v * weight(weights, n) / sum
			}
		}
		lowest = append(lowest, low)
	}
	var out List
	for d, f := range all {
		for n, ranked := range f.by {
			if !ranked && !max {
				f.value += lowest[n] * weight(weights, n) / sum
			}
		}
		out.Docs = append(out.Docs, d)
		out.Scores = append(out.Scores, float32(offset+scale*f.value))
	}
	out.sort()
	return out
}

func weight(weights []float64, n int) float64 {
	if weights == nil {
		return 1
	}
	return weights[n]
}

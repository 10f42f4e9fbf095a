package experiment

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"parley/shared/durable"
	"parley/shared/lift"
	"parley/shared/unpack"
	"parley/trainer/evaluate"
	"parley/trainer/metrics"
	"parley/trainer/train"
)

// version is part of the keys. A change in how results are made increases it, so that
// all are made again.
const version = 1

// A Result is the result of one row with one seed, in the file runs/KEY.json.gz.
type Result struct {
	Key      string   `json:"key"`
	Training string   `json:"training,omitempty"` // the key of the training, which rows may share
	Settings Settings `json:"settings"`
	// Data has the SHA-256 of every training file, by its name in the grid.
	Data     map[string]string `json:"data,omitempty"`
	Revision string            `json:"revision"`
	Modified bool              `json:"modified,omitempty"` // the program had uncommitted changes
	Examples int               `json:"examples,omitempty"`
	Dev      *Dev              `json:"dev,omitempty"`
	Steps    int               `json:"steps,omitempty"`
	// TrainingSeconds is the time of the steps alone. Seconds is the whole time,
	// including reading and the dev set; it is 0 if the training was stopped and
	// continued.
	TrainingSeconds float64 `json:"training_seconds,omitempty"`
	Seconds         float64 `json:"seconds,omitempty"`
	// Evaluations are the figures by the evaluation's short name.
	Evaluations map[string]*Measured `json:"evaluations"`
}

// Settings are all settings of a row. Fields that are 0, false or empty are left out,
// so that a new field with such a value changes no row's key.
type Settings struct {
	Train   map[string]any `json:"train,omitempty"`
	Measure Measure        `json:"measure"`
}

// A Dev has the figures on the dev set after the best epoch.
type Dev struct {
	Examples  int     `json:"examples"`
	BestEpoch int     `json:"best_epoch"`
	NDCG10    float64 `json:"ndcg_cut_10"` // with the teacher's first ten as the relevant ones
	R100      float64 `json:"recall_100"`
	L0        float64 `json:"l0"`
	// Sources are the parts of a dev set of several data sets, by their names. A data
	// set that is not trained on tells more than the others.
	Sources map[string]DevPart `json:"sources,omitempty"`
}

// A DevPart is one data set's part of the dev set.
type DevPart struct {
	NDCG10 float64 `json:"ndcg_cut_10"`
	R100   float64 `json:"recall_100"`
}

// A Measured has a row's figures on one evaluation.
type Measured struct {
	Data     string             `json:"data"` // the SHA-256 of its files, the passages' encoder and the way of measuring
	Queries  int                `json:"queries"`
	Passages int                `json:"passages"`
	Metrics  map[string]float64 `json:"metrics"`
	Cost     *Cost              `json:"cost,omitempty"` // missing for BM25
	Turns    []TurnPart         `json:"turns"`
	Scores   *Scores            `json:"scores,omitempty"`
	// PerQuery has, by measure, one value per query, queries sorted by id (see Pack).
	PerQuery map[string]string `json:"per_query"`
}

// A Cost is the cost of the queries' vectors.
type Cost = evaluate.Cost

// A TurnPart has the figures of the queries of one range of turns.
type TurnPart struct {
	Name    string             `json:"name"`
	Queries int                `json:"queries"`
	Metrics map[string]float64 `json:"metrics"`
	Cost    *Cost              `json:"cost,omitempty"`
}

// Scores are the distributions of the scores of passages: of the relevant ones, and of
// Negatives, which the rewrite ranks 11 to 960 with the passages' encoder. They are
// the same passages for every row.
type Scores struct {
	Width     float64 `json:"width"`     // the width of a bin; the first begins at 0
	Positives []int   `json:"positives"` // the number of passages in each bin
	Negatives []int   `json:"negatives"`
	// AUC is the probability that a positive has a higher score than a negative of its
	// query, mean over the queries.
	AUC float64 `json:"auc"`
}

// Settings returns the row's settings.
func (r *Row) Settings() Settings {
	s := Settings{Measure: r.Measure}
	if !r.Trained() {
		return s
	}
	s.Train = map[string]any{}
	v := reflect.ValueOf(r.Train)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		switch name {
		case "out", "cache", "threads", "device", "save-every", "tensorboard", "record", "record-every": // do not change what is learnt
			continue
		case "dense-share", "dense-tokens":
			if r.Train.Dense == "" {
				continue
			}
		}
		if f := v.Field(i); !f.IsZero() && !(f.Kind() == reflect.Slice && f.Len() == 0) {
			s.Train[name] = f.Interface()
		}
	}
	return s
}

// canonical returns s as text: equal settings give equal text, because JSON sorts the
// keys.
func (s Settings) canonical() string {
	data, err := json.Marshal(s)
	if err != nil {
		panic("experiment: settings are plain values: " + err.Error())
	}
	return string(data)
}

// Sums computes and remembers the checksums of files.
type Sums map[string]string

// Of returns the SHA-256 of the file at path.
func (s Sums) Of(path string) (string, error) {
	if sum, ok := s[path]; ok {
		return sum, nil
	}
	sum, err := train.Checksum(path)
	if err != nil {
		return "", err
	}
	s[path] = sum
	return sum, nil
}

// files returns the SHA-256s of the files that a grid's patterns match, by name.
func (s Sums) files(data string, lists ...[]string) (map[string]string, error) {
	sums := map[string]string{}
	for _, patterns := range lists {
		names, err := Expand(data, patterns)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if sums[name], err = s.Of(Path(data, name)); err != nil {
				return nil, err
			}
		}
	}
	return sums, nil
}

// encoder returns the SHA-256s of the files in an encoder's folder, by name.
func (s Sums) encoder(data, folder string) (map[string]string, error) {
	sums := map[string]string{}
	for _, name := range []string{"config.json", "model.safetensors", "pytorch_model.bin", "vocab.txt", "tokenizer.json", lift.File} {
		sum, err := s.Of(filepath.Join(Path(data, folder), name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sums[folder+"/"+name] = sum
	}
	if len(sums) == 0 {
		return nil, &Missing{folder}
	}
	return sums, nil
}

// trainedOn returns the checksums of all that a training reads.
func (s Sums) trainedOn(data string, c *train.Config) (map[string]string, error) {
	sums, err := s.files(data, c.Examples, c.Dev, c.Exclude, c.Passages, c.Teachers, c.Engine)
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{c.Encoder, c.DocEncoder, c.Dense, c.Lift, c.LiftReader} {
		if folder == "" {
			continue
		}
		of, err := s.encoder(data, folder)
		if err != nil {
			return nil, err
		}
		maps.Copy(sums, of)
	}
	return sums, nil
}

// measuredOn returns the checksum of all that an evaluation reads.
func (s Sums) measuredOn(data string, e *Evaluation, r *Row) (string, error) {
	lists := [][]string{e.Passages, e.Tasks, e.Qrels}
	for _, input := range slices.Sorted(maps.Keys(e.Queries)) {
		lists = append(lists, e.Queries[input])
	}
	sums, err := s.files(data, lists...)
	if err != nil {
		return "", err
	}
	for _, folder := range r.passageFolders() {
		of, err := s.encoder(data, folder)
		if err != nil {
			return "", err
		}
		maps.Copy(sums, of)
	}
	return digest("evaluation", sums, e.Queries), nil
}

// digest returns the SHA-256 of values as JSON.
func digest(values ...any) string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, v := range append([]any{version}, values...) {
		if err := e.Encode(v); err != nil {
			panic("experiment: keys are made of plain values: " + err.Error())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// keys returns the key of a row's result and, for a student, the key of its training
// and the checksums of the training data.
func (s Sums) keys(data string, r *Row) (key, training string, on map[string]string, err error) {
	set := r.Settings()
	if !r.Trained() {
		if folders := r.passageFolders(); len(folders) > 1 {
			return digest(set, folders)[:16], "", nil, nil
		}
		return digest(set, r.PassageEncoder())[:16], "", nil, nil
	}
	if on, err = s.trainedOn(data, &r.Train); err != nil {
		return "", "", nil, err
	}
	training = digest(set.Train, on)[:16]
	return digest(set, on)[:16], training, on, nil
}

// PassageEncoder returns the folder of the passages' encoder.
func (r *Row) PassageEncoder() string {
	if r.Train.DocEncoder != "" {
		return r.Train.DocEncoder
	}
	return r.Train.Encoder
}

// passageFolders returns the folders of the encoders that make the passages' vectors.
func (r *Row) passageFolders() []string {
	list := []string{r.PassageEncoder()}
	for _, folder := range []string{r.Train.Lift, r.Train.LiftReader} {
		if folder != "" {
			list = append(list, folder)
		}
	}
	return list
}

// packedEnd and plainEnd are how the names of results end: as they are written, and as they
// were written once, which is still read.
const packedEnd, plainEnd = ".json.gz", ".json"

// ReadResults reads the results in dir, runs/*.json.gz, sorted by key. A result that is
// still runs/KEY.json is read, too, where it is not there packed.
func ReadResults(dir string) ([]*Result, error) {
	paths := map[string]string{} // by key
	for _, end := range []string{plainEnd, packedEnd} {
		found, err := filepath.Glob(filepath.Join(dir, "runs", "*"+end))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			paths[strings.TrimSuffix(filepath.Base(path), end)] = path
		}
	}
	var all []*Result
	for _, key := range slices.Sorted(maps.Keys(paths)) {
		path := paths[key]
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(path, plainEnd) { // another program has just packed it
			path += ".gz"
			data, err = os.ReadFile(path)
		}
		if err != nil {
			return nil, err
		}
		r := &Result{}
		text, _, err := unpack.Gzip(bytes.NewReader(data))
		if err == nil {
			data, err = io.ReadAll(text)
		}
		if err == nil {
			err = strict(data, r)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: not a result of this program: %w; restore it, or delete it, and its row is done again", path, err)
		}
		if r.Key != key {
			return nil, fmt.Errorf("%s: its key is %q, but a result's file must have the name of its key", path, r.Key)
		}
		all = append(all, r)
	}
	return all, nil
}

// writeResult writes a result as indented JSON, packed by gzip without a name or a time: the
// same result gives the same bytes.
func writeResult(dir string, r *Result) error {
	for _, m := range r.Evaluations {
		round(m.Metrics, m.Cost)
		for i := range m.Turns {
			round(m.Turns[i].Metrics, m.Turns[i].Cost)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "runs"), 0o755); err != nil {
		return err
	}
	data, err := indented(r)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "runs", r.Key)
	err = durable.Write(file+packedEnd, func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(data); err != nil {
			return err
		}
		return z.Close()
	})
	if err != nil {
		return err
	}
	if err := os.Remove(file + plainEnd); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// six rounds a figure to six decimals. More would be noise, and differ between
// machines.
func six(v float64) float64 { return math.Round(v*1e6) / 1e6 }

// round rounds a result's figures.
func round(m map[string]float64, c *Cost) {
	for k, v := range m {
		m[k] = six(v)
	}
	if c != nil {
		*c = Cost{L0: six(c.L0), FLOPS: six(c.FLOPS), Postings: six(c.Postings), SearchMS: six(c.SearchMS)}
	}
}

func writeJSON(path string, v any) error {
	data, err := indented(v)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, data)
}

// indented returns v as JSON that people read.
func indented(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", " ")
	return append(data, '\n'), err
}

// writeLine writes in one line what a program reads: of figures.json, which the page loads, half
// was white space.
func writeLine(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'))
}

// Packed are the measures for which significance is tested, and whose values are kept
// by query.
var Packed = []metrics.Measure{metrics.NDCG10, metrics.R100}

// Pack encodes values between 0 and 1: 16 bits each, little-endian, deflated, base64.
// A value takes from a fifth of a byte to two bytes.
func Pack(values []float64) string {
	raw := make([]byte, 0, 2*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(math.Round(65535*math.Max(0, math.Min(1, v)))))
	}
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // the level is a valid one
	w.Write(raw)                                       // a Buffer never fails
	w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// packedError is the largest difference between a value and what Unpack returns for
// it.
const packedError = .5 / 65535

// Unpack returns the n values that Pack encoded, each to within packedError.
func Unpack(s string, n int) ([]float64, error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("values a query: %w", err)
	}
	raw, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), int64(2*n)+1))
	if err != nil {
		return nil, fmt.Errorf("values a query: %w", err)
	}
	if len(raw) != 2*n {
		return nil, fmt.Errorf("values a query: %d bytes for %d queries", len(raw), n)
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(binary.LittleEndian.Uint16(raw[2*i:])) / 65535
	}
	return values, nil
}

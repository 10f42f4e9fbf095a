package engine

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/shared/answer"
	"parley/shared/index"
	"parley/shared/remote"
)

var _ answer.Source = (*remote.Source)(nil)

func TestMain(m *testing.M) {
	usual = patience{tries: 4, first: time.Millisecond, most: 5 * time.Millisecond}
	m.Run()
}

// A fake is an engine over HTTP that holds what it is given and ranks by the sum of weight x
// impact. It knows only what Load and Ask send.
type fake struct {
	kind string
	mu   sync.Mutex
	docs map[string]map[int]map[string]any // by index, by number
	made map[string]json.RawMessage        // the settings of indexes
	log  []string
	// before may answer in the fake's place; it returns whether it did.
	before func(w http.ResponseWriter, r *http.Request, body string) bool
	score  func(float64) float64
}

func serveFake(t *testing.T, kind string) (*fake, string) {
	f := &fake{kind: kind, docs: map[string]map[int]map[string]any{}, made: map[string]json.RawMessage{}, score: func(s float64) float64 { return s }}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return f, s.URL
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	body := string(data)
	f.mu.Lock()
	before := f.before
	f.log = append(f.log, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+r.Header.Get("api-key"))
	f.mu.Unlock()
	if before != nil && before(w, r, body) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch f.kind {
	case "opensearch", "elasticsearch":
		f.lucene(w, r, body)
	case "qdrant":
		f.qdrant(w, r, body)
	case "milvus":
		f.milvus(w, r, body)
	}
}

func say(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

type fields = map[string]any

// put stores a document as JSON would.
func (f *fake) put(name string, n int, doc any) {
	data, _ := json.Marshal(doc)
	var stored fields
	json.Unmarshal(data, &stored)
	if f.docs[name] == nil {
		f.docs[name] = map[int]fields{}
	}
	f.docs[name][n] = stored
}

// best ranks the documents by a query, each with its score.
func (f *fake) best(name string, vector func(fields) map[string]float64, q map[string]float64, limit int, byDoc bool) (docs []int, scores []float64) {
	sums := map[int]float64{}
	for n, doc := range f.docs[name] {
		for term, w := range vector(doc) {
			if q[term] > 0 {
				sums[n] += q[term] * w
			}
		}
	}
	docs = slices.SortedFunc(maps.Keys(sums), func(a, b int) int {
		ties := cmp.Compare(b, a) // an order of its own
		if byDoc {
			ties = cmp.Compare(a, b)
		}
		return cmp.Or(cmp.Compare(sums[b], sums[a]), ties)
	})
	docs = docs[:min(limit, len(docs))]
	for _, d := range docs {
		scores = append(scores, f.score(sums[d]))
	}
	return docs, scores
}

func weights(v any) map[string]float64 {
	all := map[string]float64{}
	m, _ := v.(fields)
	for k, w := range m {
		all[k], _ = w.(float64)
	}
	return all
}

func (f *fake) lucene(w http.ResponseWriter, r *http.Request, body string) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	name := parts[0]
	if name == "" {
		version := fields{"number": "2.19.6", "distribution": "opensearch"}
		if f.kind == "elasticsearch" {
			version = fields{"number": "9.2.0"}
		}
		say(w, 200, fields{"version": version})
		return
	}
	if f.made[name] == nil && r.Method != "PUT" {
		say(w, 404, fields{"error": fields{"type": "index_not_found_exception", "reason": "no such index [" + name + "]"}})
		return
	}
	if len(parts) == 1 {
		switch r.Method {
		case "PUT":
			if f.made[name] != nil {
				say(w, 400, fields{"error": fields{"type": "resource_already_exists_exception", "reason": "index exists"}})
				return
			}
			f.made[name] = json.RawMessage(body)
		case "DELETE":
			delete(f.made, name)
			delete(f.docs, name)
		}
		say(w, 200, fields{})
		return
	}
	switch parts[1] {
	case "_mapping":
		say(w, 200, map[string]json.RawMessage{name: f.made[name]})
	case "_refresh":
		say(w, 200, fields{})
	case "_count":
		say(w, 200, fields{"count": len(f.docs[name]), "_shards": fields{"total": 1, "successful": 1}})
	case "_bulk":
		lines := strings.Split(strings.TrimSpace(body), "\n")
		for i := 0; i < len(lines); i += 2 {
			var action struct {
				Index struct {
					ID string `json:"_id"`
				}
			}
			var doc fields
			json.Unmarshal([]byte(lines[i]), &action)
			json.Unmarshal([]byte(lines[i+1]), &doc)
			n, _ := strconv.Atoi(action.Index.ID)
			f.put(name, n, doc)
		}
		say(w, 200, fields{"errors": false})
	case "_doc":
		n, _ := strconv.Atoi(parts[2])
		if r.Method == "PUT" {
			var doc fields
			json.Unmarshal([]byte(body), &doc)
			f.put(name, n, doc)
			say(w, 200, fields{})
		} else if doc := f.docs[name][n]; doc != nil {
			say(w, 200, fields{"_source": doc})
		} else {
			say(w, 404, fields{"found": false})
		}
	case "_search":
		var q struct {
			Size  int
			Query struct {
				Bool struct {
					Should []struct {
						Feature struct {
							Field string
							Boost float64
						} `json:"rank_feature"`
					}
				}
				Sparse struct {
					Prune  *bool
					Vector map[string]float64 `json:"query_vector"`
				} `json:"sparse_vector"`
			}
		}
		json.Unmarshal([]byte(body), &q)
		asked := q.Query.Sparse.Vector
		if f.kind == "opensearch" {
			asked = map[string]float64{}
			for _, s := range q.Query.Bool.Should {
				asked[strings.TrimPrefix(s.Feature.Field, "v.")] = s.Feature.Boost
			}
		} else if q.Query.Sparse.Prune == nil || *q.Query.Sparse.Prune || !strings.Contains(body, "exclude_vectors") {
			say(w, 400, fields{"error": fields{"type": "test", "reason": "the vector would be pruned, or left out"}})
			return
		}
		docs, scores := f.best(name, func(d fields) map[string]float64 { return weights(d["v"]) }, asked, q.Size, true)
		hits := []fields{}
		for i, d := range docs {
			hits = append(hits, fields{"_score": scores[i], "_source": f.docs[name][d]})
		}
		say(w, 200, fields{"timed_out": false, "_shards": fields{"total": 1, "successful": 1}, "hits": fields{"hits": hits}})
	}
}

func (f *fake) qdrant(w http.ResponseWriter, r *http.Request, body string) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if parts[0] == "" {
		say(w, 200, fields{"title": "qdrant - vector search engine", "version": "1.16.2"})
		return
	}
	name := parts[1]
	result := func(v any) { say(w, 200, fields{"result": v, "status": "ok"}) }
	if len(parts) == 3 && parts[2] == "exists" {
		result(fields{"exists": f.made[name] != nil})
		return
	}
	if f.made[name] == nil && !(r.Method == "PUT" && len(parts) == 2) {
		say(w, 404, fields{"status": fields{"error": "Not found: Collection `" + name + "` doesn't exist!"}})
		return
	}
	var in struct {
		IDs    []int
		Points []struct {
			ID      int
			Payload fields
			Vector  any
		}
		Query struct {
			Indices []int
			Values  []float64
		}
		Limit int
	}
	json.Unmarshal([]byte(body), &in)
	switch {
	case len(parts) == 2 && r.Method == "PUT":
		f.made[name] = json.RawMessage(body)
		result(true)
	case len(parts) == 2 && r.Method == "DELETE":
		delete(f.made, name)
		delete(f.docs, name)
		result(true)
	case len(parts) == 2:
		result(fields{"config": fields{"params": f.made[name]}})
	case parts[2] == "points" && len(parts) == 3 && r.Method == "PUT":
		for _, p := range in.Points {
			f.put(name, p.ID, fields{"payload": p.Payload, "vector": p.Vector})
		}
		result(fields{})
	case parts[2] == "points" && len(parts) == 3:
		found := []any{}
		for _, n := range in.IDs {
			if d := f.docs[name][n]; d != nil {
				found = append(found, d)
			}
		}
		result(found)
	case parts[3] == "count":
		result(fields{"count": len(f.docs[name])})
	case parts[3] == "query":
		asked := map[string]float64{}
		for i, t := range in.Query.Indices {
			asked[strconv.Itoa(t)] = in.Query.Values[i]
		}
		docs, scores := f.best(name, func(d fields) map[string]float64 {
			v := d["vector"].(fields)["parley"].(fields)
			all := map[string]float64{}
			for i, t := range v["indices"].([]any) {
				all[fmt.Sprint(t)] = v["values"].([]any)[i].(float64)
			}
			return all
		}, asked, in.Limit, false)
		points := []fields{}
		for i, d := range docs {
			points = append(points, fields{"id": d, "score": scores[i], "payload": f.docs[name][d]["payload"], "vector": f.docs[name][d]["vector"]})
		}
		result(fields{"points": points})
	}
}

func (f *fake) milvus(w http.ResponseWriter, r *http.Request, body string) {
	path, ok := strings.CutPrefix(r.URL.Path, "/v2/vectordb/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	var in struct {
		Name  string `json:"collectionName"`
		Data  []fields
		ID    []int
		Limit int
	}
	json.Unmarshal([]byte(body), &in)
	data := func(v any) { say(w, 200, fields{"code": 0, "data": v}) }
	made := f.made[in.Name] != nil
	if !made && path != "collections/list" && path != "collections/has" && path != "collections/create" && path != "collections/drop" {
		say(w, 200, fields{"code": 100, "message": "can't find collection[" + in.Name + "]"})
		return
	}
	switch path {
	case "collections/has":
		data(fields{"has": made})
	case "collections/create":
		f.made[in.Name] = json.RawMessage(body)
		data(fields{})
	case "collections/drop":
		delete(f.made, in.Name)
		delete(f.docs, in.Name)
		data(fields{})
	case "collections/describe":
		data(fields{"fields": []fields{{"name": "doc", "type": "Int64"}, {"name": "v", "type": "SparseFloatVector"}}})
	case "collections/list", "collections/load":
		data([]string{})
	case "entities/upsert":
		for _, d := range in.Data {
			if len(weights(d["v"])) == 0 {
				say(w, 200, fields{"code": 1100, "message": "empty sparse float vector row"})
				return
			}
			f.put(in.Name, int(d["doc"].(float64)), d)
		}
		data(fields{})
	case "entities/query":
		data([]fields{{"count(*)": len(f.docs[in.Name])}})
	case "entities/get":
		found := []any{}
		for _, n := range in.ID {
			if d := f.docs[in.Name][n]; d != nil {
				found = append(found, d)
			}
		}
		data(found)
	case "entities/search":
		docs, scores := f.best(in.Name, func(d fields) map[string]float64 { return weights(d["v"]) }, weights(in.Data[0]), in.Limit, false)
		rows := []fields{}
		for i, d := range docs {
			row := maps.Clone(f.docs[in.Name][d])
			row["distance"] = scores[i]
			rows = append(rows, row)
		}
		data(rows)
	}
}

var kinds = []string{"opensearch", "elasticsearch", "qdrant", "milvus"}

func load(t *testing.T, c *Collection, address string, o LoadOptions) *Loaded {
	t.Helper()
	if o.Batch == 0 {
		o.Batch = 10
	}
	l, err := Load(t.Context(), c, address, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// ranksAlike asks an engine that was loaded and compares hits, texts and explanations with
// the index's.
func ranksAlike(t *testing.T, c *Collection, address string) {
	t.Helper()
	l, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got, want := l.About.About(), c.Passages.About(); got != want || l.About.Len() == 0 {
		t.Errorf("the collection is %+v, wanted %+v", got, want)
	}
	source, searcher := l.Source(t.Context()), c.Index.NewSearcher()
	for i, q := range queries(c, 30) {
		for _, k := range []int{1, 7, 20} {
			got, cost, err := source.Search(q, k)
			if err != nil {
				t.Fatal(err)
			}
			want, wanted := searcher.Search(q, k)
			if !slices.Equal(got, want) || cost != wanted {
				t.Fatalf("query %d, the best %d:\n got %v %+v\nwant %v %+v", i, k, got, cost, want, wanted)
			}
			for _, h := range got {
				if err := source.Bring([]uint32{h.Doc}); err != nil {
					t.Fatal(err)
				}
				if p := c.Passages.At(int(h.Doc)); source.Passage(h.Doc) != p {
					t.Errorf("passage %d is %+v, wanted %+v", h.Doc, source.Passage(h.Doc), p)
				}
				if got, want := source.Explain(q, h.Doc), c.Index.Explain(q, h.Doc); !slices.Equal(got, want) {
					t.Errorf("document %d: %v, wanted %v", h.Doc, got, want)
				}
			}
		}
	}
	if hits, _, err := source.Search(queries(c, 1)[0], 0); err != nil || len(hits) > 0 {
		t.Errorf("%v, %v for the best 0", hits, err)
	}
}

func TestALoadedEngineRanksAsTheIndex(t *testing.T) {
	c := collection(t, 200)
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			f, url := serveFake(t, kind)
			if l := load(t, c, url, LoadOptions{Shards: 3}); l.Passages != 200 || l.Kept != 0 {
				t.Errorf("%+v", l)
			}
			ranksAlike(t, c, url)
			if !slices.ContainsFunc(slices.Collect(maps.Values(f.made)), func(made json.RawMessage) bool {
				return strings.Contains(string(made), `"number_of_shards": 3`) || strings.Contains(string(made), `"shard_number":3`) || strings.Contains(string(made), `"shardsNum":3`)
			}) {
				t.Errorf("no index has three shards: %s", f.made)
			}
			// Once more, it writes nothing.
			if l := load(t, c, url, LoadOptions{}); l.Kept != 200 {
				t.Errorf("the second time: %+v", l)
			}
			// Under another name it is another.
			if _, err := Open(t.Context(), url+"#other"); err == nil || !strings.Contains(err.Error(), "holds no collection") {
				t.Errorf("another name: %v", err)
			}
		})
	}
}

func TestSQLiteAnswersAsTheIndex(t *testing.T) {
	c := collection(t, 200)
	dir := t.TempDir()
	export(t, sqlite, c, dir, 0)
	ranksAlike(t, c, dir+"/parley.db")
	ranksAlike(t, c, "sqlite:"+dir+"/parley.db")
	if _, err := Load(t.Context(), c, dir+"/parley.db", LoadOptions{}); err == nil || !strings.Contains(err.Error(), "parley export --to sqlite") {
		t.Errorf("%v", err)
	}
	if _, err := Open(t.Context(), dir+"/absent.db"); err == nil || !strings.Contains(err.Error(), "absent.db") {
		t.Errorf("%v", err)
	}
}

// Wherever a load stops, what is there is not taken for whole, and the next load continues.
func TestALoadThatStoppedContinues(t *testing.T) {
	c := collection(t, 60)
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			stopped := 0
			for stop := 1; stop < 40; stop += 6 {
				f, url := serveFake(t, kind)
				ctx, cancel := context.WithCancel(t.Context())
				asked := 0
				f.before = func(http.ResponseWriter, *http.Request, string) bool {
					f.mu.Lock()
					defer f.mu.Unlock()
					if asked++; asked == stop {
						cancel()
					}
					return false
				}
				_, err := Load(ctx, c, url, LoadOptions{Batch: 5})
				cancel()
				f.before = nil
				if err != nil {
					stopped++
				}
				if l, err := Open(t.Context(), url); err == nil { // then it is whole
					l.Close()
					ranksAlike(t, c, url)
				}
				load(t, c, url, LoadOptions{Batch: 5})
			}
			if stopped < 2 {
				t.Errorf("%d loads were stopped", stopped)
			}
		})
	}
}

// An engine that was killed and lost what it had acknowledged gets it again.
func TestWhatAnEngineLostIsWrittenAgain(t *testing.T) {
	c := collection(t, 200)
	f, url := serveFake(t, "opensearch")
	lost := false
	f.before = func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		if strings.HasSuffix(r.URL.Path, "_refresh") && !lost {
			f.mu.Lock()
			defer f.mu.Unlock()
			for n := range 30 {
				delete(f.docs["parley"], n)
			}
			lost = true
		}
		return false
	}
	var told []string
	load(t, c, url, LoadOptions{Notice: func(s string) { told = append(told, s) }})
	if len(told) != 1 || !strings.Contains(told[0], "170 passages of 200") {
		t.Errorf("told %q", told)
	}
	ranksAlike(t, c, url)
	// Once it is whole, what is lost is seen when it is asked.
	delete(f.docs["parley"], 7)
	if _, err := Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "199 passages, 200 were loaded") {
		t.Errorf("a passage was removed: %v", err)
	}
	delete(f.docs["parley-parley"], 1)
	f.docs["parley"][7] = fields{}
	if _, err := Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "altered, or a part of it is missing") {
		t.Errorf("a note was removed: %v", err)
	}
	for note, doc := range f.docs["parley-parley"] {
		if note == 0 {
			older, _ := json.Marshal(marker{Parley: "collection", Version: markerVersion - 1, Whole: true})
			doc["data"] = base64.StdEncoding.EncodeToString(older)
		}
	}
	if _, err := Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "loaded by another version of Parley") {
		t.Errorf("an older load: %v", err)
	}
}

func TestEnginesThatCannot(t *testing.T) {
	c := collection(t, 50)
	other := collection(t, 50)
	other.Hash[0] = 1
	answer := func(status int, body string) func(http.ResponseWriter, *http.Request, string) bool {
		return func(w http.ResponseWriter, r *http.Request, _ string) bool {
			if !strings.Contains(r.URL.Path, "_bulk") {
				return false
			}
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(status)
			io.WriteString(w, body)
			return true
		}
	}
	flood := `{"error":{"type":"cluster_block_exception","reason":"index [parley] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"}}`
	for name, x := range map[string]struct {
		before func(http.ResponseWriter, *http.Request, string) bool
		says   string
		most   int // of requests to _bulk
	}{
		"full":               {answer(429, flood), "its disk is full", writers},
		"full, an item":      {answer(200, `{"errors":true,"items":[{"index":{"_id":"3","status":429,"error":{"type":"cluster_block_exception","reason":"disk usage exceeded flood-stage watermark"}}}]}`), "its disk is full", writers},
		"busy":               {answer(429, `{"error":{"type":"es_rejected_execution_exception","reason":"rejected execution of coordinating operation"}}`), "rejected execution of coordinating operation; given up after 4 tries", 4 * writers},
		"an item is refused": {answer(200, `{"errors":true,"items":[{"index":{"_id":"3","status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [v]"}}}]}`), "refuses passage 3: mapper_parsing_exception: failed to parse field [v]", writers},
		"elsewhere":          {answer(307, ""), "sends elsewhere (307", writers},
		"no credentials":     {answer(401, "{}"), "refuses the credentials (401 Unauthorized); they are read from PARLEY_ENGINE_USER", writers},
		"no JSON":            {answer(200, "<html>"), "no JSON of its interface", writers},
		"starting":           {answer(503, `{}`), "503 Service Unavailable", 4 * writers},
	} {
		t.Run(name, func(t *testing.T) {
			f, url := serveFake(t, "opensearch")
			f.before = x.before
			_, err := Load(t.Context(), c, url, LoadOptions{Batch: 10})
			if err == nil || !strings.Contains(err.Error(), x.says) || !strings.HasPrefix(err.Error(), "OpenSearch 2.19.6: ") {
				t.Errorf("%v, wanted %q", err, x.says)
			}
			asked := 0
			for _, line := range f.log {
				if strings.Contains(line, "_bulk") {
					asked++
				}
			}
			if asked == 0 || asked > x.most {
				t.Errorf("asked %d times, wanted at most %d", asked, x.most)
			}
			if _, err := Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "its load was not finished, at passage 0 of 50") {
				t.Errorf("half a load: %v", err)
			}
			f.before = nil
			load(t, c, url, LoadOptions{})
			ranksAlike(t, c, url)
		})
	}

	t.Run("down", func(t *testing.T) {
		s := httptest.NewServer(http.NotFoundHandler())
		s.Close()
		for _, run := range []func() error{
			func() error { _, err := Load(t.Context(), c, s.URL, LoadOptions{}); return err },
			func() error { _, err := Open(t.Context(), s.URL); return err },
		} {
			if err := run(); err == nil || !strings.Contains(err.Error(), "it does not answer") || !strings.Contains(err.Error(), "given up after 4 tries") {
				t.Errorf("%v", err)
			}
		}
	})
	t.Run("something else", func(t *testing.T) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"hello": "there"}`) }))
		defer s.Close()
		if _, err := Open(t.Context(), s.URL); err == nil || !strings.Contains(err.Error(), "neither OpenSearch, Elasticsearch and Qdrant nor Milvus") {
			t.Errorf("%v", err)
		}
	})
	t.Run("too old", func(t *testing.T) {
		for version, says := range map[string]string{
			`{"version":{"number":"1.3.0","distribution":"opensearch"}}`: "OpenSearch 1.3.0: wanted 2.0 or later",
			`{"version":{"number":"8.9.1"}}`:                             "Elasticsearch 8.9.1: wanted 8.15 or later",
			`{"title":"qdrant - vector search engine","version":"1.6"}`:  "Qdrant 1.6: wanted 1.10 or later",
		} {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, version) }))
			if _, err := Open(t.Context(), s.URL); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v, wanted %q", err, says)
			}
			s.Close()
		}
	})
	t.Run("slow", func(t *testing.T) {
		f, url := serveFake(t, "opensearch")
		load(t, c, url, LoadOptions{})
		l, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		l.wait = 50 * time.Millisecond
		release := make(chan struct{})
		f.before = func(_ http.ResponseWriter, r *http.Request, _ string) bool { <-release; return false }
		if _, _, err := l.Source(t.Context()).Search(queries(c, 1)[0], 3); err == nil || !strings.Contains(err.Error(), "did not answer within 50ms") {
			t.Errorf("%v", err)
		}
		close(release)
	})
	t.Run("a shard is missing", func(t *testing.T) {
		f, url := serveFake(t, "opensearch")
		load(t, c, url, LoadOptions{})
		l, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f.before = func(w http.ResponseWriter, r *http.Request, _ string) bool {
			io.WriteString(w, `{"timed_out": false, "_shards": {"total": 3, "successful": 2}, "hits": {"hits": []}}`)
			return true
		}
		if _, _, err := l.Source(t.Context()).Search(queries(c, 1)[0], 3); err == nil || !strings.Contains(err.Error(), "only 2 of its 3 shards") {
			t.Errorf("%v", err)
		}
	})
	t.Run("another collection", func(t *testing.T) {
		f, url := serveFake(t, "opensearch")
		load(t, other, url, LoadOptions{})
		if _, err := Load(t.Context(), c, url, LoadOptions{}); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "--replace") {
			t.Errorf("%v", err)
		}
		load(t, c, url, LoadOptions{Replace: true})
		ranksAlike(t, c, url)
		f.docs["parley-parley"][0] = fields{"data": []byte("{}")}
		if _, err := Open(t.Context(), url); !errors.Is(err, ErrOther) {
			t.Errorf("a note that is not ours: %v", err)
		}
	})
	t.Run("one that says nothing", func(t *testing.T) {
		defer func(was time.Duration) { hello = was }(hello)
		hello = 20 * time.Millisecond
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer s.Close()
		if _, err := Open(t.Context(), s.URL); err == nil || !strings.Contains(err.Error(), "it does not answer within 20ms; given up after 4 tries") {
			t.Errorf("%v", err)
		}
	})
	t.Run("another mapping", func(t *testing.T) {
		f, url := serveFake(t, "opensearch")
		f.made["parley"] = json.RawMessage(`{"mappings": {"properties": {"v": {"type": "object"}}}}`)
		if _, err := Load(t.Context(), c, url, LoadOptions{}); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), ": it holds something else: the index parley has another mapping, field") {
			t.Errorf("%v", err)
		}
	})
	t.Run("somebody's documents", func(t *testing.T) {
		f, url := serveFake(t, "opensearch")
		f.made["parley"] = json.RawMessage(fmt.Sprintf(luceneMapping, rankFeatures))
		f.put("parley", 1, fields{"doc": 1})
		if _, err := Load(t.Context(), c, url, LoadOptions{}); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "1 documents") {
			t.Errorf("%v", err)
		}
	})
	t.Run("lossy", func(t *testing.T) {
		f, url := serveFake(t, "opensearch")
		load(t, c, url, LoadOptions{})
		f.score = func(s float64) float64 { return s * 1.001 }
		l, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if _, _, err := l.Source(t.Context()).Search(queries(c, 1)[0], 3); !errors.Is(err, ErrLossy) {
			t.Errorf("%v", err)
		}
	})
}

// The credentials are sent, in each engine's way, and no error shows them, not even one that
// the engine returns.
func TestCredentialsAreSentAndNeverShown(t *testing.T) {
	c := collection(t, 20)
	t.Setenv(EnvUser, "ada")
	t.Setenv(EnvPassword, "s3cret-pass")
	for _, kind := range []string{"opensearch", "qdrant", "milvus"} {
		key := ""
		if kind == "qdrant" {
			key = "s3cret-key"
		}
		t.Setenv(EnvKey, key)
		f, url := serveFake(t, kind)
		load(t, c, url, LoadOptions{})
		want := map[string]string{"opensearch": "Basic YWRhOnMzY3JldC1wYXNz", "qdrant": "s3cret-key", "milvus": "Bearer ada:s3cret-pass"}[kind]
		if last := f.log[len(f.log)-1]; !strings.Contains(last, want) {
			t.Errorf("%s: %s, wanted %s", kind, last, want)
		}
		f.before = func(w http.ResponseWriter, r *http.Request, _ string) bool {
			http.Error(w, "who is s3cret-pass with "+key+"?", 400)
			return true
		}
		if _, err := Open(t.Context(), url); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := Open(t.Context(), "http://ada:s3cret-pass@localhost:1"); err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), EnvPassword) {
		t.Errorf("%v", err)
	}
	for _, address := range []string{"", "localhost:9200", "ftp://localhost", "http://localhost#Name", "http://localhost#a-b", "http://localhost#9", "http://[::1"} {
		if _, err := Open(t.Context(), address); err == nil || !strings.Contains(err.Error(), "address") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestVersionsCompare(t *testing.T) {
	for _, x := range []struct {
		version string
		wanted  []int
		is      bool
	}{{"2.19.6", []int{2}, true}, {"1.9", []int{2}, false}, {"8.15.0", []int{8, 15}, true}, {"8.9", []int{8, 15}, false}, {"10", []int{9, 2}, true}, {"9.10.0-SNAPSHOT", []int{9, 2}, true}, {"", []int{1}, false}, {"9", []int{9, 2}, false}} {
		if atLeast(x.version, x.wanted...) != x.is {
			t.Errorf("%s is at least %v: %v", x.version, x.wanted, !x.is)
		}
	}
}

func FuzzParseSparsevec(f *testing.F) {
	f.Add("{1:2,7:31}/30522")
	f.Add("{}/5")
	f.Add("{0:1}/5")
	f.Fuzz(func(t *testing.T, s string) {
		impacts, err := parseSparsevec(s)
		if err != nil {
			return
		}
		var q []index.Factor
		for _, m := range impacts {
			q = append(q, index.Factor{Term: m.Term, Weight: uint32(m.Weight)})
		}
		if again, err := parseSparsevec(sparsevec(q, 9)); err != nil || !slices.Equal(again, impacts) {
			t.Errorf("%q is %v, and again %v, %v", s, impacts, again, err)
		}
	})
}

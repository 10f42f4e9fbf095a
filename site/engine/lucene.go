package engine

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/remote"
)

// luceneServer is OpenSearch or Elasticsearch.
type luceneServer struct {
	*rest
	name, engine, version string
	of                    *Form
}

func newLucene(r *rest, name, distribution, version string) (server, error) {
	s := &luceneServer{rest: r, name: name, engine: "Elasticsearch", version: version, of: elasticsearch}
	if distribution == "opensearch" {
		s.engine, s.of = "OpenSearch", opensearch
	}
	if s.of == opensearch && !atLeast(version, 2) {
		return nil, tooOld(s.engine, version, "2.0")
	}
	if s.of == elasticsearch && !atLeast(version, 8, 15) {
		return nil, tooOld(s.engine, version, "8.15")
	}
	return s, nil
}

func (s *luceneServer) String() string { return s.engine + " " + s.version }
func (s *luceneServer) form() *Form    { return s.of }
func (s *luceneServer) close()         { s.client.CloseIdleConnections() }
func (s *luceneServer) notes() string  { return s.name + "-parley" }

// mapping is that of the index of passages.
func (s *luceneServer) mapping() string {
	if s.of == opensearch {
		return fmt.Sprintf(luceneMapping, rankFeatures)
	}
	return fmt.Sprintf(luceneMapping, sparseVector)
}

// notesMapping says what the index of notes holds: what is not searched.
const notesMapping = `{"settings": {"index": {"number_of_shards": 1}}, "mappings": {"dynamic": false, "properties": {"data": {"type": "binary"}}}}`

func (s *luceneServer) create(ctx context.Context, _, shards int) error {
	mapping := s.mapping()
	if shards > 0 {
		mapping = strings.Replace(mapping, "{", fmt.Sprintf(`{"settings": {"index": {"number_of_shards": %d}}, `, shards), 1)
	}
	for name, body := range map[string]string{s.name: mapping, s.notes(): notesMapping} {
		err := s.call(ctx, "PUT", "/"+name, "", []byte(body), nil)
		if err != nil && !strings.Contains(err.Error(), "resource_already_exists_exception") {
			return err
		}
	}
	return s.check(ctx)
}

// check returns an error for an index that has another mapping.
func (s *luceneServer) check(ctx context.Context) error {
	var is, want map[string]struct {
		Mappings struct {
			Properties map[string]struct {
				Type string
			}
		}
	}
	if err := s.call(ctx, "GET", "/"+s.name+"/_mapping", "", nil, &is); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(`{"": `+s.mapping()+`}`), &want); err != nil {
		return err
	}
	for _, index := range is {
		for field, w := range want[""].Mappings.Properties {
			if got := index.Mappings.Properties[field].Type; got != w.Type {
				return fmt.Errorf("it %w: the index %s has another mapping, field %s is %q and not %q; name another with #NAME at the end of the address, or replace it with --replace", ErrOther, s.name, field, got, w.Type)
			}
		}
	}
	return nil
}

func (s *luceneServer) drop(ctx context.Context) error {
	for _, name := range []string{s.notes(), s.name} { // the notes first: without them nothing is taken for whole
		if err := s.call(ctx, "DELETE", "/"+name, "", nil, nil); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

func (s *luceneServer) write(ctx context.Context, c *Collection, docs []document) error {
	body, err := s.of.rows(c, docs)
	if err != nil {
		return err
	}
	var said struct {
		Errors bool
		Items  []map[string]struct {
			ID     string `json:"_id"`
			Status int
			Error  struct{ Type, Reason string }
		}
	}
	err = s.call(ctx, "POST", "/"+s.name+"/_bulk?filter_path=errors,items.*._id,items.*.status,items.*.error.type,items.*.error.reason", "application/x-ndjson", body, &said)
	if refused := (*RefusedError)(nil); errors.As(err, &refused) && refused.Status == http.StatusRequestEntityTooLarge && len(docs) > 1 {
		// Its limit is lower than usual.
		if err := s.write(ctx, c, docs[:len(docs)/2]); err != nil {
			return err
		}
		return s.write(ctx, c, docs[len(docs)/2:])
	}
	if err != nil || !said.Errors {
		return err
	}
	for _, item := range said.Items {
		for _, r := range item {
			if r.Status < 300 {
				continue
			}
			reason := s.auth.hide(fmt.Sprintf("%s: %s", r.Error.Type, r.Error.Reason))
			if full(reason) {
				return &RefusedError{r.Status, fullDisk + reason}
			}
			refused := &RefusedError{r.Status, fmt.Sprintf("it refuses passage %s: %s", r.ID, reason)}
			if r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable {
				return busyError{error: refused}
			}
			return refused
		}
	}
	return errors.New("it reports an error, and not of which passage")
}

func (s *luceneServer) settle(ctx context.Context) error {
	return s.call(ctx, "POST", "/"+s.name+"/_refresh", "", nil, nil)
}

func (s *luceneServer) count(ctx context.Context) (int, error) {
	var said struct {
		Count  *int
		Shards struct{ Total, Successful int } `json:"_shards"`
	}
	if err := s.call(ctx, "GET", "/"+s.name+"/_count", "", nil, &said); err != nil {
		if missing(err) {
			return 0, nil
		}
		return 0, err
	}
	if said.Count == nil || said.Shards.Successful != said.Shards.Total {
		return 0, busyError{error: fmt.Errorf("only %d of the %d shards of %s answer", said.Shards.Successful, said.Shards.Total, s.name)}
	}
	return *said.Count, nil
}

func (s *luceneServer) noteSize() int { return 1 << 20 }

func (s *luceneServer) put(ctx context.Context, note int, data []byte) error {
	return s.call(ctx, "PUT", fmt.Sprintf("/%s/_doc/%d?refresh=true", s.notes(), note), "", marshal(map[string]string{"data": base64.StdEncoding.EncodeToString(data)}), nil)
}

func (s *luceneServer) get(ctx context.Context, note int) ([]byte, error) {
	var said struct {
		Source struct{ Data []byte } `json:"_source"`
	}
	err := s.call(ctx, "GET", fmt.Sprintf("/%s/_doc/%d", s.notes(), note), "", nil, &said)
	if missing(err) {
		return nil, nil
	}
	return said.Source.Data, err
}

func (s *luceneServer) search(ctx context.Context, q []index.Factor, k int) ([]hit, error) {
	body := s.of.query(nil, q, k)
	source := strings.Replace(luceneSource, "]", `, "v"]`, 1)
	if s.of == elasticsearch && atLeast(s.version, 9, 2) { // from there on it leaves vectors out
		source = `{"includes": ` + source + `, "exclude_vectors": false}`
	}
	body = strings.Replace(body, luceneSource, source, 1)
	var said struct {
		TimedOut bool                            `json:"timed_out"`
		Shards   struct{ Total, Successful int } `json:"_shards"`
		Hits     struct {
			Hits []struct {
				Score  float64 `json:"_score"`
				Source struct {
					Doc *uint32
					passages.Passage
					V map[string]float64
				} `json:"_source"`
			}
		}
	}
	if err := s.call(ctx, "POST", "/"+s.name+"/_search", "", []byte(body), &said); err != nil {
		if strings.Contains(err.Error(), "too_many_clauses") || strings.Contains(err.Error(), "maxClauseCount") {
			return nil, fmt.Errorf("the question has %d terms, more than its setting indices.query.bool.max_clause_count allows: %w", len(q), err)
		}
		return nil, err
	}
	if said.TimedOut || said.Shards.Successful != said.Shards.Total {
		return nil, fmt.Errorf("only %d of its %d shards answered in time; a ranking without the others would be wrong", said.Shards.Successful, said.Shards.Total)
	}
	shift := featureShift(q)
	var hits []hit
	for _, h := range said.Hits.Hits {
		if h.Source.Doc == nil {
			return nil, errors.New("it returns a document that has no field doc: it is not from `parley load`")
		}
		impacts, err := impactsOf(h.Source.V)
		if err != nil {
			return nil, err
		}
		hits = append(hits, hit{remote.Found{Doc: *h.Source.Doc, Impacts: impacts, Passage: h.Source.Passage},
			// It prints a float32 in the fewest digits that name it.
			float64(float32(h.Score)) * float64(uint64(1)<<shift)})
	}
	return hits, nil
}

// impactsOf reads a vector as engines return it, in any order of its terms.
func impactsOf(v map[string]float64) ([]index.Impact, error) {
	var impacts []index.Impact
	for name, w := range v {
		term, err := strconv.ParseUint(name, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%w: term %q, and terms are numbers", ErrLossy, name)
		}
		m, err := impactOf(uint32(term), w)
		if err != nil {
			return nil, err
		}
		impacts = append(impacts, m)
	}
	return impacts, nil
}

// impactOf reads a term's weight as engines return it.
func impactOf(term uint32, w float64) (index.Impact, error) {
	if w != float64(byte(w)) || w == 0 {
		return index.Impact{}, fmt.Errorf("%w: term %d has the weight %v, and impacts are whole numbers from 1 to 255", ErrLossy, term, w)
	}
	return index.Impact{Term: term, Weight: byte(w)}, nil
}

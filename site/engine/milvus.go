package engine

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/remote"
)

// milvusServer is Milvus 2.4 or later by its REST interface, version 2. Its own Go client
// links 107 modules: RATIONALE.md.
type milvusServer struct {
	*rest
	name string
}

func newMilvus(ctx context.Context, r *rest, name string) (server, error) {
	r.header = func(h http.Header, c credentials) { h.Set("Authorization", "Bearer "+c.key) }
	if r.auth.key == "" && r.auth.user != "" { // its token
		r.auth.key = r.auth.user + ":" + r.auth.password
		r.auth.user = ""
	}
	s := &milvusServer{r, name}
	return s, s.do(ctx, "collections/list", map[string]any{}, nil)
}

func (s *milvusServer) String() string { return "Milvus" }
func (s *milvusServer) form() *Form    { return milvus }
func (s *milvusServer) close()         { s.client.CloseIdleConnections() }
func (s *milvusServer) notes() string  { return s.name + "_parley" }

// do calls an interface of Milvus, whose answers have a code of their own: 0, or that of an
// error.
func (s *milvusServer) do(ctx context.Context, path string, body, out any) error {
	var said struct {
		Code    *int
		Message string
		Data    json.RawMessage
	}
	if err := s.call(ctx, "POST", "/v2/vectordb/"+path, "", marshal(body), &said); err != nil {
		return err
	}
	switch {
	case said.Code == nil:
		return &RefusedError{0, "its answer is not that of Milvus's interface, version 2"}
	case *said.Code == 0 || *said.Code == 200:
	case *said.Code == 100: // collection not found
		return &RefusedError{http.StatusNotFound, s.auth.hide(said.Message)}
	case *said.Code == 9 || *said.Code == 8 || *said.Code == 5 || *said.Code == 1: // rate limit, memory, service not ready
		return busyError{error: &RefusedError{http.StatusTooManyRequests, s.auth.hide(said.Message)}}
	default:
		return &RefusedError{0, fmt.Sprintf("code %d: %s", *said.Code, s.auth.hide(said.Message))}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(said.Data, out); err != nil {
		return fmt.Errorf("its answer to %s: %w", path, err)
	}
	return nil
}

// The bytes of Milvus's texts.
const milvusText = 65535

func (s *milvusServer) create(ctx context.Context, _, shards int) error {
	field := func(name, kind string, params map[string]any) map[string]any {
		f := map[string]any{"fieldName": name, "dataType": kind, "isPrimary": name == "doc"}
		if params != nil {
			f["elementTypeParams"] = params
		}
		return f
	}
	text := map[string]any{"max_length": milvusText}
	doc, v := field("doc", "Int64", nil), field("v", "SparseFloatVector", nil)
	make := func(name string, shards int, fields ...any) error {
		body := map[string]any{"collectionName": name,
			"schema": map[string]any{"autoId": false, "enabledDynamicField": false, "fields": fields},
			"indexParams": []any{map[string]any{"fieldName": "v", "indexName": "v", "metricType": "IP", "indexType": "SPARSE_INVERTED_INDEX",
				"params": map[string]any{"index_type": "SPARSE_INVERTED_INDEX", "drop_ratio_build": 0}}},
			"params": map[string]any{"consistencyLevel": "Strong"}}
		if shards > 0 {
			body["params"].(map[string]any)["shardsNum"] = shards
		}
		return s.do(ctx, "collections/create", body, nil)
	}
	if has, err := s.has(ctx, s.name); err != nil {
		return err
	} else if !has {
		if err := make(s.name, shards, doc, field("id", "VarChar", text), field("title", "VarChar", text), field("text", "VarChar", text), field("url", "VarChar", text), field("page", "Int64", nil), v); err != nil {
			return err
		}
	}
	if has, err := s.has(ctx, s.notes()); err != nil {
		return err
	} else if !has {
		if err := make(s.notes(), 0, doc, field("data", "VarChar", text), v); err != nil { // it takes no collection without a vector
			return err
		}
	}
	var is struct {
		Fields []struct{ Name, Type string }
	}
	if err := s.do(ctx, "collections/describe", map[string]any{"collectionName": s.name}, &is); err != nil {
		return err
	}
	for _, f := range is.Fields {
		if f.Name == "v" && f.Type == "SparseFloatVector" {
			return nil
		}
	}
	return fmt.Errorf("it %w: the collection %s has no field v of sparse vectors; name another with #NAME at the end of the address, or replace it with --replace", ErrOther, s.name)
}

func (s *milvusServer) has(ctx context.Context, name string) (bool, error) {
	var is struct{ Has bool }
	err := s.do(ctx, "collections/has", map[string]any{"collectionName": name}, &is)
	return is.Has, err
}

func (s *milvusServer) drop(ctx context.Context) error {
	for _, name := range []string{s.notes(), s.name} {
		if err := s.do(ctx, "collections/drop", map[string]any{"collectionName": name}, nil); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

func (s *milvusServer) write(ctx context.Context, c *Collection, docs []document) error {
	var rows []json.RawMessage
	for _, d := range docs {
		if len(d.impacts) == 0 {
			continue // it takes no empty vector, and none can be found
		}
		for _, text := range []string{d.passage.ID, d.passage.Title, d.passage.Text, d.passage.URL} {
			if len(text) > milvusText {
				return fmt.Errorf("passage %d (%s) has a text of %d bytes, and Milvus takes %d; index with shorter passages", d.doc, d.passage.ID, len(text), milvusText)
			}
		}
		row, err := milvus.rows(c, []document{d})
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	return s.do(ctx, "entities/upsert", map[string]any{"collectionName": s.name, "data": rows}, nil)
}

// settle loads the collection, so that it can be searched.
func (s *milvusServer) settle(ctx context.Context) error {
	return s.do(ctx, "collections/load", map[string]any{"collectionName": s.name}, nil)
}

func (s *milvusServer) count(ctx context.Context) (int, error) {
	if has, err := s.has(ctx, s.name); err != nil || !has {
		return 0, err
	}
	var rows []map[string]json.RawMessage
	err := s.do(ctx, "entities/query", map[string]any{"collectionName": s.name, "filter": "", "outputFields": []string{"count(*)"}, "limit": 0}, &rows)
	if err != nil || len(rows) == 0 {
		return 0, cmp.Or(err, errors.New("it does not count its rows"))
	}
	return strconv.Atoi(string(rows[0]["count(*)"]))
}

func (s *milvusServer) noteSize() int { return 48_000 } // within a text in base64

func (s *milvusServer) put(ctx context.Context, note int, data []byte) error {
	return s.do(ctx, "entities/upsert", map[string]any{"collectionName": s.notes(), "data": []any{
		map[string]any{"doc": note, "data": base64.StdEncoding.EncodeToString(data), "v": map[string]int{"0": 1}}}}, nil)
}

func (s *milvusServer) get(ctx context.Context, note int) ([]byte, error) {
	if has, err := s.has(ctx, s.notes()); err != nil || !has {
		return nil, err
	}
	var rows []struct{ Data []byte }
	err := s.do(ctx, "entities/get", map[string]any{"collectionName": s.notes(), "id": []int{note}, "outputFields": []string{"data"}}, &rows)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Data, nil
}

func (s *milvusServer) search(ctx context.Context, q []index.Factor, k int) ([]hit, error) {
	v := map[string]uint32{}
	for _, f := range q {
		v[strconv.Itoa(int(f.Term))] = f.Weight
	}
	return deep(k, func(limit int) ([]hit, error) {
		var rows []struct {
			Doc      uint32
			Distance float64
			passages.Passage
			V map[string]float64
		}
		err := s.do(ctx, "entities/search", map[string]any{"collectionName": s.name, "data": []any{v}, "annsField": "v", "limit": limit,
			"outputFields": []string{"doc", "id", "title", "text", "url", "page", "v"}, "consistencyLevel": "Strong",
			"searchParams": map[string]any{"metricType": "IP", "params": map[string]any{"drop_ratio_search": 0}}}, &rows)
		if err != nil {
			return nil, err
		}
		var hits []hit
		for _, r := range rows {
			impacts, err := impactsOf(r.V)
			if err != nil {
				return nil, err
			}
			hits = append(hits, hit{remote.Found{Doc: r.Doc, Impacts: impacts, Passage: r.Passage}, float64(float32(r.Distance))})
		}
		return hits, nil
	})
}

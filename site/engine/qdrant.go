package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"parley/shared/index"
	"parley/shared/passages"
	"parley/shared/remote"
)

// qdrantServer is Qdrant by its REST interface. Its own Go client speaks gRPC: RATIONALE.md
// says what that would weigh.
type qdrantServer struct {
	*rest
	name, version string
}

func newQdrant(r *rest, name, version string) (server, error) {
	if !atLeast(version, 1, 10) {
		return nil, tooOld("Qdrant", version, "1.10")
	}
	r.header = func(h http.Header, c credentials) { h.Set("api-key", c.key) }
	return &qdrantServer{r, name, version}, nil
}

func (s *qdrantServer) String() string { return "Qdrant " + s.version }
func (s *qdrantServer) form() *Form    { return qdrant }
func (s *qdrantServer) close()         { s.client.CloseIdleConnections() }
func (s *qdrantServer) notes() string  { return s.name + "-parley" }

func (s *qdrantServer) create(ctx context.Context, _, shards int) error {
	vectors := map[string]any{"vectors": struct{}{}, "sparse_vectors": map[string]any{"parley": struct{}{}}}
	if shards > 0 {
		vectors["shard_number"] = shards
	}
	for name, body := range map[string]any{s.name: vectors, s.notes(): map[string]any{"vectors": struct{}{}}} {
		var is struct{ Result struct{ Exists bool } }
		err := s.call(ctx, "GET", "/collections/"+name+"/exists", "", nil, &is)
		if err == nil && !is.Result.Exists {
			err = s.call(ctx, "PUT", "/collections/"+name, "", marshal(body), nil)
		}
		if err != nil {
			return err
		}
	}
	var is struct {
		Result struct {
			Config struct {
				Params struct {
					Sparse map[string]struct{ Modifier string } `json:"sparse_vectors"`
				}
			}
		}
	}
	if err := s.call(ctx, "GET", "/collections/"+s.name, "", nil, &is); err != nil {
		return err
	}
	if v, ok := is.Result.Config.Params.Sparse["parley"]; !ok || v.Modifier != "" && v.Modifier != "none" {
		return fmt.Errorf("it %w: the collection %s has no sparse vector parley without a modifier; name another with #NAME at the end of the address, or replace it with --replace", ErrOther, s.name)
	}
	return nil
}

func (s *qdrantServer) drop(ctx context.Context) error {
	for _, name := range []string{s.notes(), s.name} {
		if err := s.call(ctx, "DELETE", "/collections/"+name, "", nil, nil); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

func (s *qdrantServer) write(ctx context.Context, c *Collection, docs []document) error {
	body, err := qdrant.rows(c, docs)
	if err != nil {
		return err
	}
	return s.call(ctx, "PUT", "/collections/"+s.name+"/points?wait=true", "", body, nil)
}

func (s *qdrantServer) settle(context.Context) error { return nil } // it waited for each request

func (s *qdrantServer) count(ctx context.Context) (int, error) {
	var said struct{ Result struct{ Count int } }
	err := s.call(ctx, "POST", "/collections/"+s.name+"/points/count", "", []byte(`{"exact": true}`), &said)
	if missing(err) {
		return 0, nil
	}
	return said.Result.Count, err
}

func (s *qdrantServer) noteSize() int { return 1 << 20 }

func (s *qdrantServer) put(ctx context.Context, note int, data []byte) error {
	point := map[string]any{"id": note, "vector": struct{}{}, "payload": map[string][]byte{"data": data}}
	return s.call(ctx, "PUT", "/collections/"+s.notes()+"/points?wait=true", "", marshal(map[string]any{"points": []any{point}}), nil)
}

func (s *qdrantServer) get(ctx context.Context, note int) ([]byte, error) {
	var said struct {
		Result []struct{ Payload struct{ Data []byte } }
	}
	err := s.call(ctx, "POST", "/collections/"+s.notes()+"/points", "", marshal(map[string]any{"ids": []int{note}, "with_payload": true}), &said)
	if missing(err) || err == nil && len(said.Result) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return said.Result[0].Payload.Data, nil
}

func (s *qdrantServer) search(ctx context.Context, q []index.Factor, k int) ([]hit, error) {
	return deep(k, func(limit int) ([]hit, error) {
		var query map[string]any
		if err := json.Unmarshal([]byte(qdrantQuery(nil, q, limit)), &query); err != nil {
			return nil, err
		}
		query["with_vector"] = []string{"parley"}
		var said struct {
			Result struct {
				Points []struct {
					ID      uint32
					Score   float64
					Payload passages.Passage
					Vector  map[string]struct {
						Indices []uint32
						Values  []float64
					}
				}
			}
		}
		if err := s.call(ctx, "POST", "/collections/"+s.name+"/points/query", "", marshal(query), &said); err != nil {
			return nil, err
		}
		var hits []hit
		for _, p := range said.Result.Points {
			h := hit{remote.Found{Doc: p.ID, Passage: p.Payload}, float64(float32(p.Score))}
			v := p.Vector["parley"]
			for i, term := range v.Indices[:min(len(v.Indices), len(v.Values))] {
				m, err := impactOf(term, v.Values[i])
				if err != nil {
					return nil, err
				}
				h.Impacts = append(h.Impacts, m)
			}
			hits = append(hits, h)
		}
		return hits, nil
	})
}

package engine

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"strings"

	"parley/shared/durable"
	"parley/shared/index"
	"parley/shared/passages"
)

// OpenSearch: a field of rank features. A query of linear functions with boosts computes
// the sum of weight x feature.
// https://docs.opensearch.org/latest/query-dsl/specialized/rank-feature/
var opensearch = &Form{
	Name: "opensearch", About: "OpenSearch: bulk requests and a mapping, vectors as rank_features",
	ext: ".ndjson", passage: bulk,
	head: func(c *Collection, q Example) (map[string]string, error) {
		return lucene(c, q, "OpenSearch", rankFeatures, opensearchQuery)
	},
	query: opensearchQuery,
}

// Elasticsearch: a sparse_vector without pruning.
// https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/sparse-vector
var elasticsearch = &Form{
	Name: "elasticsearch", About: "Elasticsearch 8.15 or later: bulk requests and a mapping, vectors as sparse_vector",
	ext: ".ndjson", passage: bulk,
	head: func(c *Collection, q Example) (map[string]string, error) {
		return lucene(c, q, "Elasticsearch", sparseVector, elasticsearchQuery)
	},
	query: elasticsearchQuery,
}

// Qdrant: points with a named sparse vector, in bodies of its REST interface.
// https://qdrant.tech/documentation/concepts/vectors/
var qdrant = &Form{
	Name: "qdrant", About: "Qdrant: points with a sparse vector, in bodies for its REST interface",
	ext: ".json", before: `{"points":[` + "\n", between: ",\n", after: "\n]}\n",
	passage: func(w *bufio.Writer, c *Collection, doc int, p passages.Passage, v []index.Impact) error {
		if err := object(w, doc, `{"id":`+strconv.Itoa(doc)+`,"payload":{`, p); err != nil {
			return err
		}
		w.WriteString(`},"vector":{"parley":{"indices":[`)
		list(w, v, func(m index.Impact) uint32 { return m.Term })
		w.WriteString(`],"values":[`)
		list(w, v, func(m index.Impact) uint32 { return uint32(m.Weight) })
		_, err := w.WriteString(`]}}}`)
		return err
	},
	head: func(c *Collection, q Example) (map[string]string, error) {
		return map[string]string{
			"collection.json": `{"vectors": {}, "sparse_vectors": {"parley": {}}}` + "\n",
			"query.json":      qdrantQuery(c, q.Factors, 10),
			"README.md": readme(c, q, "Qdrant", `curl -X PUT -H 'Content-Type: application/json' --data-binary @collection.json "$URL/collections/parley"
for part in part-*.json; do
  curl -X PUT -H 'Content-Type: application/json' --data-binary "@$part" "$URL/collections/parley/points?wait=true"
done`, `curl -X POST -H 'Content-Type: application/json' --data-binary @query.json "$URL/collections/parley/points/query"`),
		}, nil
	},
	query: qdrantQuery,
}

func qdrantQuery(c *Collection, q []index.Factor, k int) string {
	var terms, weights []string
	for _, f := range q {
		terms, weights = append(terms, strconv.Itoa(int(f.Term))), append(weights, strconv.Itoa(int(f.Weight)))
	}
	return fmt.Sprintf(`{"query": {"indices": [%s], "values": [%s]}, "using": "parley", "limit": %d, "with_payload": true}`+"\n",
		strings.Join(terms, ", "), strings.Join(weights, ", "), k)
}

// Milvus: rows with a SPARSE_FLOAT_VECTOR, inner product.
// https://milvus.io/docs/sparse_vector.md
var milvus = &Form{
	Name: "milvus", About: "Milvus: rows with a sparse vector, and a script that loads them",
	ext: ".jsonl", between: "\n", after: "\n",
	passage: func(w *bufio.Writer, c *Collection, doc int, p passages.Passage, v []index.Impact) error {
		if err := object(w, doc, `{`, p); err != nil {
			return err
		}
		w.WriteString(`,"v":`)
		numbered(w, v)
		return w.WriteByte('}')
	},
	head: func(c *Collection, q Example) (map[string]string, error) {
		return map[string]string{"load.py": milvusLoad, "query.json": milvusQuery(c, q.Factors, 10),
			"README.md": readme(c, q, "Milvus", `pip install pymilvus      # and milvus-lite, to try it in a file: URL=./milvus.db
python3 load.py "$URL"`, `python3 load.py "$URL" query.json`)}, nil
	},
	query: milvusQuery,
}

func milvusQuery(c *Collection, q []index.Factor, k int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"limit": %d, "v": {`, k)
	for i, f := range q {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `"%d": %d`, f.Term, f.Weight)
	}
	b.WriteString("}}\n")
	return b.String()
}

const milvusLoad = `"""Loads the parts beside this file into Milvus, or asks it:

    python3 load.py URL              loads
    python3 load.py URL QUERY.json   prints the best passages

URL is a server's address, or the name of a file for milvus-lite. MILVUS_TOKEN may hold
the server's token. Loading twice gives the same rows."""
import glob, json, os, sys
from pymilvus import DataType, MilvusClient

client = MilvusClient(uri=sys.argv[1], token=os.environ.get("MILVUS_TOKEN", ""))
here = os.path.dirname(os.path.abspath(__file__))
vector = lambda v: {int(term): float(weight) for term, weight in v.items()}
if len(sys.argv) > 2:
    q = json.load(open(sys.argv[2]))
    client.load_collection("parley")
    hits = client.search("parley", data=[vector(q["v"])], anns_field="v", limit=q["limit"], output_fields=["id", "title"],
                         search_params={"metric_type": "IP", "params": {"drop_ratio_search": 0.0}})[0]
    for hit in sorted(hits, key=lambda h: (-h["distance"], h["doc"])):
        print(f'{hit["distance"]:.0f}\t{hit["doc"]}\t{hit["entity"]["title"]}')
    sys.exit()
if not client.has_collection("parley"):
    schema = client.create_schema()
    schema.add_field("doc", DataType.INT64, is_primary=True)
    for name in "id", "title", "text", "url":
        schema.add_field(name, DataType.VARCHAR, max_length=65535)
    schema.add_field("page", DataType.INT64)
    schema.add_field("v", DataType.SPARSE_FLOAT_VECTOR)
    index = client.prepare_index_params()
    index.add_index("v", index_type="SPARSE_INVERTED_INDEX", metric_type="IP", params={"drop_ratio_build": 0.0})
    client.create_collection("parley", schema=schema, index_params=index)
empty = 0
for part in sorted(glob.glob(os.path.join(here, "part-*.jsonl"))):
    rows = []
    for line in open(part, encoding="utf-8"):
        row = json.loads(line)
        row["v"] = vector(row["v"])
        if row["v"]:  # Milvus takes no empty vector, and none can be found
            rows.append(row)
        else:
            empty += 1
    for i in range(0, len(rows), 500):
        client.upsert("parley", rows[i:i + 500])
    print(part, len(rows))
client.flush("parley") if hasattr(client, "flush") else None
client.load_collection("parley")
print(f"{empty} passages without a term were left out")
`

// PostgreSQL with pgvector: a column of type sparsevec, whose terms are numbered from 1,
// and <#>, the negative inner product. https://github.com/pgvector/pgvector#sparse-vectors
var pgvector = &Form{
	Name: "pgvector", About: "PostgreSQL with pgvector 0.7 or later: a table and its rows, vectors as sparsevec",
	ext: ".sql", before: "COPY parley_part (doc, id, title, text, url, page, v) FROM STDIN;\n", between: "\n", after: "\n\\.\n",
	passage: func(w *bufio.Writer, c *Collection, doc int, p passages.Passage, v []index.Impact) error {
		w.WriteString(strconv.Itoa(doc))
		for _, s := range []string{p.ID, p.Title, p.Text, p.URL} {
			w.WriteByte('\t')
			copyEscape.WriteString(w, s)
		}
		fmt.Fprintf(w, "\t%d\t{", p.Page)
		for i, m := range v {
			if i > 0 {
				w.WriteByte(',')
			}
			fmt.Fprintf(w, "%d:%d", m.Term+1, m.Weight)
		}
		_, err := fmt.Fprintf(w, "}/%d", c.Terms())
		return err
	},
	head: func(c *Collection, q Example) (map[string]string, error) {
		return map[string]string{
			"table.sql": fmt.Sprintf(`CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS parley (doc integer PRIMARY KEY, id text, title text, text text, url text, page integer, v sparsevec(%d));
`, c.Terms()),
			// Each part goes through a table of its own, so that loading it twice is not
			// an error.
			"begin.sql": "BEGIN;\nCREATE TEMPORARY TABLE parley_part (LIKE parley) ON COMMIT DROP;\n",
			"end.sql":   "INSERT INTO parley SELECT * FROM parley_part ON CONFLICT (doc) DO NOTHING;\nCOMMIT;\n",
			"query.sql": pgvectorQuery(c, q.Factors, 10),
			"README.md": readme(c, q, "PostgreSQL", `psql -v ON_ERROR_STOP=1 -f table.sql "$URL"
for part in part-*.sql; do
  cat begin.sql "$part" end.sql | psql -q -v ON_ERROR_STOP=1 "$URL"
done`, `psql -f query.sql "$URL"`),
		}, nil
	},
	query: pgvectorQuery,
}

// copyEscape escapes text for the text form of COPY.
var copyEscape = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", "")

func pgvectorQuery(c *Collection, q []index.Factor, k int) string {
	return fmt.Sprintf(`SELECT doc, id, title, -(v <#> q) AS score
FROM parley, (SELECT '%s'::sparsevec AS q) AS query
WHERE v <#> q < 0
ORDER BY v <#> q, doc LIMIT %d;
`, sparsevec(q, c.Terms()), k)
}

// sparsevec returns a query as pgvector writes vectors, of that many terms.
func sparsevec(q []index.Factor, terms int) string {
	var b strings.Builder
	for i, f := range q {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d:%d", f.Term+1, f.Weight)
	}
	return fmt.Sprintf("{%s}/%d", b.String(), terms)
}

// Anserini: JsonVectorCollection, a document's terms as text.
// https://github.com/castorini/anserini
var anserini = &Form{
	Name: "anserini", About: "Anserini and Pyserini: JSON vectors, for JsonVectorCollection with -impact -pretokenized",
	ext: ".jsonl", between: "\n", after: "\n",
	passage: func(w *bufio.Writer, c *Collection, doc int, p passages.Passage, v []index.Impact) error {
		contents := p.Text
		if p.Title != "" {
			contents = p.Title + "\n" + p.Text
		}
		if err := write(w, `{"id":`, p.ID, `,"contents":`, contents); err != nil {
			return err
		}
		w.WriteString(`,"vector":{`)
		for i, m := range v {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := write(w, "", c.name(m.Term)); err != nil {
				return err
			}
			fmt.Fprintf(w, ":%d", m.Weight)
		}
		_, err := w.WriteString("}}")
		return err
	},
	head: func(c *Collection, q Example) (map[string]string, error) {
		return map[string]string{"query.tsv": anseriniQuery(c, q.Factors, 10), "README.md": readme(c, q, "Anserini", `bin/run.sh io.anserini.index.IndexCollection -collection JsonVectorCollection \
  -input . -index lucene-index -generator DefaultLuceneDocumentGenerator -threads 1 -impact -pretokenized`,
			`bin/run.sh io.anserini.search.SearchCollection -index lucene-index -topics query.tsv -topicReader TsvString \
  -output run.txt -impact -pretokenized -hits 10`)}, nil
	},
	query: anseriniQuery,
}

// anseriniQuery repeats each term as many times as its weight, since Anserini takes
// weights in that form. The weights are divided to keep a query short, so scores are
// rounded.
func anseriniQuery(c *Collection, q []index.Factor, k int) string {
	shift := 0
	for _, f := range q {
		shift = max(shift, bits.Len32(f.Weight)-8)
	}
	var words []string
	for _, f := range q {
		for range (f.Weight + (1<<shift)/2) >> shift {
			words = append(words, c.name(f.Term))
		}
	}
	return "1\t" + strings.Join(words, " ") + "\n"
}

// CIFF is one file: shared/index describes its layout.
var ciff = &Form{
	Name: "ciff", About: "CIFF, the Common Index File Format, in gzip: Lucene, PISA, JASS, Terrier, bmp",
	file: "index.ciff.gz",
	whole: func(ctx context.Context, c *Collection, path string, m *meter) error {
		return durable.Write(path, func(w io.Writer) error {
			z := gzip.NewWriter(w)
			err := c.Index.WriteCIFF(z, c.Piece, func(doc int) string { return c.Passages.At(doc).ID }, describeCIFF(c))
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = z.Close()
			}
			m.done(c.Passages.Len())
			return err
		})
	},
	head: func(c *Collection, q Example) (map[string]string, error) {
		return map[string]string{"README.md": readme(c, q, "CIFF", "An engine's importer of CIFF reads index.ciff.gz: osirrc/ciff's for Lucene, PISA, JASS, Terrier; bmp.", "")}, nil
	},
	query: anseriniQuery,
}

// describeCIFF says in a CIFF's header what a frequency weighs, which the format has no
// place for. CIFFStep reads it.
func describeCIFF(c *Collection) string {
	return fmt.Sprintf("Parley: %s; %s%v", c.Passages.About().Title, frequencyOf1, c.Index.Unit())
}

const frequencyOf1 = "a frequency of 1 is the weight "

// CIFFStep returns the weight of a frequency of 1 in a CIFF with this description.
func CIFFStep(description string) (float32, error) {
	i := strings.LastIndex(description, frequencyOf1)
	if i < 0 {
		return 0, errors.New("the file does not say what a frequency weighs; --step says it: 0.01 where weights were multiplied by 100, as Anserini's are")
	}
	step, err := strconv.ParseFloat(description[i+len(frequencyOf1):], 32)
	if err != nil {
		return 0, fmt.Errorf("the file's description ends in no weight: %.200q", description)
	}
	return float32(step), nil
}

// bulk writes a passage for the _bulk interface of OpenSearch and Elasticsearch.
func bulk(w *bufio.Writer, c *Collection, doc int, p passages.Passage, v []index.Impact) error {
	fmt.Fprintf(w, `{"index":{"_id":"%d"}}`+"\n", doc)
	if err := object(w, doc, "{", p); err != nil {
		return err
	}
	w.WriteString(`,"v":`)
	if len(v) > 0 {
		numbered(w, v)
	} else {
		w.WriteString("{}")
	}
	_, err := w.WriteString("}\n")
	return err
}

// luceneMapping is the mapping of OpenSearch and Elasticsearch, for a type of vectors.
const luceneMapping = `{"mappings": {"dynamic": false, "properties": {
  "doc": {"type": "integer"},
  "id": {"type": "keyword"}, "title": {"type": "text"}, "text": {"type": "text"}, "url": {"type": "keyword", "index": false},
  "page": {"type": "integer", "index": false},
  "v": %s
}}}
`

// The types of vectors in that mapping.
const (
	rankFeatures = `{"type": "rank_features"}`
	sparseVector = `{"type": "sparse_vector"}`
)

// luceneSource names the fields that a query asks for.
const luceneSource = `["doc", "id", "title", "text", "url", "page"]`

// lucene returns the small files of OpenSearch and Elasticsearch.
func lucene(c *Collection, q Example, engine, vector string, query func(*Collection, []index.Factor, int) string) (map[string]string, error) {
	return map[string]string{
		"mapping.json": fmt.Sprintf(luceneMapping, vector),
		"query.json":   query(c, q.Factors, 10),
		"README.md": readme(c, q, engine, `curl -X PUT -H 'Content-Type: application/json' --data-binary @mapping.json "$URL/parley"
for part in part-*.ndjson; do
  curl -X POST -H 'Content-Type: application/x-ndjson' --data-binary "@$part" "$URL/parley/_bulk?filter_path=errors"
done
curl -X POST "$URL/parley/_refresh"`, `curl -X POST -H 'Content-Type: application/json' --data-binary @query.json "$URL/parley/_search"`),
	}, nil
}

func opensearchQuery(c *Collection, q []index.Factor, k int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"size": %d, "_source": `+luceneSource+`, "track_total_hits": false, "sort": [{"_score": "desc"}, {"doc": "asc"}],
 "query": {"bool": {"should": [`, k)
	shift := featureShift(q)
	for i, f := range q {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n  {\"rank_feature\": {\"field\": \"v.%d\", \"linear\": {}, \"boost\": %s}}", f.Term, shifted(f.Weight, shift))
	}
	b.WriteString("]}}}\n")
	return b.String()
}

func elasticsearchQuery(c *Collection, q []index.Factor, k int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"size": %d, "_source": `+luceneSource+`, "track_total_hits": false, "sort": [{"_score": "desc"}, {"doc": "asc"}],
 "query": {"sparse_vector": {"field": "v", "prune": false, "query_vector": {`, k)
	shift := featureShift(q)
	for i, f := range q {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `"%d": %s`, f.Term, shifted(f.Weight, shift))
	}
	b.WriteString("}}}}\n")
	return b.String()
}

// featureShift returns the power of two by which weights are divided where Lucene allows
// at most 64 (FeatureField.newLinearQuery).
func featureShift(q []index.Factor) int {
	shift := 0
	for _, f := range q {
		shift = max(shift, bits.Len32(f.Weight)-6)
	}
	return shift
}

// shifted returns weight / 2^shift exactly.
func shifted(weight uint32, shift int) string {
	return strconv.FormatFloat(float64(weight)/float64(uint64(1)<<shift), 'f', -1, 64)
}

// object writes the fields that all JSON forms have: those of a passages.Passage, which are
// read back by their names. The page is 0 where the document has no pages.
func object(w *bufio.Writer, doc int, open string, p passages.Passage) error {
	return write(w, open+`"doc":`+strconv.Itoa(doc)+`,"id":`, p.ID, `,"title":`, p.Title, `,"text":`, p.Text, `,"url":`, p.URL, `,"page":`+strconv.Itoa(p.Page))
}

// write writes its arguments in turn, every second one as a JSON string.
func write(w *bufio.Writer, parts ...string) error {
	for i, s := range parts {
		if i%2 == 0 {
			w.WriteString(s)
			continue
		}
		b, err := json.Marshal(s)
		if err != nil {
			return err
		}
		w.Write(b)
	}
	return nil
}

// numbered writes {"term": impact, ...}.
func numbered(w *bufio.Writer, v []index.Impact) {
	w.WriteByte('{')
	for i, m := range v {
		if i > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(w, `"%d":%d`, m.Term, m.Weight)
	}
	w.WriteByte('}')
}

func list(w *bufio.Writer, v []index.Impact, of func(index.Impact) uint32) {
	for i, m := range v {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString(strconv.Itoa(int(of(m))))
	}
}

// readme returns a text on how to load an export and query it.
func readme(c *Collection, q Example, engine, load, ask string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, for %s\n\n%d passages, written by `parley export`. `doc` is a passage's number, which decides ties; the vectors hold 8-bit impacts of %d terms.\n\n## Load\n\n    %s\n",
		c.Passages.About().Title, engine, c.Passages.Len(), c.Terms(), strings.ReplaceAll(load, "\n", "\n    "))
	if ask != "" && len(q.Factors) > 0 {
		fmt.Fprintf(&b, "\n## Ask\n\nThe query beside this file is %q as Parley encodes it.\n\n    %s\n", q.Question, strings.ReplaceAll(ask, "\n", "\n    "))
	}
	a := c.Passages.About()
	if a.Licence != "" {
		fmt.Fprintf(&b, "\n## Licence of the texts\n\n%s %s\n", a.Licence, a.LicenceURL)
		if a.Attribution != "" {
			fmt.Fprintf(&b, "%s\n", a.Attribution)
		}
	}
	return b.String()
}

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.FeatureField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;

/**
 * Lucene's FeatureField, for rankings.py: java -cp ... Main FOLDER DEPTH. It reads lines of
 * "term:weight ...": documents up to an empty line, then queries, and answers each query with
 * a line of "document:score ...".
 */
public class Main {
  public static void main(String[] args) throws Exception {
    int depth = Integer.parseInt(args[1]);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
    try (Directory directory = FSDirectory.open(Path.of(args[0]))) {
      IndexWriterConfig config = new IndexWriterConfig().setOpenMode(IndexWriterConfig.OpenMode.CREATE);
      config.setMergePolicy(NoMergePolicy.INSTANCE); // documents keep their order
      try (IndexWriter writer = new IndexWriter(directory, config)) {
        for (String line; (line = in.readLine()) != null && !line.isEmpty(); ) {
          Document doc = new Document();
          for (String pair : line.strip().split(" ")) {
            int colon = pair.indexOf(':');
            if (colon > 0) {
              doc.add(new FeatureField("v", pair.substring(0, colon), Float.parseFloat(pair.substring(colon + 1))));
            }
          }
          writer.addDocument(doc);
        }
      }
      try (DirectoryReader reader = DirectoryReader.open(directory)) {
        IndexSearcher searcher = new IndexSearcher(reader);
        IndexSearcher.setMaxClauseCount(100_000);
        out.println(reader.numDocs());
        for (String line; (line = in.readLine()) != null; ) {
          BooleanQuery.Builder query = new BooleanQuery.Builder();
          for (String pair : line.strip().split(" ")) {
            int colon = pair.indexOf(':');
            if (colon > 0) {
              query.add(FeatureField.newLinearQuery("v", pair.substring(0, colon), Float.parseFloat(pair.substring(colon + 1))), BooleanClause.Occur.SHOULD);
            }
          }
          StringBuilder answer = new StringBuilder();
          for (ScoreDoc hit : searcher.search(query.build(), depth).scoreDocs) {
            answer.append(hit.doc).append(':').append(hit.score).append(' ');
          }
          out.println(answer);
        }
      }
    }
  }
}

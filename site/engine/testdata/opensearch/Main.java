import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.common.settings.Settings;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** OpenSearch in one process, on loopback: java -cp ... Main FOLDER PORT. It runs until its input ends. */
public class Main {
  static class Alone extends Node {
    Alone(Settings s) {
      super(InternalSettingsPreparer.prepareEnvironment(s, Map.of(), null, () -> "parley"),
          List.of(Netty4Plugin.class, MapperExtrasPlugin.class), false);
    }
  }

  public static void main(String[] args) throws Exception {
    Settings settings = Settings.builder()
        .put("path.home", Path.of(args[0]).toAbsolutePath().toString())
        .put("cluster.name", "parley")
        .put("discovery.type", "single-node")
        .put("network.host", "127.0.0.1")
        .put("http.port", args[1])
        .put("transport.port", "0")
        .put("http.type", "netty4")
        .put("transport.type", "netty4")
        .put("cluster.routing.allocation.disk.threshold_enabled", false)
        .build();
    try (Node node = new Alone(settings).start()) {
      System.out.println("started");
      while (System.in.read() >= 0) {}
    }
    System.exit(0);
  }
}

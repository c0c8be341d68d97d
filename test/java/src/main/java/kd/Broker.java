package kd;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Formats the storage where that was not done yet and runs one broker, in one JVM: starting a second one for the formatting costs 1.5 s.
 * The broker dies with its parent: end of file on standard input halts it.
 * Arguments: properties file, cluster id, log directory, then further arguments for the formatting.
 */
public final class Broker {
  public static void main(String[] args) throws Exception {
    watchParent();
    String properties = args[0];
    if (!Files.exists(Path.of(args[2], "meta.properties"))) {
      List<String> format = new ArrayList<>(List.of("format", "-t", args[1], "-c", properties));
      for (int i = 3; i < args.length; i++) format.add(args[i]);
      int code = kafka.tools.StorageTool.execute(format.toArray(new String[0]), System.out);
      if (code != 0) System.exit(code);
    }
    kafka.Kafka.main(new String[] {properties});
  }

  static void watchParent() {
    Thread watch = new Thread(Broker::dieWithParent, "parent-watch");
    watch.setDaemon(true);
    watch.start();
  }

  private static void dieWithParent() {
    try {
      while (System.in.read() >= 0) { }
    } catch (java.io.IOException e) {
      System.err.println("standard input: " + e);
    }
    Runtime.getRuntime().halt(0);
  }
}

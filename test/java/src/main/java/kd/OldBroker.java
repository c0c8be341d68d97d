package kd;

import java.lang.reflect.Method;

/**
 * A broker of Kafka 2 and its ZooKeeper, in one JVM; both die with their parent.
 * Arguments: ZooKeeper's configuration file, the broker's properties file.
 */
public final class OldBroker {
  public static void main(String[] args) throws Exception {
    Broker.watchParent();
    // Only these brokers' jars have it.
    Method zooKeeper = Class.forName("org.apache.zookeeper.server.ZooKeeperServerMain").getMethod("main", String[].class);
    Thread thread = new Thread(() -> {
      try {
        zooKeeper.invoke(null, (Object) new String[] {args[0]});
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }, "zookeeper");
    thread.setDaemon(true);
    thread.start();
    kafka.Kafka.main(new String[] {args[1]});
  }
}

package peers;

import java.io.File;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * One job of the benchmark as a Kafka Streams application: at least once, idempotent, one stream thread.
 *
 * <p>-job pass -b SERVERS -i TOPIC -o TOPIC[,TOPIC] -n RECORDS -g GROUP -schema FILE -state FOLDER
 * [-truststore FILE -password TEXT]; RECORDS 0: until SIGTERM.
 */
public final class Main {
  private static final Duration CLOSE = Duration.ofSeconds(60);

  private static final int BATCH_BYTES = 128 * 1024;
  private static final int BUFFER_BYTES = 128 * 1024 * 1024;

  private Main() {}

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) options.put(args[i], args[i + 1]);
    Orders orders = new Orders(new Schema.Parser().parse(new File(options.get("-schema"))));
    CountDownLatch done = new CountDownLatch(1);
    Topology topology =
        new Jobs(orders, Long.parseLong(options.get("-n")), done::countDown)
            .topology(options.get("-job"), options.get("-i"), options.get("-o").split(","));
    AtomicBoolean failed = new AtomicBoolean();
    try (KafkaStreams streams = new KafkaStreams(topology, properties(options))) {
      streams.setUncaughtExceptionHandler(
          error -> {
            error.printStackTrace();
            failed.set(true);
            done.countDown();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
          });
      Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(CLOSE)));
      streams.start();
      done.await();
      if (!streams.close(CLOSE)) throw new IllegalStateException("not closed within " + CLOSE);
    }
    if (failed.get()) System.exit(1);
  }

  private static Properties properties(Map<String, String> options) {
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("-g"));
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("-b"));
    p.put(StreamsConfig.STATE_DIR_CONFIG, options.get("-state"));
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    p.put(StreamsConfig.producerPrefix(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG), true);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.ACKS_CONFIG), "all");
    // 16 KiB, the default, makes a request of every large record.
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), BATCH_BYTES);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), BUFFER_BYTES);
    if (options.containsKey("-truststore")) {
      p.put("security.protocol", "SSL");
      p.put("ssl.truststore.location", options.get("-truststore"));
      p.put("ssl.truststore.password", options.get("-password"));
    }
    return p;
  }
}

package kd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.concurrent.ConcurrentHashMap;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Everything that writes records. */
final class Producing {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Producing() { }

  private static KafkaProducer<byte[], byte[]> producer(Tool tool, JsonNode request) {
    Properties p = tool.clientProperties(request);
    p.putIfAbsent("acks", "all");
    p.putIfAbsent("enable.idempotence", "true");
    p.putIfAbsent("linger.ms", "5");
    p.putIfAbsent("batch.size", "131072");
    p.putIfAbsent("buffer.memory", "67108864");
    return new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** {topic, recipe, from?, to?, perSecond?}: every record of the recipe with its sequence in [from, to) per partition, round the partitions. */
  static ObjectNode produce(Tool tool, JsonNode request) throws Exception {
    Recipe recipe = new Recipe(request.path("recipe"));
    String topic = request.path("topic").asText();
    long from = request.path("from").asLong(0);
    long to = Math.min(request.path("to").asLong(Long.MAX_VALUE), recipe.recordsOf(0));
    double perSecond = request.path("perSecond").asDouble(0);
    Failure failure = new Failure();
    long started = System.nanoTime();
    long sent = 0;
    long bytes = 0;
    // Runs of one partition fill batches fast; a round is short enough to keep the partitions level.
    long roundLength = perSecond > 0 ? 1 : 512;
    try (KafkaProducer<byte[], byte[]> producer = producer(tool, request)) {
      for (long round = from; round < to && failure.first.get() == null; round += roundLength) {
        for (int partition = 0; partition < recipe.partitions; partition++) {
          long end = Math.min(Math.min(round + roundLength, to), recipe.recordsOf(partition));
          for (long sequence = round; sequence < end; sequence++) {
            ProducerRecord<byte[], byte[]> record = recipe.make(topic, partition, sequence);
            if (perSecond > 0) pace(started, sent, perSecond);
            producer.send(record, failure);
            sent++;
            bytes += record.value() == null ? 0 : record.value().length;
          }
        }
      }
      producer.flush();
    }
    failure.rethrow();
    return JSON.createObjectNode().put("records", sent).put("valueBytes", bytes).put("seconds", (System.nanoTime() - started) / 1e9);
  }

  private static void pace(long started, long sent, double perSecond) throws InterruptedException {
    long dueNs = started + (long) (sent / perSecond * 1e9);
    long waitMs = (dueNs - System.nanoTime()) / 1_000_000;
    if (waitMs > 0) Thread.sleep(waitMs);
  }

  /**
   * {topic, records: [{key, value, headers: [[name, base64 | null]], partition?, timestamp?}], transaction?: commit | abort | open}, bytes in base64, in the given order.
   * With `transaction` all of them in one, and `properties` names the transactional.id.
   */
  static ObjectNode send(Tool tool, JsonNode request) throws Exception {
    Failure failure = new Failure();
    long sent = 0;
    String transaction = request.path("transaction").asText("");
    KafkaProducer<byte[], byte[]> producer = producer(tool, request);
    try {
      if (!transaction.isEmpty()) {
        producer.initTransactions();
        producer.beginTransaction();
      }
      for (JsonNode r : request.path("records")) {
        List<Header> headers = new ArrayList<>();
        for (JsonNode h : r.path("headers")) headers.add(new RecordHeader(h.get(0).asText(), bytes(h.get(1))));
        Integer partition = r.hasNonNull("partition") ? r.get("partition").asInt() : null;
        Long timestampMs = r.hasNonNull("timestamp") ? r.get("timestamp").asLong() : null;
        producer.send(new ProducerRecord<>(request.path("topic").asText(), partition, timestampMs, bytes(r.path("key")), bytes(r.path("value")), headers), failure);
        sent++;
      }
      producer.flush();
      if (transaction.equals("commit")) producer.commitTransaction();
      else if (transaction.equals("abort")) producer.abortTransaction();
      else if (transaction.equals("open")) OPEN.put(request.path("topic").asText(), producer);
    } finally {
      if (!transaction.equals("open")) producer.close();
    }
    failure.rethrow();
    return JSON.createObjectNode().put("records", sent);
  }

  /** Producers whose transaction was left open, by topic. */
  private static final Map<String, KafkaProducer<byte[], byte[]>> OPEN = new ConcurrentHashMap<>();

  /** {topic, outcome: commit | abort}: of a transaction that `send` left open. */
  static ObjectNode endTransaction(Tool tool, JsonNode request) {
    try (KafkaProducer<byte[], byte[]> producer = OPEN.remove(request.path("topic").asText())) {
      if (request.path("outcome").asText().equals("commit")) producer.commitTransaction();
      else producer.abortTransaction();
    }
    return JSON.createObjectNode();
  }

  private static byte[] bytes(JsonNode node) {
    return node == null || node.isNull() || node.isMissingNode() ? null : Base64.getDecoder().decode(node.asText());
  }

  /**
   * {from, to, recipe?, mutate?: {kind: drop | duplicate | swap | alter-value | alter-key | alter-header | alter-timestamp | null-value, partition, sequence}}:
   * copies topic to topic, same partition; the mutation makes one mistake on purpose, so that the checker can be checked.
   */
  static ObjectNode copy(Tool tool, JsonNode request) throws Exception {
    Recipe recipe = new Recipe(request.path("recipe"));
    JsonNode mutate = request.path("mutate");
    String to = request.path("to").asText();
    Failure failure = new Failure();
    long[] sent = {0};
    ConsumerRecord<byte[], byte[]>[] held = array();
    try (KafkaProducer<byte[], byte[]> producer = producer(tool, request)) {
      Verifying.readAll(tool, request, List.of(request.path("from").asText()), record -> {
        List<ProducerRecord<byte[], byte[]>> out = new ArrayList<>();
        Recipe.Id id = recipe.idOf(record.headers(), record.value());
        boolean hit = id != null && mutate.path("partition").asInt(-1) == id.partition() && mutate.path("sequence").asLong(-1) == id.sequence();
        if (held[0] != null && held[0].partition() == record.partition()) {
          out.add(plain(to, record));
          out.add(plain(to, held[0]));
          held[0] = null;
        } else if (hit && mutate.path("kind").asText().equals("swap")) {
          held[0] = record;
        } else if (hit) {
          mutated(to, record, mutate.path("kind").asText(), out);
        } else {
          out.add(plain(to, record));
        }
        for (ProducerRecord<byte[], byte[]> each : out) producer.send(each, failure);
        sent[0] += out.size();
      });
      producer.flush();
    }
    failure.rethrow();
    return JSON.createObjectNode().put("records", sent[0]);
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static ConsumerRecord<byte[], byte[]>[] array() {
    return new ConsumerRecord[1];
  }

  private static ProducerRecord<byte[], byte[]> plain(String topic, ConsumerRecord<byte[], byte[]> r) {
    return new ProducerRecord<>(topic, r.partition(), r.timestamp(), r.key(), r.value(), r.headers());
  }

  private static void mutated(String to, ConsumerRecord<byte[], byte[]> r, String kind, List<ProducerRecord<byte[], byte[]>> out) {
    byte[] value = r.value();
    switch (kind) {
      case "drop" -> { }
      case "duplicate" -> out.addAll(List.of(plain(to, r), plain(to, r)));
      case "alter-value" -> {
        byte[] changed = value.clone();
        changed[changed.length - 1] ^= 1;
        out.add(new ProducerRecord<>(to, r.partition(), r.timestamp(), r.key(), changed, r.headers()));
      }
      case "alter-key" -> out.add(new ProducerRecord<>(to, r.partition(), r.timestamp(), r.key() == null ? new byte[0] : null, value, r.headers()));
      case "alter-header" -> {
        List<Header> headers = new ArrayList<>(List.of(r.headers().toArray()));
        headers.add(new RecordHeader("foreign", null));
        out.add(new ProducerRecord<>(to, r.partition(), r.timestamp(), r.key(), value, headers));
      }
      case "alter-timestamp" -> out.add(new ProducerRecord<>(to, r.partition(), r.timestamp() + 1, r.key(), value, r.headers()));
      case "null-value" -> out.add(new ProducerRecord<>(to, r.partition(), r.timestamp(), r.key(), null, r.headers()));
      default -> throw new IllegalArgumentException("unknown mutation " + kind);
    }
  }

  /** Keeps the first failed delivery. */
  private static final class Failure implements Callback {
    final AtomicReference<Exception> first = new AtomicReference<>();

    @Override
    public void onCompletion(org.apache.kafka.clients.producer.RecordMetadata metadata, Exception exception) {
      if (exception != null) first.compareAndSet(null, exception);
    }

    void rethrow() throws Exception {
      if (first.get() != null) throw first.get();
    }
  }

  static Map<String, Tool.Command> commands() {
    return Map.of("produce", Producing::produce, "send", Producing::send, "copy", Producing::copy);
  }
}

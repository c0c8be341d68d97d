package kd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Everything that reads records back: the checker and the dump. */
final class Verifying {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int EXAMPLES_MAX = 10;

  private Verifying() { }

  private static KafkaConsumer<byte[], byte[]> consumer(Tool tool, JsonNode request) {
    Properties p = tool.clientProperties(request);
    p.putIfAbsent("isolation.level", request.path("isolation").asText("read_committed"));
    p.putIfAbsent("auto.offset.reset", "none");
    p.putIfAbsent("enable.auto.commit", "false");
    p.putIfAbsent("max.poll.records", "5000");
    p.putIfAbsent("max.partition.fetch.bytes", "2097152");
    return new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** Reads the topics from their beginnings (or `offsets`: {partition: offset}) to the ends they have at the call; stops early past `max` records. */
  static long readAll(Tool tool, JsonNode request, List<String> topics, Consumer<ConsumerRecord<byte[], byte[]>> each) {
    long max = request.path("max").asLong(Long.MAX_VALUE);
    long deadline = System.nanoTime() + request.path("timeoutMs").asLong(300_000) * 1_000_000L;
    long count = 0;
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(tool, request)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic : topics) for (PartitionInfo info : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, info.partition()));
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.seekToBeginning(partitions);
      JsonNode offsets = request.path("offsets");
      for (TopicPartition p : partitions) if (offsets.has(String.valueOf(p.partition()))) consumer.seek(p, offsets.get(String.valueOf(p.partition())).asLong());
      List<TopicPartition> open = new ArrayList<>(partitions);
      while (true) {
        open.removeIf(p -> consumer.position(p) >= ends.get(p));
        if (open.isEmpty() || count >= max) return count;
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          if (record.offset() >= ends.get(new TopicPartition(record.topic(), record.partition()))) continue;
          if (count++ < max) each.accept(record);
        }
        if (System.nanoTime() > deadline) throw new IllegalStateException("not at the end in time; open: " + open);
      }
    }
  }

  /**
   * {topics, recipe, compare: bytes | id, copies?: [1], headerPrefixIgnored?, timestamps?: true, samePartition?: true}: every expected record must be there, the
   * expected number of times (`copies[sequence % length]`), and first arrivals must be in order per source partition and partition of arrival.
   * A record that comes again too often is a duplicate; a step back in a partition begins a replay.
   */
  static ObjectNode verify(Tool tool, JsonNode request) {
    Check check = new Check(request);
    List<String> topics = new ArrayList<>();
    request.path("topics").forEach(t -> topics.add(t.asText()));
    check.records = readAll(tool, request, topics, check::accept);
    return check.result();
  }

  private static final class Check {
    final Recipe recipe;
    final boolean bytes;
    final boolean timestamps;
    final boolean samePartition;
    final String prefixIgnored;
    final int[] copies;
    final byte[][] seen;
    final Map<String, long[]> lines = new HashMap<>();
    final List<String> examples = new ArrayList<>();
    long records;
    long duplicates;
    long reordered;
    long altered;
    long foreign;
    long replays;
    long replayWindowMax;

    Check(JsonNode request) {
      recipe = new Recipe(request.path("recipe"));
      bytes = request.path("compare").asText("bytes").equals("bytes");
      timestamps = request.path("timestamps").asBoolean(true);
      samePartition = request.path("samePartition").asBoolean(false);
      prefixIgnored = request.path("headerPrefixIgnored").asText("");
      JsonNode list = request.path("copies");
      copies = new int[list.size() == 0 ? 1 : list.size()];
      for (int i = 0; i < copies.length; i++) copies[i] = list.size() == 0 ? 1 : list.get(i).asInt();
      seen = new byte[recipe.partitions][];
      for (int p = 0; p < seen.length; p++) seen[p] = new byte[Math.toIntExact(recipe.recordsOf(p))];
    }

    void accept(ConsumerRecord<byte[], byte[]> r) {
      Recipe.Id id = recipe.idOf(r.headers(), r.value());
      if (id == null || (id.run() != 0 && id.run() != recipe.run) || id.partition() < 0 || id.partition() >= recipe.partitions || id.sequence() < 0
          || id.sequence() >= recipe.recordsOf(id.partition())) {
        foreign++;
        example("foreign", r, id);
        return;
      }
      count(r, id);
      if (bytes) compare(r, id);
    }

    private void count(ConsumerRecord<byte[], byte[]> r, Recipe.Id id) {
      int sequence = (int) id.sequence();
      byte[] row = seen[id.partition()];
      boolean first = row[sequence] == 0;
      if (row[sequence] < Byte.MAX_VALUE) row[sequence]++;
      if (row[sequence] > copies[sequence % copies.length]) {
        duplicates++;
        example("duplicate", r, id);
      }
      // [last sequence, highest sequence] of this source partition at this place of arrival
      long[] line = lines.computeIfAbsent(id.partition() + ">" + r.topic() + "/" + r.partition(), k -> new long[] {-1, -1});
      if (first && sequence < line[1]) {
        reordered++;
        example("reordered", r, id);
      } else if (!first && sequence < line[0]) {
        replays++;
        replayWindowMax = Math.max(replayWindowMax, line[1] - sequence + 1);
      }
      line[0] = sequence;
      line[1] = Math.max(line[1], sequence);
      if (samePartition && r.partition() != id.partition()) {
        altered++;
        example("partition", r, id);
      }
    }

    private void compare(ConsumerRecord<byte[], byte[]> r, Recipe.Id id) {
      ProducerRecord<byte[], byte[]> want = recipe.make(r.topic(), id.partition(), id.sequence());
      String difference = !Arrays.equals(want.key(), r.key()) ? "key" : !Arrays.equals(want.value(), r.value()) ? "value" : !sameHeaders(want, r) ? "headers"
          : timestamps && want.timestamp() != r.timestamp() ? "timestamp" : null;
      if (difference == null) return;
      altered++;
      example(difference, r, id);
    }

    private boolean sameHeaders(ProducerRecord<byte[], byte[]> want, ConsumerRecord<byte[], byte[]> got) {
      Header[] wanted = want.headers().toArray();
      int i = 0;
      for (Header header : got.headers()) {
        if (!prefixIgnored.isEmpty() && header.key().startsWith(prefixIgnored)) continue;
        if (i >= wanted.length || !wanted[i].key().equals(header.key()) || !Arrays.equals(wanted[i].value(), header.value())) return false;
        i++;
      }
      return i == wanted.length;
    }

    private void example(String what, ConsumerRecord<byte[], byte[]> r, Recipe.Id id) {
      if (examples.size() < EXAMPLES_MAX) examples.add(what + " at " + r.topic() + "/" + r.partition() + "@" + r.offset() + (id == null ? "" : " id " + id.partition() + ":" + id.sequence()));
    }

    ObjectNode result() {
      long missing = 0;
      long expected = 0;
      for (int p = 0; p < seen.length; p++) {
        for (int s = 0; s < seen[p].length; s++) {
          int want = copies[s % copies.length];
          expected += want;
          if (seen[p][s] >= want) continue;
          missing += want - seen[p][s];
          if (examples.size() < EXAMPLES_MAX) examples.add("missing id " + p + ":" + s);
        }
      }
      ObjectNode o = JSON.createObjectNode().put("records", records).put("expected", expected).put("missing", missing).put("duplicates", duplicates).put("reordered", reordered)
          .put("altered", altered).put("foreign", foreign).put("replays", replays).put("replayWindowMax", replayWindowMax);
      examples.forEach(o.putArray("examples")::add);
      return o;
    }
  }

  /** {topics, max?, offsets?}: the records themselves, bytes in base64. */
  static ObjectNode consume(Tool tool, JsonNode request) {
    List<String> topics = new ArrayList<>();
    request.path("topics").forEach(t -> topics.add(t.asText()));
    ObjectNode o = JSON.createObjectNode();
    ArrayNode list = o.putArray("records");
    readAll(tool, request, topics, r -> {
      ObjectNode n = list.addObject().put("topic", r.topic()).put("partition", r.partition()).put("offset", r.offset()).put("timestamp", r.timestamp());
      n.put("key", base64(r.key())).put("value", base64(r.value()));
      ArrayNode headers = n.putArray("headers");
      for (Header h : r.headers()) headers.addArray().add(h.key()).add(base64(h.value()));
    });
    return o;
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }

  static Map<String, Tool.Command> commands() {
    return Map.of("verify", Verifying::verify, "consume", Verifying::consume);
  }
}

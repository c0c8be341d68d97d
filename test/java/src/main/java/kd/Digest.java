package kd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/** Sums of hashes that say whether two topics hold the same records, in whatever order. */
final class Digest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long PRIME = 0x100000001b3L;
  private static final long START = 0xcbf29ce484222325L;

  private long records;
  private long content;
  private long placed;

  private Digest() { }

  /**
   * {topics, values: bytes | json}: per topic the number of records, the sum of the hashes of key, value, headers and timestamp (`content`), and the same with the
   * partition in each hash (`placed`). json: a value counts for what it means, so 1, 1.0 and 1e0 are the same.
   */
  static ObjectNode digest(Tool tool, JsonNode request) {
    boolean json = request.path("values").asText("bytes").equals("json");
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode list = answer.putArray("topics");
    for (JsonNode topic : request.path("topics")) {
      Digest sum = new Digest();
      Verifying.readAll(tool, request, List.of(topic.asText()), record -> sum.add(record, json));
      list.addObject().put("topic", topic.asText()).put("records", sum.records).put("content", Long.toHexString(sum.content)).put("placed", Long.toHexString(sum.placed));
    }
    return answer;
  }

  private void add(ConsumerRecord<byte[], byte[]> record, boolean json) {
    long h = bytes(START, record.key());
    h = json && record.value() != null ? meaning(h, parse(record.value())) : bytes(h, record.value());
    for (Header header : record.headers()) h = bytes(bytes(h, header.key().getBytes(StandardCharsets.UTF_8)), header.value());
    h = number(h, record.timestamp());
    records++;
    content += Recipe.mix(h);
    placed += Recipe.mix(number(h, record.partition()));
  }

  private static JsonNode parse(byte[] value) {
    try {
      return JSON.readTree(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long meaning(long h, JsonNode node) {
    if (node.isNumber()) return number(h, Double.doubleToLongBits(node.doubleValue()));
    if (node.isTextual()) return bytes(h, node.textValue().getBytes(StandardCharsets.UTF_8));
    if (node.isArray()) {
      h = number(h, node.size());
      for (JsonNode item : node) h = meaning(h, item);
      return h;
    }
    if (node.isObject()) {
      h = number(h, node.size());
      for (Iterator<Map.Entry<String, JsonNode>> fields = node.fields(); fields.hasNext(); ) {
        Map.Entry<String, JsonNode> field = fields.next();
        h = meaning(bytes(h, field.getKey().getBytes(StandardCharsets.UTF_8)), field.getValue());
      }
      return h;
    }
    return bytes(h, node.asText().getBytes(StandardCharsets.UTF_8));
  }

  /** The length goes in, too: null, empty, and where one text ends and the next begins all make a difference. */
  private static long bytes(long h, byte[] bytes) {
    if (bytes == null) return number(h, -1);
    h = number(h, bytes.length);
    for (byte b : bytes) h = (h ^ (b & 0xff)) * PRIME;
    return h;
  }

  private static long number(long h, long value) {
    return (h ^ Recipe.mix(value)) * PRIME;
  }

  static Map<String, Tool.Command> commands() {
    return Map.of("digest", Digest::digest);
  }
}

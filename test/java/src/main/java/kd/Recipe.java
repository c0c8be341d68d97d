package kd;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Records that can be made again from a seed: record (partition, sequence) depends on nothing but the recipe, so the checker needs no copy of what was sent.
 * Every record says who it is: in the first 20 bytes of its value (binary), in its first field (json, avro), or in the header `record-id` where neither is possible.
 */
final class Recipe {
  static final String ID_HEADER = "record-id";
  static final int ID_BYTES = 20;
  private static final long PARTITION_SHIFT = 40;
  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

  enum Format { BINARY, JSON, AVRO }

  /** Who a record says it is; `run` is 0 for formats that cannot carry it. */
  record Id(long run, int partition, long sequence) { }

  final long seed;
  final long run;
  final long records;
  final int partitions;
  final Format format;
  final int bytesMin;
  final int bytesMax;
  final String keys;
  final boolean headers;
  final boolean idHeader;
  final boolean holes;
  final long timestampBaseMs;

  Recipe(JsonNode o) {
    seed = o.path("seed").asLong(1);
    run = mix(seed ^ 0x6b642d72756e0000L) | 1L;
    records = o.path("records").asLong(1000);
    partitions = o.path("partitions").asInt(1);
    format = Format.valueOf(o.path("format").asText("binary").toUpperCase(java.util.Locale.ROOT));
    bytesMin = o.path("bytesMin").asInt(o.path("bytes").asInt(98));
    bytesMax = Math.max(bytesMin, o.path("bytesMax").asInt(o.path("bytes").asInt(98)));
    keys = o.path("keys").asText("none");
    headers = o.path("headers").asBoolean(false);
    idHeader = o.path("idHeader").asBoolean(false);
    holes = o.path("holes").asBoolean(false);
    timestampBaseMs = o.path("timestampBaseMs").asLong(1_700_000_000_000L);
  }

  /** Records of one partition: the remainder goes to the first ones. */
  long recordsOf(int partition) {
    return records / partitions + (partition < records % partitions ? 1 : 0);
  }

  ProducerRecord<byte[], byte[]> make(String topic, int partition, long sequence) {
    Random random = new Random(mix(seed + partition * 0x9E3779B97F4A7C15L) ^ mix(sequence + 1));
    byte[] key = key(random, partition, sequence);
    byte[] value = value(random, partition, sequence);
    boolean anonymous = value == null || value.length == 0 || (format == Format.BINARY && value.length < ID_BYTES);
    List<Header> list = headers || idHeader || anonymous ? new ArrayList<>() : null;
    if (headers) addHeaders(random, list);
    if (idHeader || anonymous) list.add(new RecordHeader(ID_HEADER, id(partition, sequence)));
    long timestampMs = timestampBaseMs + sequence + random.below(1000);
    return new ProducerRecord<>(topic, partition, timestampMs, key, value, list);
  }

  private byte[] id(int partition, long sequence) {
    return ByteBuffer.allocate(ID_BYTES).putLong(run).putInt(partition).putLong(sequence).array();
  }

  private byte[] key(Random random, int partition, long sequence) {
    switch (keys) {
      case "none":
        return null;
      case "sequence":
        return (partition + "-" + sequence).getBytes(StandardCharsets.UTF_8);
      case "entity":
        return ("entity-" + random.below(1000)).getBytes(StandardCharsets.UTF_8);
      case "mixed":
        int kind = random.below(10);
        return kind == 0 ? null : kind == 1 ? new byte[0] : random.bytes(1 + random.below(40));
      default:
        throw new IllegalArgumentException("keys: none | sequence | entity | mixed, not " + keys);
    }
  }

  private byte[] value(Random random, int partition, long sequence) {
    int length = bytesMin + (bytesMax > bytesMin ? random.below(bytesMax - bytesMin + 1) : 0);
    if (holes) {
      int kind = random.below(20);
      if (kind == 0) return null;
      if (kind == 1) return new byte[0];
    }
    if (format == Format.JSON) return json(random, partition, sequence, length);
    if (format == Format.AVRO) return avro(random, partition, sequence, length);
    byte[] bytes = random.bytes(length);
    if (length >= ID_BYTES) ByteBuffer.wrap(bytes).putLong(run).putInt(partition).putLong(sequence);
    return bytes;
  }

  private static long identityLong(int partition, long sequence) {
    return ((long) partition << PARTITION_SHIFT) + sequence;
  }

  /** {id, time: long, amount: double, name: string, tags: array of 3 strings}; the strings share what is left of the wanted length. */
  private byte[] avro(Random random, int partition, long sequence, int length) {
    ByteBuffer out = ByteBuffer.allocate(length + 64);
    putLong(out, identityLong(partition, sequence));
    putLong(out, timestampBaseMs + sequence);
    out.putLong(Long.reverseBytes(Double.doubleToLongBits(random.below(1_000_000) / 100.0)));
    int each = Math.max(1, (length - out.position() - 8) / 4);
    for (int i = 0; i < 4; i++) {
      if (i == 1) putLong(out, 3);
      // The name takes what the division leaves over, so that small records have the wanted length exactly.
      putText(out, random.text(i == 0 && each < 64 ? Math.max(1, length - out.position() - 3 - 3 * (each + 1)) : each));
    }
    putLong(out, 0);
    return java.util.Arrays.copyOf(out.array(), out.position());
  }

  private byte[] json(Random random, int partition, long sequence, int length) {
    int each = Math.max(1, (length - 80) / 4);
    String text = "{\"id\":" + identityLong(partition, sequence) + ",\"time\":" + (timestampBaseMs + sequence) + ",\"amount\":" + random.below(1_000_000) / 100.0
        + ",\"name\":\"" + random.text(each) + "\",\"tags\":[\"" + random.text(each) + "\",\"" + random.text(each) + "\",\"" + random.text(each) + "\"]}";
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void putText(ByteBuffer out, String text) {
    putLong(out, text.length());
    out.put(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void putLong(ByteBuffer out, long value) {
    long z = (value << 1) ^ (value >> 63);
    while ((z & ~0x7FL) != 0) {
      out.put((byte) ((z & 0x7F) | 0x80));
      z >>>= 7;
    }
    out.put((byte) z);
  }

  /** 0 to 4 headers: binary values, names that come twice, empty and null values, names outside ASCII. */
  private static void addHeaders(Random random, List<Header> list) {
    int count = random.below(5);
    for (int i = 0; i < count; i++) {
      int kind = random.below(6);
      String name = kind == 0 ? "twice" : kind == 1 ? "größe-ключ" : "h" + random.below(20);
      byte[] value = kind == 2 ? null : kind == 3 ? new byte[0] : random.bytes(1 + random.below(30));
      list.add(new RecordHeader(name, value));
    }
  }

  /** Reads who a record is; null where it does not say. The header wins over the value, the last header over earlier ones. */
  Id idOf(Iterable<Header> recordHeaders, byte[] value) {
    byte[] found = null;
    for (Header header : recordHeaders) if (header.key().equals(ID_HEADER)) found = header.value();
    if (found != null && found.length == ID_BYTES) return idIn(found);
    if (value == null) return null;
    if (format == Format.BINARY) return value.length < ID_BYTES ? null : idIn(value);
    Long number = format == Format.AVRO ? firstLong(value) : idField(value);
    return number == null || number < 0 ? null : new Id(0, (int) (number >>> PARTITION_SHIFT), number & ((1L << PARTITION_SHIFT) - 1));
  }

  private static Id idIn(byte[] bytes) {
    ByteBuffer b = ByteBuffer.wrap(bytes);
    return new Id(b.getLong(), b.getInt(), b.getLong());
  }

  private static Long firstLong(byte[] value) {
    long z = 0;
    for (int i = 0; i < Math.min(10, value.length); i++) {
      z |= (value[i] & 0x7FL) << (7 * i);
      if (value[i] >= 0) return (z >>> 1) ^ -(z & 1);
    }
    return null;
  }

  private static Long idField(byte[] value) {
    String text = new String(value, StandardCharsets.UTF_8);
    int at = text.indexOf("\"id\":");
    if (at < 0) return null;
    int from = at + 5;
    while (from < text.length() && text.charAt(from) == ' ') from++;
    int to = from;
    while (to < text.length() && Character.isDigit(text.charAt(to))) to++;
    return to == from || to - from > 18 ? null : Long.valueOf(text.substring(from, to));
  }

  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** SplitMix64: cheap to seed for every record. */
  static final class Random {
    private long state;

    Random(long seed) {
      state = seed;
    }

    long next() {
      return mix(state += 0x9E3779B97F4A7C15L);
    }

    int below(int bound) {
      return (int) ((next() >>> 33) % bound);
    }

    byte[] bytes(int length) {
      byte[] bytes = new byte[length];
      for (int i = 0; i < length; ) for (long r = next(), k = 0; k < 8 && i < length; k++, r >>>= 8) bytes[i++] = (byte) r;
      return bytes;
    }

    String text(int length) {
      char[] chars = new char[length];
      for (int i = 0; i < length; ) for (long r = next() >>> 1, k = 0; k < 10 && i < length; k++, r /= 36) chars[i++] = LETTERS.charAt((int) (r % 36));
      return new String(chars);
    }
  }
}

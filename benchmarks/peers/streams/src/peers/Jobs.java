package peers;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Predicate;
import org.apache.kafka.streams.kstream.Produced;

/** The topologies. */
final class Jobs {
  private static final double LARGE_FROM = 5000;

  private final Orders orders;
  private final long wanted;
  private final Runnable onLast;
  private long seen;

  /** Calls `onLast` when that many records have been read. */
  Jobs(Orders orders, long records, Runnable onLast) {
    this.orders = orders;
    this.wanted = records;
    this.onLast = onLast;
  }

  Topology topology(String job, String input, String[] outputs) {
    StreamsBuilder builder = new StreamsBuilder();
    Serde<byte[]> bytes = Serdes.ByteArray();
    Predicate<byte[], byte[]> isLargeAvro = (key, value) -> orders.amountOfAvro(value) >= LARGE_FROM;
    Predicate<byte[], byte[]> isLargeJson = (key, value) -> orders.amountOfJson(value) >= LARGE_FROM;
    switch (job) {
      case "pass" -> read(builder, input, bytes).to(outputs[0], written(bytes));
      case "filter-avro" -> read(builder, input, bytes).filter(isLargeAvro).to(outputs[0], written(bytes));
      case "filter-json" -> read(builder, input, bytes).filter(isLargeJson).to(outputs[0], written(bytes));
      case "route-avro" -> route(read(builder, input, bytes), isLargeAvro, outputs);
      case "route-json" -> route(read(builder, input, bytes), isLargeJson, outputs);
      case "change-avro" ->
          read(builder, input, orders.avro).mapValues(orders::reprice).to(outputs[0], written(orders.avro));
      case "change-json" ->
          read(builder, input, orders.json).mapValues(orders::reprice).to(outputs[0], written(orders.json));
      case "json-to-avro" ->
          read(builder, input, orders.json)
              .mapValues(orders::reprice)
              .mapValues(orders::toRecord)
              .to(outputs[0], written(orders.avro));
      default -> throw new IllegalArgumentException("no job " + job);
    }
    return builder.build();
  }

  private <V> KStream<byte[], V> read(StreamsBuilder builder, String topic, Serde<V> serde) {
    return builder.stream(topic, Consumed.with(Serdes.ByteArray(), serde)).peek((key, value) -> count());
  }

  private static <V> Produced<byte[], V> written(Serde<V> serde) {
    return Produced.with(Serdes.ByteArray(), serde);
  }

  private static void route(
      KStream<byte[], byte[]> stream, Predicate<byte[], byte[]> isLarge, String[] outputs) {
    Produced<byte[], byte[]> produced = written(Serdes.ByteArray());
    stream
        .split()
        .branch(isLarge, Branched.withConsumer(large -> large.to(outputs[1], produced)))
        .defaultBranch(Branched.withConsumer(small -> small.to(outputs[0], produced)));
  }

  /** Called by the one stream thread. */
  private void count() {
    if (++seen == wanted) onLast.run();
  }
}

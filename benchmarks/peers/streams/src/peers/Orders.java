package peers;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * Orders as Avro's generic records and as JSON by Jackson. For one thread: decoder and encoder are reused.
 */
final class Orders {
  private static final double TAX = 1.19;

  static final class Order {
    public long id;
    public long time;
    public double amount;
    public String name;
    public List<String> tags;
  }

  /** Only what filter and route look at. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  static final class Amount {
    public double amount;
  }

  final Serde<GenericRecord> avro;
  final Serde<Order> json;

  private final Schema schema;
  private final GenericDatumReader<GenericRecord> reader;
  private final GenericDatumReader<GenericRecord> amountReader;
  private final GenericDatumWriter<GenericRecord> writer;
  private final ObjectReader jsonReader;
  private final ObjectReader jsonAmountReader;
  private final ObjectWriter jsonWriter;
  private final ByteArrayOutputStream buffer = new ByteArrayOutputStream();
  private BinaryDecoder decoder;
  private BinaryEncoder encoder;
  private GenericRecord amount;

  Orders(Schema schema) {
    this.schema = schema;
    Schema amountOnly =
        SchemaBuilder.record(schema.getName())
            .namespace(schema.getNamespace())
            .fields()
            .requiredDouble("amount")
            .endRecord();
    reader = new GenericDatumReader<>(schema);
    amountReader = new GenericDatumReader<>(schema, amountOnly);
    writer = new GenericDatumWriter<>(schema);
    ObjectMapper mapper = new ObjectMapper();
    jsonReader = mapper.readerFor(Order.class);
    jsonAmountReader = mapper.readerFor(Amount.class);
    jsonWriter = mapper.writerFor(Order.class);
    avro = Serdes.serdeFrom((topic, value) -> encode(value), (topic, bytes) -> decode(reader, null, bytes));
    json = Serdes.serdeFrom((topic, value) -> toJson(value), (topic, bytes) -> fromJson(bytes));
  }

  GenericRecord reprice(GenericRecord order) {
    double before = (Double) order.get("amount");
    order.put("amount", repriced(before, order.get("name").toString()));
    return order;
  }

  Order reprice(Order order) {
    order.amount = repriced(order.amount, order.name);
    return order;
  }

  private static double repriced(double amount, String name) {
    if (amount < 0 || name.isEmpty()) throw new IllegalArgumentException("amount and name must be there");
    return Math.floor(amount * TAX * 100 + 0.5) / 100;
  }

  GenericRecord toRecord(Order order) {
    GenericRecord record = new GenericData.Record(schema);
    record.put("id", order.id);
    record.put("time", order.time);
    record.put("amount", order.amount);
    record.put("name", order.name);
    record.put("tags", order.tags);
    return record;
  }

  double amountOfAvro(byte[] bytes) {
    amount = decode(amountReader, amount, bytes);
    return (Double) amount.get(0);
  }

  double amountOfJson(byte[] bytes) {
    try {
      return jsonAmountReader.<Amount>readValue(bytes).amount;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private GenericRecord decode(GenericDatumReader<GenericRecord> with, GenericRecord reuse, byte[] bytes) {
    try {
      decoder = DecoderFactory.get().binaryDecoder(bytes, decoder);
      return with.read(reuse, decoder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] encode(GenericRecord order) {
    try {
      buffer.reset();
      encoder = EncoderFactory.get().directBinaryEncoder(buffer, encoder);
      writer.write(order, encoder);
      return buffer.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Order fromJson(byte[] bytes) {
    try {
      return jsonReader.readValue(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] toJson(Order order) {
    try {
      return jsonWriter.writeValueAsBytes(order);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

/* Uses reader and writer as JavaScript does, but without JavaScript: librdkafka's mock cluster → reader →
 * writer → mock cluster → reader. Meant for AddressSanitizer and valgrind, which do not work well on a
 * whole Node process. */
#include "../live.h"
#include "../writer_internal.h"
#include "bench.h"

#ifdef KD_TEST_SLOW
#define RECORDS 2000
#define CYCLES 3
#else
#define RECORDS 20000
#define CYCLES 20
#endif

/* Runs of records with and without headers, in each partition: those without are produced together. */
static bool has_header(int i) {
  return i / (PARTITIONS * 50) % 2 == 0 || i % 97 == 0;
}

static void fill_topic(const char *topic, int count) {
  rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, NULL);
  for (int i = 0; i < count; i++) {
    char key[32], value[64];
    snprintf(key, sizeof key, "key-%d", i);
    snprintf(value, sizeof value, "value-%d", i);
    const char *name = i % 3 ? "odd" : "same";
    char *key_or_null = i % 7 ? key : NULL, *value_or_null = i % 11 ? value : NULL;
    rd_kafka_resp_err_t error;
    do {
      rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
      if (has_header(i)) rd_kafka_header_add(headers, name, -1, "a\0b", 3);
      error = rd_kafka_producev(
          producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION((i % PARTITIONS)),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key_or_null, strlen(key)),
          RD_KAFKA_V_VALUE(value_or_null, strlen(value)), RD_KAFKA_V_TIMESTAMP((1000 + i)),
          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
      if (error) {
        rd_kafka_headers_destroy(headers);
        rd_kafka_poll(producer, 5);
      }
    } while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    CHECK(!error);
  }
  CHECK(rd_kafka_flush(producer, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(producer);
}

static uint8_t *identity_of(uint32_t rows, int32_t topic) {
  uint8_t *block = calloc(1, KD_HEADER_BYTES);
  kd_output_header header = {.magic = KD_OUTPUT_MAGIC,
                             .rows_position = KD_HEADER_BYTES,
                             .source_row_count = rows,
                             .block_length = KD_HEADER_BYTES,
                             .flags = KD_OUTPUT_IDENTITY,
                             .identity_topic = (uint32_t)topic};
  memcpy(block, &header, sizeof header);
  return block;
}

/* Everything passes through unchanged, in blocks that are read, written, settled and reused, through a
 * queue that is far too small. */
static void pass_through(void) {
  int64_t id;
  kd_table *table = kd_table_new(100);
  rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, &id);
  kd_writer_options options = {.parts_max = BLOCKS, .poll_interval_ms = 20, .listener = on_writer};
  kd_writer *writer = kd_writer_new(id, table, &options);
  CHECK(writer && kd_writer_start(writer));
  int32_t topic = kd_writer_topic(writer, "out", PARTITIONS, KD_POLICY_AUTO);
  CHECK(topic == 0 && kd_writer_topic(writer, "out", PARTITIONS, KD_POLICY_AUTO) == 0);
  source from = open_source("in", table);
  uint8_t *outputs[BLOCKS] = {0};
  uint32_t settled = 0, read = 0;
  while (settled < RECORDS) {
    event item = next_event();
    if (item.of_writer) {
      CHECK(item.writer.kind == KD_WRITER_SETTLED && item.writer.failure_count == 0 &&
            item.writer.stale == 0);
      uint32_t block = (uint32_t)(uintptr_t)item.writer.token;
      settled += item.writer.acknowledged;
      kd_writer_slot_done(writer, item.writer.slot);
      free(outputs[block]);
      outputs[block] = NULL;
      /* Nothing of a settled part is read any more. */
      memset(from.blocks[block], 0xee, BLOCK_BYTES);
      CHECK(kd_reader_offer(from.reader, block, from.blocks[block], BLOCK_BYTES, 0) == KD_READER_OK);
    } else if (item.reader.kind == KD_READER_BATCH) {
      uint32_t block = (uint32_t)item.reader.a;
      read += (uint32_t)item.reader.b;
      kd_reader_taken(from.reader);
      outputs[block] = identity_of((uint32_t)item.reader.b, topic);
      kd_part part = {.token = (void *)(uintptr_t)block,
                      .input = from.blocks[block],
                      .input_length = BLOCK_BYTES,
                      .output = outputs[block],
                      .output_length = KD_HEADER_BYTES};
      CHECK(kd_writer_write(writer, &part) == KD_WRITE_OK);
    } else {
      CHECK(item.reader.kind == KD_READER_ERROR);
    }
  }
  CHECK(read == RECORDS && kd_writer_read_stats(writer).acknowledged == RECORDS);
  /* With another librdkafka everything would still be right, but rows would go one by one. */
  CHECK(writer->stamps == KD_STAMPS_PROVED);
  close_source(&from);
  kd_writer_stop(writer);
  CHECK(next_event().writer.kind == KD_WRITER_STOPPED);
  expect_empty_queue(producer);
  kd_writer_free(writer);
  rd_kafka_destroy(producer);
  kd_table_release(table);
}

static void check_record(const kd_input_record *record, int32_t partition, int64_t *seen) {
  char key[32], value[64];
  kd_headers_cursor cursor = {.next = record->headers, .left = record->headers_length};
  kd_header header;
  /* Key, value, header and timestamp are all derived from one number; partitions keep their order. */
  int i = (int)(record->timestamp - 1000);
  CHECK(i % PARTITIONS == partition && *seen < i);
  *seen = i;
  snprintf(key, sizeof key, "key-%d", i);
  snprintf(value, sizeof value, "value-%d", i);
  CHECK(i % 7 ? record->key_length == strlen(key) && !memcmp(record->key, key, strlen(key)) : !record->key);
  CHECK(i % 11 ? record->value_length == strlen(value) && !memcmp(record->value, value, strlen(value))
               : !record->value);
  if (!has_header(i)) {
    CHECK(kd_headers_next(&cursor, &header) == 0);
    return;
  }
  CHECK(kd_headers_next(&cursor, &header) == 1 && header.value_length == 3 &&
        !memcmp(header.value, "a\0b", 3));
  CHECK(header.name_length == (i % 3 ? 3u : 4u) && kd_headers_next(&cursor, &header) == 0);
}

/* The output equals the input; on the way: park, rewind, and everything again. */
static void read_back(void) {
  kd_table *table = kd_table_new(100);
  kd_input_view view = {0};
  source from = open_source("out", table);
  for (int pass = 0; pass < 3; pass++) {
    int64_t seen[PARTITIONS] = {-1, -1, -1, -1};
    uint32_t read = 0;
    while (read < RECORDS) {
      event item = wait_for_reader(KD_READER_BATCH);
      uint32_t block = (uint32_t)item.reader.a, hint = 0;
      CHECK(kd_input_open(&view, from.blocks[block], BLOCK_BYTES) == KD_PACKED_OK &&
            view.row_count == item.reader.b);
      for (uint32_t row = 0; row < view.row_count; row++) {
        kd_input_record record;
        CHECK(kd_input_record_at(&view, row, &record));
        int32_t partition =
            kd_table_at(table, kd_input_segment_of(&view, row, &hint)->partition_id)->partition;
        check_record(&record, partition, &seen[partition]);
      }
      read += view.row_count;
      kd_reader_taken(from.reader);
      CHECK(kd_reader_offer(from.reader, block, from.blocks[block], BLOCK_BYTES, 0) == KD_READER_OK);
    }
    CHECK(read == RECORDS && kd_reader_rewind(from.reader, 0, 1, 0) == KD_READER_NOT_PARKED);
    CHECK(kd_reader_park(from.reader) == KD_READER_OK);
    wait_for_reader(KD_READER_PARKED);
    /* First a seek, then another assignment, which removes the forwarding until the event thread sets it
     * again. */
    if (pass == 0)
      seek_to_start(from.consumer, "out");
    else if (pass == 1)
      assign(from.consumer, "out", PARTITIONS);
    for (uint32_t i = 0; i < PARTITIONS; i++) {
      CHECK(kd_reader_next_offset(from.reader, i) == RECORDS / PARTITIONS);
      CHECK(kd_reader_rewind(from.reader, i, 1, 0) == KD_READER_OK);
    }
    if (pass < 2) CHECK(kd_reader_unpark(from.reader) == KD_READER_OK);
  }
  close_source(&from);
  kd_input_free(&view);
  kd_table_release(table);
}

/* One input batch of `rows` rows of partition 0, as the reader would make it. */
static uint8_t *make_input(uint32_t rows, uint32_t partition_id, uint32_t epoch) {
  uint8_t *block = calloc(1, BLOCK_BYTES);
  kd_packer packer = {.segments_max = 2, .segments = malloc(2 * sizeof(kd_segment))};
  kd_packer_begin(&packer, block, BLOCK_BYTES);
  for (uint32_t i = 0; i < rows; i++) {
    kd_record record = {.offset = i, .timestamp = -1, .value = "v", .value_length = 1, .headers_length = -1};
    CHECK(kd_packer_add(&packer, &record, partition_id, epoch, NULL));
  }
  kd_packer_close(&packer);
  free(packer.segments);
  return block;
}

static uint8_t *make_output(uint32_t rows, int32_t topic, int32_t partition) {
  uint32_t position;
  uint8_t *block = new_output(BLOCK_BYTES, rows, &position);
  for (uint32_t i = 0; i < rows; i++) {
    kd_output_row row = {.source_row = i, .topic = (uint16_t)topic, .flags = 15, .partition = partition};
    memcpy(block + position + i * KD_OUTPUT_ROW_BYTES, &row, sizeof row);
  }
  return block;
}

static kd_writer_event write_and_settle(kd_writer *writer, const uint8_t *input, const uint8_t *output) {
  kd_part part = {
      .input = input, .input_length = BLOCK_BYTES, .output = output, .output_length = BLOCK_BYTES};
  CHECK(kd_writer_write(writer, &part) == KD_WRITE_OK);
  event item = next_event();
  CHECK(item.of_writer && item.writer.kind == KD_WRITER_SETTLED);
  return item.writer;
}

/* Every kind of undelivered row is counted once, and nothing remains in librdkafka. */
static void refusals(void) {
  int64_t id;
  kd_table *table = kd_table_new(10);
  uint32_t source_id = kd_table_id_of(table, "in", 0);
  atomic_store(&kd_table_at(table, source_id)->epoch, 3);
  rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, &id);
  kd_writer_options options = {.parts_max = 2, .poll_interval_ms = 20, .listener = on_writer};
  kd_writer *writer = kd_writer_new(id, table, &options);
  CHECK(writer && kd_writer_start(writer));
  int32_t topic = kd_writer_topic(writer, "out", PARTITIONS, KD_POLICY_AUTO);
  uint8_t *input = make_input(100, source_id, 3);
  uint8_t *known = make_output(100, topic, 1), *unknown = make_output(100, topic, 77);
  kd_writer_event settled = write_and_settle(writer, input, known);
  CHECK(settled.acknowledged == 100 && settled.failure_count == 0);
  kd_writer_slot_done(writer, settled.slot);
  /* Refused twice: here, and, with a wrong partition count, by librdkafka, which calls the interceptor
   * first. */
  for (int pass = 0; pass < 2; pass++) {
    settled = write_and_settle(writer, input, unknown);
    CHECK(settled.acknowledged == 0 && settled.failure_count == 100 &&
          settled.failures[1] == (pass == 0 ? KD_CODE_NO_PARTITION : RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION));
    kd_writer_slot_done(writer, settled.slot);
    CHECK(kd_writer_set_partition_count(writer, (uint32_t)topic, 100));
  }
  expect_empty_queue(producer);
  memset(known, 0, 4);
  settled = write_and_settle(writer, input, known);
  CHECK(settled.acknowledged == 0 && settled.failure_count == 1 && settled.failures[1] == KD_CODE_BAD_BATCH);
  kd_writer_slot_done(writer, settled.slot);
  uint8_t *odd = make_output(100, topic + 1, 0);
  settled = write_and_settle(writer, input, odd);
  CHECK(settled.failure_count == 100 && settled.failures[298] == KD_CODE_BAD_ROW &&
        settled.failures[297] == 99);
  kd_writer_slot_done(writer, settled.slot);
  atomic_store(&kd_table_at(table, source_id)->epoch, 4);
  settled = write_and_settle(writer, input, unknown);
  CHECK(settled.stale == 100 && settled.failure_count == 0 && settled.acknowledged == 0);
  kd_writer_slot_done(writer, settled.slot);
  kd_writer_stats stats = kd_writer_read_stats(writer);
  CHECK(stats.produced == 100 && stats.acknowledged == 100 && stats.failed == 301 && stats.stale == 100);
  /* The client is destroyed first, which stops the writer. */
  rd_kafka_destroy(producer);
  CHECK(next_event().writer.kind == KD_WRITER_STOPPED);
  CHECK(kd_writer_write(writer, &(kd_part){.input = input}) == KD_WRITE_STOPPED);
  kd_writer_free(writer);
  kd_table_release(table);
  free(input);
  free(known);
  free(unknown);
  free(odd);
}

/* What a broker does not acknowledge is purged and settled before 'stopped', whoever ends first: librdkafka
 * must read nothing of blocks that are released after it. */
static void stop_in_flight(bool client_first) {
  enum { ROWS = 400, PRODUCE = 0 };
  int64_t id, until_ms = kd_now_ms() + WAIT_MS;
  int32_t timeouts[KD_MOCK_ERRORS_MAX];
  for (uint32_t i = 0; i < KD_MOCK_ERRORS_MAX; i++) timeouts[i] = RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
  kd_table *table = kd_table_new(10);
  uint32_t source_id = kd_table_id_of(table, "in", 0);
  atomic_store(&kd_table_at(table, source_id)->epoch, 3);
  rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, &id);
  kd_writer_options options = {.parts_max = 2, .poll_interval_ms = 20, .listener = on_writer};
  kd_writer *writer = kd_writer_new(id, table, &options);
  CHECK(writer && kd_writer_start(writer));
  int32_t topic = kd_writer_topic(writer, "out", PARTITIONS, KD_POLICY_AUTO);
  uint8_t *input = make_input(ROWS, source_id, 3), *output = make_output(ROWS, topic, 1);
  kd_mock_push_request_errors(mock, PRODUCE, timeouts, KD_MOCK_ERRORS_MAX);
  kd_part part = {
      .input = input, .input_length = BLOCK_BYTES, .output = output, .output_length = BLOCK_BYTES};
  CHECK(kd_writer_write(writer, &part) == KD_WRITE_OK);
  while (kd_writer_read_stats(writer).produced < ROWS) {
    CHECK(kd_now_ms() < until_ms);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  if (client_first)
    rd_kafka_destroy(producer);
  else
    kd_writer_stop(writer);
  event item = next_event();
  CHECK(item.of_writer && item.writer.kind == KD_WRITER_SETTLED);
  CHECK(item.writer.failure_count == ROWS && item.writer.acknowledged == 0);
  CHECK(next_event().writer.kind == KD_WRITER_STOPPED);
  memset(input, 0xee, BLOCK_BYTES);
  free(input);
  free(output);
  CHECK(kd_writer_free(writer));
  if (!client_first) rd_kafka_destroy(producer);
  kd_table_release(table);
}

/* A record larger than the block waits for a block that is large enough, and is not lost. */
static void oversize(void) {
  kd_table *table = kd_table_new(100);
  static char large[BLOCK_BYTES * 2];
  rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, NULL);
  CHECK(!rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("large"), RD_KAFKA_V_PARTITION(0),
                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(large, sizeof large),
                           RD_KAFKA_V_END));
  CHECK(rd_kafka_flush(producer, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_destroy(producer);
  source from = open_source("large", table);
  event item = wait_for_reader(KD_READER_OVERSIZE);
  CHECK(item.reader.a >= (int64_t)sizeof large && kd_reader_read_stats(from.reader).held == 1);
  uint8_t *block = malloc((size_t)item.reader.a);
  CHECK(kd_reader_offer(from.reader, 99, block, (size_t)item.reader.a, 0) == KD_READER_OK);
  item = wait_for_reader(KD_READER_BATCH);
  CHECK(item.reader.a == 99 && item.reader.b == 1);
  kd_reader_taken(from.reader);
  uint32_t ids[16], count;
  CHECK(kd_reader_park(from.reader) == KD_READER_OK);
  wait_for_reader(KD_READER_PARKED);
  CHECK(kd_reader_reclaim(from.reader, ids, 16, &count) == KD_READER_OK && count == BLOCKS && ids[0] == 0);
  close_source(&from);
  free(block);
  kd_table_release(table);
}

static void expect_nothing_left(void) {
  for (int kind = 0; kind < KD_LIVE_KINDS; kind++) CHECK(kd_live_count((kd_live_kind)kind) == 0);
}

int main(void) {
  char error[512];
  kd_condition_init(&came);
  mock = kd_mock_new(2, error, sizeof error);
  CHECK(mock);
  kd_mock_initial_rebalance_delay_ms(mock, 0);
  CHECK(kd_mock_create_topic(mock, "in", PARTITIONS, 1) == 0 &&
        kd_mock_create_topic(mock, "out", PARTITIONS, 1) == 0);
  CHECK(kd_mock_create_topic(mock, "large", PARTITIONS, 1) == 0);
  fill_topic("in", RECORDS);
  pass_through();
  read_back();
  refusals();
  oversize();
  expect_nothing_left();
  for (int i = 0; i < CYCLES; i++) {
    kd_table *table = kd_table_new(100);
    source from = open_source("in", table);
    wait_for_reader(KD_READER_BATCH);
    kd_reader_free(from.reader);
    assign(from.consumer, "", 0);
    rd_kafka_destroy(from.consumer);
    for (int block = 0; block < BLOCKS; block++) free(from.blocks[block]);
    while (first) next_event();
    kd_table_release(table);
  }
  /* The last: the mock cluster keeps what is left of the errors. */
  stop_in_flight(false);
  stop_in_flight(true);
  expect_nothing_left();
  kd_mock_free(mock);
  printf("pipeline: all as it should be (%d records)\n", RECORDS);
  return 0;
}

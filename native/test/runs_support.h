/* Parts whose rows are routed, a writer for them, and every call by which rows are produced together: it is
 * noted, and a test may let it fail halfway or do something before it. */
#ifndef KD_RUNS_SUPPORT_H
#define KD_RUNS_SUPPORT_H

#include <dlfcn.h>

#include "../writer_internal.h"
#include "bench.h"

#define TOPICS 2
#define TARGETS (KD_WRITER_RUNS_MAX - 4)
#define ROWS 2000u
#define PART_BYTES (2u << 20)
#define CALLS_MAX 4096
#define EPOCH 3u
#define FIRST_TIMESTAMP 1000000

typedef enum {
  PLAIN,
  WITH_HEADERS,
  BAD_HEADERS,
  OVER_TOPIC_LIMIT,
  OVER_CLIENT_LIMIT,
  NO_SUCH_TOPIC,
  NO_SUCH_PARTITION
} row_kind;

/* Where a row goes, and what is wrong with it. */
typedef struct {
  int topic;
  int32_t partition;
  row_kind kind;
} row_plan;

typedef row_plan (*plan)(uint32_t row);

/* ---- the calls ---- */

typedef struct {
  char topic[32];
  int32_t partition;
  int count;
  /* The first row of it. */
  uint32_t row;
} call;

static call calls[CALLS_MAX];
static int call_count;
/* Called before a call. Returns how many of its messages librdkafka gets; the rest find the queue full. */
static int (*before_call)(int number, int count);

int rd_kafka_produce_batch(rd_kafka_topic_t *topic, int32_t partition, int flags,
                           rd_kafka_message_t *messages, int count) {
  int (*produce)(rd_kafka_topic_t *, int32_t, int, rd_kafka_message_t *, int) = NULL;
  *(void **)&produce = dlsym(RTLD_NEXT, "rd_kafka_produce_batch");
  CHECK(produce && call_count < CALLS_MAX && count > 0);
  call *noted = &calls[call_count++];
  *noted = (call){.partition = partition, .count = count, .row = (uint32_t)(uintptr_t)messages[0]._private};
  snprintf(noted->topic, sizeof noted->topic, "%s", rd_kafka_topic_name(topic));
  int taken = before_call ? before_call(call_count, count) : count;
  for (int i = taken; i < count; i++) messages[i].err = RD_KAFKA_RESP_ERR__QUEUE_FULL;
  return taken > 0 ? produce(topic, partition, flags, messages, taken) : 0;
}

/* ---- a writer ---- */

typedef struct {
  kd_table *table;
  rd_kafka_t *producer;
  kd_writer *writer;
  /* Of the source's partitions. */
  uint32_t ids[2];
  char names[TOPICS][32];
} bench;

static bench open_bench(const char *name, bool receipts) {
  int64_t id;
  bench made = {.table = kd_table_new(10)};
  for (int i = 0; i < 2; i++) {
    made.ids[i] = kd_table_id_of(made.table, "in", i);
    atomic_store(&kd_table_at(made.table, made.ids[i])->epoch, EPOCH);
  }
  made.producer = client(RD_KAFKA_PRODUCER, &id);
  kd_writer_options options = {
      .parts_max = 8, .poll_interval_ms = 20, .receipts = receipts, .listener = on_writer};
  made.writer = kd_writer_new(id, made.table, &options);
  CHECK(made.writer && kd_writer_start(made.writer));
  for (int i = 0; i < TOPICS; i++) {
    snprintf(made.names[i], sizeof made.names[i], "%s-%d", name, i);
    CHECK(kd_mock_create_topic(mock, made.names[i], TARGETS, 1) == 0);
    CHECK(kd_writer_topic(made.writer, made.names[i], TARGETS, KD_POLICY_AUTO) == i);
  }
  call_count = 0;
  before_call = NULL;
  return made;
}

static void close_bench(bench *of) {
  kd_writer_stop(of->writer);
  CHECK(next_event().writer.kind == KD_WRITER_STOPPED);
  expect_empty_queue(of->producer);
  CHECK(kd_writer_free(of->writer));
  rd_kafka_destroy(of->producer);
  kd_table_release(of->table);
}

/* ---- parts ---- */

typedef struct {
  uint8_t *input, *output;
} blocks;

/* Source rows in stretches of two partitions: whatever waits is sent where a stretch ends. */
static uint8_t *routed_input(const bench *of, uint32_t rows, uint32_t stretch) {
  uint8_t *block = calloc(1, PART_BYTES);
  kd_packer packer = {.segments_max = rows, .segments = calloc(rows, sizeof(kd_segment))};
  kd_packer_begin(&packer, block, PART_BYTES);
  for (uint32_t i = 0; i < rows; i++) {
    kd_record record = {.offset = i, .timestamp = -1, .value = "v", .value_length = 1, .headers_length = -1};
    CHECK(kd_packer_add(&packer, &record, of->ids[i / stretch % 2], EPOCH, NULL));
  }
  kd_packer_close(&packer);
  free(packer.segments);
  return block;
}

static void fill_row(uint8_t *block, kd_output_row *row, const row_plan *planned, uint32_t number) {
  static const char TEXT[] = "%06u";
  uint32_t at = row->value_position;
  snprintf((char *)block + at, 8, TEXT, number);
  row->value_length = 6;
  row->topic = (uint16_t)(planned->kind == NO_SUCH_TOPIC ? TOPICS : planned->topic);
  row->partition = planned->kind == NO_SUCH_PARTITION ? 77 : planned->partition;
  if (planned->kind == OVER_TOPIC_LIMIT) row->value_length = 4000;
  if (planned->kind == OVER_CLIENT_LIMIT) row->value_length = 1100000;
  if (planned->kind == WITH_HEADERS || planned->kind == BAD_HEADERS) {
    row->headers_position = at + 8;
    row->headers_length = (int32_t)(kd_headers_put(block + at + 8, "n", 1, "1", 1) - block - at - 8);
    if (planned->kind == BAD_HEADERS) row->headers_length -= 1;
  }
}

static uint8_t *routed_output(plan plan, uint32_t rows, uint32_t first_number) {
  uint32_t position;
  uint8_t *block = new_output(PART_BYTES, rows, &position);
  uint32_t values = position + rows * KD_OUTPUT_ROW_BYTES;
  for (uint32_t i = 0; i < rows; i++) {
    row_plan planned = plan(i);
    kd_output_row row = {.source_row = i,
                         .timestamp = FIRST_TIMESTAMP + first_number + i,
                         .key_length = -1,
                         .value_position = values + i * 32,
                         .headers_length = -1};
    fill_row(block, &row, &planned, first_number + i);
    memcpy(block + position + i * KD_OUTPUT_ROW_BYTES, &row, sizeof row);
  }
  return block;
}

static blocks start_part(const bench *of, plan plan, uint32_t rows, uint32_t stretch, uint32_t first_number) {
  blocks made = {routed_input(of, rows, stretch), routed_output(plan, rows, first_number)};
  kd_part part = {
      .input = made.input, .input_length = PART_BYTES, .output = made.output, .output_length = PART_BYTES};
  CHECK(kd_writer_write(of->writer, &part) == KD_WRITE_OK);
  return made;
}

/* The caller reads it, and then calls end_part(). */
static kd_writer_event settled_part(void) {
  event item = next_event();
  CHECK(item.of_writer && item.writer.kind == KD_WRITER_SETTLED);
  return item.writer;
}

static void end_part(const bench *of, const kd_writer_event *settled, blocks used) {
  kd_writer_slot_done(of->writer, settled->slot);
  /* Nothing of a settled part is read any more. */
  memset(used.output, 0xee, PART_BYTES);
  free(used.input);
  free(used.output);
}

/* The first message of a writer proves where timestamps are, and goes alone. */
static row_plan first_row(uint32_t row) {
  (void)row;
  return (row_plan){0, 0, PLAIN};
}

static void warm_up(const bench *of) {
  blocks used = start_part(of, first_row, 1, 1, 999999);
  kd_writer_event settled = settled_part();
  CHECK(settled.acknowledged == 1 && of->writer->stamps == KD_STAMPS_PROVED && call_count == 0);
  end_part(of, &settled, used);
}

#endif

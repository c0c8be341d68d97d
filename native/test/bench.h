/* Shared by the pipeline tests: the mock cluster, events taken one after another, plain clients, and a
 * reader with its blocks. */
#ifndef KD_BENCH_H
#define KD_BENCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "../clock.h"
#include "../handles.h"
#include "../mock.h"
#include "../packed.h"
#include "../reader.h"
#include "../writer.h"
#include "check.h"

#define PARTITIONS 4
#define BLOCKS 6
#define BLOCK_BYTES 65536u
#define WAIT_MS 60000

static kd_mock *mock;

/* ---- events, taken one after another by the main thread ---- */

typedef struct event {
  bool of_writer;
  kd_reader_event reader;
  kd_writer_event writer;
  struct event *next;
} event;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came;
static event *first, **last = &first;

static inline void push(event *item) {
  pthread_mutex_lock(&lock);
  *last = item;
  last = &item->next;
  pthread_cond_signal(&came);
  pthread_mutex_unlock(&lock);
}

static inline void on_reader(void *opaque, const kd_reader_event *reader) {
  (void)opaque;
  event *item = calloc(1, sizeof *item);
  item->reader = *reader;
  push(item);
}

static inline void on_writer(void *opaque, const kd_writer_event *writer) {
  (void)opaque;
  event *item = calloc(1, sizeof *item);
  item->of_writer = true;
  item->writer = *writer;
  push(item);
}

static inline event next_event(void) {
  int64_t until = kd_now_ms() + WAIT_MS;
  pthread_mutex_lock(&lock);
  while (!first) {
    CHECK(kd_now_ms() < until);
    kd_condition_wait_ms(&came, &lock, 1000);
  }
  event *item = first;
  first = item->next;
  if (!first) last = &first;
  pthread_mutex_unlock(&lock);
  event copy = *item;
  free(item);
  return copy;
}

/* Skips librdkafka's messages about its connections. */
static inline event wait_for_reader(kd_reader_event_kind kind) {
  for (;;) {
    event item = next_event();
    if (!item.of_writer && item.reader.kind == kind) return item;
    CHECK(!item.of_writer && item.reader.kind == KD_READER_ERROR);
  }
}

/* ---- clients ---- */

static inline rd_kafka_t *client(rd_kafka_type_t type, int64_t *handle_id) {
  char error[512], id[32];
  void *plugin;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  if (handle_id) {
    *handle_id = kd_handle_new_id();
    snprintf(id, sizeof id, "%lld", (long long)*handle_id);
    CHECK(conf_init(conf, &plugin, error, sizeof error) == RD_KAFKA_RESP_ERR_NO_ERROR);
    CHECK(rd_kafka_conf_set(conf, KD_HANDLE_PROPERTY, id, error, sizeof error) == RD_KAFKA_CONF_OK);
  }
  CHECK(rd_kafka_conf_set(conf, "bootstrap.servers", kd_mock_bootstrap_servers(mock), error, sizeof error) ==
        RD_KAFKA_CONF_OK);
  if (type == RD_KAFKA_CONSUMER) {
    CHECK(rd_kafka_conf_set(conf, "group.id", "pipeline", error, sizeof error) == RD_KAFKA_CONF_OK);
    CHECK(rd_kafka_conf_set(conf, "enable.auto.commit", "false", error, sizeof error) == RD_KAFKA_CONF_OK);
    CHECK(rd_kafka_conf_set(conf, "auto.offset.reset", "error", error, sizeof error) == RD_KAFKA_CONF_OK);
  } else {
    CHECK(rd_kafka_conf_set(conf, "delivery.report.only.error", "true", error, sizeof error) ==
          RD_KAFKA_CONF_OK);
    CHECK(rd_kafka_conf_set(conf, "queue.buffering.max.messages", "500", error, sizeof error) ==
          RD_KAFKA_CONF_OK);
    CHECK(rd_kafka_conf_set(conf, "linger.ms", "5", error, sizeof error) == RD_KAFKA_CONF_OK);
  }
  rd_kafka_t *made = rd_kafka_new(type, conf, error, sizeof error);
  CHECK(made);
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(made);
  return made;
}

static inline void assign(rd_kafka_t *consumer, const char *topic, int partitions) {
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
  for (int i = 0; i < partitions; i++) rd_kafka_topic_partition_list_add(list, topic, i)->offset = 0;
  CHECK(rd_kafka_assign(consumer, partitions ? list : NULL) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_partition_list_destroy(list);
}

static inline void seek_to_start(rd_kafka_t *consumer, const char *topic) {
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
  for (int i = 0; i < PARTITIONS; i++) rd_kafka_topic_partition_list_add(list, topic, i)->offset = 0;
  CHECK(!rd_kafka_seek_partitions(consumer, list, WAIT_MS));
  rd_kafka_topic_partition_list_destroy(list);
}

/* The interceptor gets an acknowledgement shortly before librdkafka removes the message from its queue on
 * its own thread; connection errors count as well, until they are polled. */
static inline void expect_empty_queue(rd_kafka_t *producer) {
  int64_t until = kd_now_ms() + WAIT_MS;
  while (rd_kafka_outq_len(producer) > 0) {
    CHECK(kd_now_ms() < until);
    rd_kafka_poll(producer, 5);
  }
}

/* ---- what a reader needs ---- */

typedef struct {
  rd_kafka_t *consumer;
  kd_table *table;
  kd_reader *reader;
  uint8_t *blocks[BLOCKS];
} source;

static inline source open_source(const char *topic, kd_table *table) {
  int64_t id;
  source made = {.consumer = client(RD_KAFKA_CONSUMER, &id), .table = table};
  kd_reader_options options = {
      .records_max = 1000, .bytes_max = 1 << 20, .ready_batches_max = 3, .listener = on_reader};
  made.reader = kd_reader_new(id, table, &options);
  CHECK(made.reader && !kd_reader_new(id, table, &options));
  kd_table_set_topic_partition_count(table, topic, PARTITIONS);
  for (int i = 0; i < PARTITIONS; i++) {
    uint32_t partition = kd_table_id_of(table, topic, i);
    atomic_store(&kd_table_at(table, partition)->epoch, 1);
    CHECK(kd_reader_open(made.reader, partition, 1, 0) == KD_READER_OK);
  }
  for (uint32_t i = 0; i < BLOCKS; i++) {
    made.blocks[i] = malloc(BLOCK_BYTES);
    CHECK(kd_reader_offer(made.reader, i, made.blocks[i], BLOCK_BYTES, 0) == KD_READER_OK);
  }
  assign(made.consumer, topic, PARTITIONS);
  CHECK(kd_reader_start(made.reader) == KD_READER_OK);
  return made;
}

static inline void close_source(source *of) {
  CHECK(kd_reader_park(of->reader) == KD_READER_OK);
  wait_for_reader(KD_READER_PARKED);
  assign(of->consumer, "", 0);
  kd_reader_stop(of->reader);
  wait_for_reader(KD_READER_STOPPED);
  CHECK(kd_reader_park(of->reader) == KD_READER_IS_STOPPED);
  kd_reader_free(of->reader);
  for (int i = 0; i < BLOCKS; i++) free(of->blocks[i]);
  rd_kafka_destroy(of->consumer);
}

/* A block of results in which the rows, from *position on, and then their bytes are still to be written. */
static inline uint8_t *new_output(uint32_t block_bytes, uint32_t rows, uint32_t *position) {
  uint8_t *block = calloc(1, block_bytes);
  *position = (KD_HEADER_BYTES + rows + 7) & ~7u;
  kd_output_header header = {.magic = KD_OUTPUT_MAGIC,
                             .row_count = rows,
                             .rows_position = *position,
                             .source_row_count = rows,
                             .bytes_position = *position + rows * KD_OUTPUT_ROW_BYTES,
                             .block_length = block_bytes};
  memcpy(block, &header, sizeof header);
  return block;
}

#endif

/* The writing half of the data plane: sends packed output batches to one producer, in the order of the
 * calls.
 *
 * One thread passes the rows to librdkafka. Acknowledgements are counted down per part on librdkafka's own
 * threads (kd_writer_acknowledge), by the number of part and row that each message carries as its opaque.
 * Nothing is allocated and nothing is reported per record. A part settles once every row of it was
 * acknowledged, refused or found stale. */
#ifndef KD_WRITER_H
#define KD_WRITER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "partition_table.h"

#define KD_WRITER_PARTS_MAX 65535u
#define KD_WRITER_TOPICS_MAX 4096u

/* Our own codes among the failures, outside librdkafka's range. */
enum {
  /* A row whose positions, lengths, topic or source row do not fit its blocks. */
  KD_CODE_BAD_ROW = -10001,
  /* The header of a block does not fit: no row of the part was sent. It is the only failure of the part,
   * for row 0. */
  KD_CODE_BAD_BATCH = -10002,
  /* This record alone is too large for its topic or for librdkafka. A broker's own MSG_SIZE_TOO_LARGE
   * applies to a whole message set. */
  KD_CODE_TOO_LARGE = -10003,
  /* Policy `same`, but the topic does not have the source's partition: the counts no longer match. */
  KD_CODE_COUNTS_DIFFER = -10005,
  /* Larger than librdkafka's whole queue, so it would wait for room forever. */
  KD_CODE_LARGER_THAN_QUEUE = -10006,
  /* The row names a partition that its topic does not have. librdkafka's own _UNKNOWN_PARTITION means that
   * the topic itself is gone. */
  KD_CODE_NO_PARTITION = -10004,
  /* The row names a partition that its topic had before it was deleted and created again with fewer. */
  KD_CODE_PARTITION_GONE = -10007,
};

/* Numbers per failure: row, code, index of the broker's words about this very record (-1: none). */
#define KD_FAILURE_FIELDS 3u
/* Distinct texts kept per part; records refused with further ones share the last. */
#define KD_FAILURE_TEXTS_MAX 16u
#define KD_FAILURE_TEXT_BYTES_MAX 512u

typedef struct kd_writer kd_writer;

typedef enum { KD_POLICY_AUTO, KD_POLICY_SAME, KD_POLICY_KEY, KD_POLICY_STICKY } kd_policy;

typedef enum { KD_WRITER_SETTLED, KD_WRITER_FATAL, KD_WRITER_STOPPED } kd_writer_event_kind;

typedef struct {
  kd_writer_event_kind kind;
  /* For `settled`: the argument of kd_writer_slot_done(), and the part's `token`. */
  uint32_t slot;
  void *token;
  uint32_t acknowledged, stale;
  /* KD_FAILURE_FIELDS numbers per failure. These and the texts are valid until kd_writer_slot_done(). */
  const int32_t *failures;
  uint32_t failure_count;
  char *const *texts;
  uint32_t text_count;
  /* What was acknowledged, for receipts (docs/WIRE.md); NULL: nothing was, or it is not noted. */
  const uint8_t *notes;
  size_t notes_length;
  /* fatal */
  int32_t code;
  const char *text;
} kd_writer_event;

/*
 * Called on the writer's or librdkafka's threads; must not block. After `settled` the receiver calls
 * kd_writer_slot_done() from any thread.
 */
typedef void (*kd_writer_listener)(void *opaque, const kd_writer_event *event);

typedef struct {
  uint32_t parts_max;
  uint32_t poll_interval_ms;
  /* Whether `settled` says where each record is, and with which content. */
  bool receipts;
  /* Whether results have headers that name their source. */
  bool source_headers;
  kd_writer_listener listener;
  void *opaque;
} kd_writer_options;

typedef struct {
  /* Returned with `settled`. */
  void *token;
  const uint8_t *input;
  size_t input_length;
  const uint8_t *output;
  size_t output_length;
} kd_part;

typedef struct {
  uint64_t produced, acknowledged, failed, stale, bytes, queue_full_waits;
} kd_writer_stats;

/* NULL: no live producer with that number, or it has a writer already, or out of memory. */
kd_writer *kd_writer_new(int64_t handle_id, kd_table *table, const kd_writer_options *options);
void kd_writer_keep(kd_writer *writer);
void kd_writer_release(kd_writer *writer);
/* Stops it, waits for its thread, and drops the reference to it. The listener is not called after this has
 * returned. False: librdkafka still holds messages that point into blocks, so those of parts that did not
 * settle must never be released. */
bool kd_writer_free(kd_writer *writer);

bool kd_writer_start(kd_writer *writer);
/* Number of a topic; < 0: stopped or KD_WRITER_TOPICS_MAX reached. */
int32_t kd_writer_topic(kd_writer *writer, const char *name, int32_t partition_count, kd_policy policy);
bool kd_writer_set_partition_count(kd_writer *writer, uint32_t topic, int32_t partition_count);
/* Rows of this topic that were acknowledged or may still be. False: no such topic. */
bool kd_writer_read_written(kd_writer *writer, uint32_t topic, uint64_t *rows);
/* A record whose batch of one exceeds this size is refused with KD_CODE_TOO_LARGE; 0: no limit is known. */
bool kd_writer_set_batch_limit(kd_writer *writer, uint32_t topic, uint64_t bytes_max);
typedef enum { KD_WRITE_OK, KD_WRITE_FULL, KD_WRITE_STOPPED } kd_write_result;
/* The blocks of the part are used until it settles: nothing of them is copied. */
kd_write_result kd_writer_write(kd_writer *writer, const kd_part *part);
void kd_writer_slot_done(kd_writer *writer, uint32_t slot);
/* Everything written so far and not acknowledged fails with _PURGE_QUEUE or _PURGE_INFLIGHT. Returns
 * immediately. */
void kd_writer_purge(kd_writer *writer);
/* Parts not yet sent, and those that are not acknowledged, fail as if purged; KD_WRITER_STOPPED follows.
 * Idempotent. */
void kd_writer_stop(kd_writer *writer);
kd_writer_stats kd_writer_read_stats(kd_writer *writer);

/* Called by the on_acknowledgement interceptor. */
void kd_writer_acknowledge(kd_writer *writer, const rd_kafka_message_t *message);

#endif

/* The reading half of the data plane: packs one consumer's records into blocks, with two threads.
 *
 * The event thread polls the main queue: it serves rebalance and other callbacks and keeps the membership
 * alive, and sees no record. The reader thread takes records from one data queue, to which each open
 * partition's queue is forwarded, and only while it has a block: not reading is the backpressure. No other
 * thread ever consumes from that queue.
 *
 * States of the reader thread: running → (park) → parked → (unpark) → running; any → stopped. open, close,
 * halt, rewind and limit need it parked (or not yet started), because they change without a lock what the
 * running thread reads. */
#ifndef KD_READER_H
#define KD_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "partition_table.h"

#define KD_READER_RECORDS_MAX 1000000u
#define KD_READER_BLOCKS_MAX 65536u
/* Fault and error texts are cut to this many bytes. */
#define KD_TEXT_BYTES_MAX 1024u

/* The code of the fault that reports the first record at or after a partition's limit; outside librdkafka's
 * range, as the writer's codes. */
#define KD_CODE_LIMIT -10008

typedef struct kd_reader kd_reader;

typedef enum {
  KD_READER_BATCH,
  KD_READER_OVERSIZE,
  KD_READER_PARKED,
  KD_READER_ERROR,
  KD_READER_STRAY,
  KD_READER_STOPPED
} kd_reader_event_kind;

typedef struct {
  kd_reader_event_kind kind;
  /* batch: block id, rows, packed bytes; oversize: bytes needed; error: librdkafka's code. */
  int64_t a, b, c;
  /* NULL or a text that is valid during the event only: copy it. */
  const char *text;
} kd_reader_event;

/* Called on the reader's threads; must not block or call back into the reader. After a batch, call
 * kd_reader_taken() once JavaScript has it. */
typedef void (*kd_reader_listener)(void *opaque, const kd_reader_event *event);

typedef struct {
  uint32_t records_max;
  uint32_t bytes_max;
  uint32_t linger_ms;
  /* Small batches are at least this long apart; 0: as they come. */
  uint32_t interval_ms;
  bool cut_per_partition;
  uint32_t ready_batches_max;
  kd_reader_listener listener;
  void *opaque;
} kd_reader_options;

typedef struct {
  uint64_t records_read, bytes_read, batches, duplicates_dropped, stale_dropped, held;
} kd_reader_stats;

typedef enum {
  KD_READER_OK = 0,
  KD_READER_NOT_PARKED,
  KD_READER_IS_STOPPED,
  KD_READER_NO_PARTITION,
  KD_READER_ALREADY_OPEN,
  KD_READER_NOT_OPEN,
  KD_READER_NO_MEMORY,
  KD_READER_BLOCK_SMALL,
  KD_READER_BLOCKS_FULL,
  KD_READER_NO_THREAD,
} kd_reader_result;

const char *kd_reader_error(kd_reader_result result);

/* NULL: no live consumer with that number, or it has a reader already, or out of memory. */
kd_reader *kd_reader_new(int64_t handle_id, kd_table *table, const kd_reader_options *options);
/* Stops it, waits for its threads and frees it. The listener is not called after this has begun. */
void kd_reader_free(kd_reader *reader);

kd_reader_result kd_reader_start(kd_reader *reader);
/* `records_max`: the maximum number of rows for this block; 0, or more than the reader's own maximum,
 * means the latter. */
kd_reader_result kd_reader_offer(kd_reader *reader, uint32_t block_id, uint8_t *block, size_t length,
                                 uint32_t records_max);
/* Blocks that were offered but not begun: copies up to `max` ids and returns how many. Parked only. */
kd_reader_result kd_reader_reclaim(kd_reader *reader, uint32_t *ids, uint32_t max, uint32_t *count);
/* KD_READER_PARKED follows, also when it is already parked. */
kd_reader_result kd_reader_park(kd_reader *reader);
kd_reader_result kd_reader_unpark(kd_reader *reader);
kd_reader_result kd_reader_open(kd_reader *reader, uint32_t partition_id, uint32_t epoch,
                                int64_t next_offset);
kd_reader_result kd_reader_close(kd_reader *reader, uint32_t partition_id);
/* Nothing more is read from the partition until rewind() or a new open(). */
kd_reader_result kd_reader_halt(kd_reader *reader, uint32_t partition_id);
kd_reader_result kd_reader_rewind(kd_reader *reader, uint32_t partition_id, uint32_t epoch,
                                  int64_t next_offset);
/* Records at or after `until` are not read: the first one becomes a fault with KD_CODE_LIMIT, and nothing
 * more is read from the partition until rewind() or a new open(). The limit holds until the next open(). */
kd_reader_result kd_reader_limit(kd_reader *reader, uint32_t partition_id, int64_t until);
/* -1: not open. */
int64_t kd_reader_next_offset(kd_reader *reader, uint32_t partition_id);
kd_reader_stats kd_reader_read_stats(kd_reader *reader);
/* JavaScript has taken a batch, so another one may be prepared. */
void kd_reader_taken(kd_reader *reader);
/* KD_READER_STOPPED follows from the thread that ends last, or immediately if it was never started.
 * Idempotent. */
void kd_reader_stop(kd_reader *reader);

#endif

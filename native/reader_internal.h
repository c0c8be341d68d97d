/* Shared by reader.c (life), reader_calls.c (calls of the main thread), reader_threads.c and reader_fill.c
 * (records into blocks). */
#ifndef KD_READER_INTERNAL_H
#define KD_READER_INTERNAL_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "handles.h"
#include "packed.h"
#include "reader.h"

/* Messages popped together. Few, so that they are still in the cache when they are packed. */
#define KD_READER_CHUNK_MAX 256u
#define KD_READER_LOOKUP_SLOTS 1024u
#define KD_READER_POLL_MS 100
#define KD_READER_FORWARD_MS 200
/* A batch with this many records does not wait for the interval: the work for them outweighs the batch's. */
#define KD_READER_SMALL_MAX 256u
/* How long a small batch sleeps before it looks for further records. */
#define KD_READER_NAP_US 5000

typedef struct kd_open_partition {
  uint32_t id, epoch;
  /* Next offset to read. Atomic only because the main thread may read it at any time. */
  _Atomic int64_t next;
  /* Records at or after this offset are not wanted. */
  int64_t until;
  /* A fault was delivered, the limit was reached or the partition was halted: nothing more is wanted until
   * rewind() or a new open(). */
  bool faulted;
  rd_kafka_queue_t *queue;
  /* Linked list of the open partitions; guarded by the reader's lock. */
  struct kd_open_partition *next_open;
} kd_open_partition;

typedef struct {
  const rd_kafka_topic_t *topic;
  int32_t partition;
  kd_open_partition *found;
} kd_lookup_slot;

typedef struct {
  uint32_t id;
  uint32_t length;
  uint32_t records_max;
  uint8_t *bytes;
} kd_block;

struct kd_reader {
  kd_reader_options options;
  int64_t handle_id;
  kd_handle *handle;
  rd_kafka_t *client;
  kd_table *table;
  rd_kafka_queue_t *data_queue;
  rd_kafka_queue_t *main_queue;
  pthread_t reader_thread, event_thread;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  /* Guarded by the lock. */
  bool started, stopping, stopped, parked, park_wanted;
  _Atomic bool muted;
  int threads;
  uint32_t ready;
  uint32_t block_first, block_count, blocks_max;
  kd_block *blocks;
  kd_open_partition *open_first;
  /* Stop or park was requested: checked between chunks without the lock. */
  _Atomic bool interrupted;

  /* Used by the reader thread while it runs, by the main thread while it is parked. */
  kd_open_partition **open;
  uint32_t open_max;
  kd_lookup_slot hit;
  kd_lookup_slot lookup[KD_READER_LOOKUP_SLOTS];
  rd_kafka_message_t *held[KD_READER_CHUNK_MAX];
  uint32_t held_first, held_count;
  uint64_t oversize_bytes;
  bool oversize_raised;
  bool headers_peekable;
  uint32_t record_bytes_mean;
  /* Limits of the block that is being filled. */
  uint32_t records_max;
  kd_packer packer;
  /* When the last batch was handed over; long ago if there was none. */
  int64_t batch_us;

  _Atomic uint64_t records_read, bytes_read, batches, duplicates_dropped, stale_dropped, held_now;
};

static inline kd_block *kd_reader_block_at(kd_reader *reader, uint32_t index) {
  return &reader->blocks[(reader->block_first + index) % reader->blocks_max];
}

/* Bodies of the threads. */
void *kd_reader_run(void *reader);
void *kd_reader_run_events(void *reader);
/* Called by whoever ends last: a thread, or stop() of a reader that never ran. Everything that belongs to
 * librdkafka must be released before the client may go. */
void kd_reader_clean_up(kd_reader *reader);

void kd_reader_emit(kd_reader *reader, kd_reader_event event);
/* The caller holds the lock. Removes the forwarding and frees the partition. */
void kd_reader_let_go_of_partition(kd_reader *reader, kd_open_partition *partition);
/* "topic [partition]: error: text"; contains only text that librdkafka wrote as an error. */
void kd_reader_error_text(const rd_kafka_message_t *message, char *to, size_t size);

/* For the batch that is being filled. */
bool kd_reader_wait_for_interval(kd_reader *reader);
/* Fills a block. True: a batch was delivered; false: nothing was begun and the block is still free
 * (interrupted, or reader->oversize_bytes is set). */
bool kd_reader_fill(kd_reader *reader, const kd_block *block);
/* Drops held messages of one partition, or all for KD_NO_PARTITION. */
void kd_reader_drop_held(kd_reader *reader, uint32_t partition_id);
void kd_reader_forget_lookups(kd_reader *reader);

#endif

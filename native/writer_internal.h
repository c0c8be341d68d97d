/* Shared by writer.c (life), writer_calls.c (calls of the main thread), writer_thread.c, writer_rows.c,
 * writer_send.c and writer_alone.c (rows to librdkafka), writer_record.c (what a row becomes) and
 * writer_acks.c (how rows end). */
#ifndef KD_WRITER_INTERNAL_H
#define KD_WRITER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "handles.h"
#include "packed.h"
#include "writer.h"
#include "writer_notes.h"
#include "writer_stamps.h"

_Static_assert(sizeof(void *) == 8, "a message's opaque carries slot and row: 64-bit machines only");

/* After this many rows the clock is read, and the producer is polled if it is time. */
#define KD_WRITER_CLOCK_ROWS 256u
/* The header of a record batch, format version 2, and the same with what frames a record at most. */
#define KD_WRITER_BATCH_HEADER_BYTES 61u
#define KD_WRITER_BATCH_FRAMING_BYTES_MAX (KD_WRITER_BATCH_HEADER_BYTES + 36u)
#define KD_WRITER_WAIT_MS 100
/* Topics and partitions whose rows wait to be produced together. More would help jobs that spread each source
 * partition over more; each costs 10 KB and a cache line of the look-up. */
#define KD_WRITER_RUNS_MAX 16u
#define KD_WRITER_TEXT_BYTES 512u
/* How long a writer that stops waits for what it has purged. */
#define KD_WRITER_PURGED_MS_MAX 1000

typedef struct kd_topic {
  char *name;
  rd_kafka_topic_t *handle;
  _Atomic int32_t partition_count;
  /* The highest count so far: a partition below it existed at some time. */
  _Atomic int32_t partition_count_max;
  /* Only the writer's thread adds to it. */
  _Atomic uint64_t handed_over;
  /* How many of the rows that were handed over librdkafka refused; broker threads add to it. */
  _Atomic uint64_t refused;
  kd_policy policy;
  /* The size that a batch of one record may have; UINT64_MAX: not known. */
  _Atomic uint64_t batch_bytes_max;
  /* Sticky: one partition per part, the next one with the next part. */
  uint64_t sticky_sequence;
  int32_t sticky_partition;
  uint32_t sticky_next;
} kd_topic;

/* A part in flight. */
typedef struct {
  /* Unsettled rows, plus one until all rows are sent. Broker threads count it down, so it has its own
   * cache line. */
  _Alignas(64) _Atomic uint32_t remaining;
  _Alignas(64) kd_part part;
  uint64_t sequence;
  uint32_t rows;
  uint32_t stale;
  /* Guarded by failures_lock while the part is in flight. */
  int32_t *failures;
  uint32_t failure_count, failure_max;
  char *texts[KD_FAILURE_TEXTS_MAX];
  uint32_t text_count;
  /* Filled only with `receipts`. */
  kd_notes notes;
} kd_slot;

/* Of one part. The runs at the front are open; some of them may be empty. */
typedef struct {
  uint32_t count;
  /* Where the row before went; NULL: none is open. */
  kd_run *last;
  kd_run open[KD_WRITER_RUNS_MAX];
} kd_runs;

struct kd_writer {
  kd_writer_options options;
  int64_t handle_id;
  kd_handle *handle;
  rd_kafka_t *client;
  kd_table *table;
  _Atomic uint32_t references;
  pthread_t thread;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  /* Guarded by the lock. */
  bool started, stopped;
  uint32_t free_count, queue_first, queue_count;
  uint32_t *free_slots, *queue;
  uint64_t last_sequence;

  /* Read between rows without the lock. */
  _Atomic bool stopping, purge_wanted, waiting_for_room;
  _Atomic uint64_t purge_sequence;
  /* Parts that were taken and are not settled: their blocks may be read by any thread of librdkafka. */
  _Atomic uint32_t unsettled;

  pthread_mutex_t failures_lock;
  kd_slot *slots;

  kd_topic **topics;
  _Atomic uint32_t topic_count;

  /* One event at a time, and none after `muted` is set. */
  pthread_mutex_t emit_lock;
  bool muted;

  /* Used only by the writer thread. */
  kd_input_view input;
  kd_runs runs;
  kd_stamps stamps;
  int64_t last_poll_ms;
  bool fatal_raised;
  /* The headers of one row, with those that name its source. */
  uint8_t *headers;
  size_t headers_max;

  _Atomic uint64_t produced, acknowledged, failed, stale, bytes, queue_full_waits;
};

/* Sends the rows of a part. Each row is counted exactly once: by its acknowledgement or here. */
void kd_writer_hand_over(kd_writer *writer, kd_slot *slot);

/* Negative: our own code. */
int32_t kd_writer_partition(const kd_slot *slot, const kd_partition *source, kd_topic *topic,
                            const kd_output_record *record);
/* Converts the headers of a record that has some. False: they are malformed. */
bool kd_writer_headers(const kd_output_record *record, rd_kafka_headers_t **headers);
/* 0: its headers are malformed, and it is refused for that reason. */
uint64_t kd_writer_bytes_alone(const kd_output_record *record);

/* Counts down rows that will not be acknowledged, and the extra one. The part settles when the count
 * reaches zero. */
void kd_writer_count_down(kd_writer *writer, kd_slot *slot, uint32_t rows);
/* `words`: what the broker said about this very record; NULL: nothing. */
void kd_writer_note_failure(kd_writer *writer, kd_slot *slot, uint32_t row, int32_t code, const char *words);
bool kd_writer_has_failure(kd_writer *writer, kd_slot *slot, uint32_t row);
/* The caller holds the lock, or nobody else uses the slot. */
void kd_writer_forget_words(kd_slot *slot);
void kd_writer_emit(kd_writer *writer, const kd_writer_event *event);

/* Body of the thread. */
void *kd_writer_run(void *writer);
/* Called by the thread, or by stop() of a writer that never ran. Rows of queued parts fail, because
 * `stopping` is set. */
void kd_writer_clean_up(kd_writer *writer);
void kd_writer_poll(kd_writer *writer);
void kd_writer_poll_when_due(kd_writer *writer);
void kd_writer_wait_for_room(kd_writer *writer);
static inline bool kd_writer_gives_up(kd_writer *writer, const kd_slot *slot) {
  return atomic_load_explicit(&writer->stopping, memory_order_relaxed) ||
         slot->sequence <= atomic_load_explicit(&writer->purge_sequence, memory_order_relaxed);
}

#endif

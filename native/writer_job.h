/* Shared by writer_rows.c, writer_send.c and writer_alone.c: the part that is being handed over. */
#ifndef KD_WRITER_JOB_H
#define KD_WRITER_JOB_H

#include "writer_internal.h"

typedef struct {
  kd_writer *writer;
  kd_slot *slot;
  kd_output_view output;
  bool identity;
  uint32_t segment_hint;
  const kd_segment *segment;
  /* The segment's partition; NULL: no such partition. */
  const kd_partition *source;
  uint64_t opaque_base;
  uint64_t bytes, produced;
  uint32_t stale;
  /* Rows that librdkafka did not take: no acknowledgement comes for them. */
  uint32_t settled_here;
} kd_job;

/* One row, ready to be sent. */
typedef struct {
  uint32_t row;
  kd_topic *topic;
  kd_output_record record;
  int32_t partition;
  int64_t timestamp;
} kd_ready_row;

/* A message that is sent alone. */
typedef struct {
  const rd_kafka_message_t *it;
  kd_topic *topic;
  int32_t partition;
  int64_t timestamp;
} kd_message;

/* Sends it, or keeps it for the run of its topic and partition. Settles it if it is refused. */
void kd_job_send(kd_job *job, kd_ready_row *ready);
/* Adds the headers that name its source, in memory that is valid until the next row. */
void kd_job_add_source(kd_job *job, kd_output_record *record);
/* Sends what waits in runs. Call it before the segment changes, and at the end. */
void kd_job_send_runs(kd_job *job);
/* Waits for room, and settles it if it is refused. Takes over the headers; NULL: it has none. */
void kd_job_send_alone(kd_job *job, const kd_message *message, rd_kafka_headers_t *headers);
/* Returns false. */
bool kd_job_refuse(kd_job *job, uint32_t row, int32_t code);
/* The row will not be acknowledged: it was refused here, or is stale. */
void kd_job_settled_here(kd_job *job, uint32_t row);
bool kd_job_is_stale(const kd_job *job);

/* Only this thread adds: cheaper than an atomic addition. */
static inline void kd_topic_count_handed_over(kd_topic *topic) {
  uint64_t rows = atomic_load_explicit(&topic->handed_over, memory_order_relaxed);
  atomic_store_explicit(&topic->handed_over, rows + 1, memory_order_relaxed);
}

static inline void kd_job_count_produced(kd_job *job, kd_topic *topic, size_t bytes) {
  job->produced++;
  job->bytes += bytes;
  kd_topic_count_handed_over(topic);
}

#endif

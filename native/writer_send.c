/* Passes the rows of a segment to librdkafka: those of one topic and partition together, those with headers
 * one by one. Everything here runs on the writer's thread.
 *
 * Several runs are open at once, each for another topic and partition, and rows of different runs may change
 * places. Rows of one topic and partition may not: they all go through the one run that is open for them,
 * which is sent completely before it takes another row, and before a row of theirs is sent alone.
 *
 * Values are not copied: a message points into the part's blocks, which are neither reused nor released
 * before the part is settled, that is, before librdkafka has reported each of its messages. */
#include "writer_job.h"

bool kd_job_refuse(kd_job *job, uint32_t row, int32_t code) {
  kd_writer_note_failure(job->writer, job->slot, row, code, NULL);
  return false;
}

void kd_job_settled_here(kd_job *job, uint32_t row) {
  job->settled_here++;
  if (job->writer->options.receipts) kd_notes_not_sent(&job->slot->notes, row);
}

bool kd_job_is_stale(const kd_job *job) {
  return atomic_load_explicit(&job->source->epoch, memory_order_relaxed) != job->segment->epoch;
}

/* True: even as a batch of its own, which is what a topic's max.message.bytes limits, the record is too
 * large. */
static bool is_too_large(const kd_topic *topic, const kd_output_record *record) {
  uint64_t bytes_max = atomic_load_explicit(&topic->batch_bytes_max, memory_order_relaxed);
  /* Headers are shorter in Kafka's format than in kd's, so this check decides for nearly all rows. */
  uint64_t bytes = (uint64_t)record->key_length + record->value_length +
                   (record->headers ? record->headers_length : 0) + KD_WRITER_BATCH_FRAMING_BYTES_MAX;
  return bytes > bytes_max && kd_writer_bytes_alone(record) > bytes_max;
}

/* Before it is sent: the acknowledgement may come at once. */
static void note_content(kd_job *job, const kd_ready_row *ready) {
  const kd_output_record *record = &ready->record;
  kd_hash content = kd_hash_content(record->key, record->key_length, record->value, record->value_length,
                                    record->headers, record->headers_length);
  kd_notes_sent(&job->slot->notes, ready->row, content, record->timestamp, record->topic,
                (uint32_t)ready->partition, (uint32_t)(job->segment - job->writer->input.segments));
}

static rd_kafka_message_t message_of(const kd_job *job, const kd_ready_row *ready) {
  const kd_output_record *record = &ready->record;
  return (rd_kafka_message_t){
      .payload = (void *)record->value,
      .len = record->value_length,
      .key = (void *)record->key,
      .key_len = record->key_length,
      ._private = (void *)(uintptr_t)(job->opaque_base | ready->row),
  };
}

/* What librdkafka has refused is sent again one by one, which waits while the queue is full, and each refusal
 * has its reason. A full queue refuses all that follow, so the order is kept. */
static void send_rest(kd_job *job, kd_run *run) {
  for (uint32_t i = 0; i < run->count; i++) {
    const rd_kafka_message_t *it = &run->messages[i];
    kd_message message = {it, run->topic, run->partition, run->timestamps[i]};
    if (it->err)
      kd_job_send_alone(job, &message, NULL);
    else
      kd_job_count_produced(job, run->topic, it->len + it->key_len);
  }
}

/* Other runs may have waited for room meanwhile, so what has ended is noticed here. */
static void settle_run_here(kd_job *job, const kd_run *run, bool gives_up) {
  if (!gives_up) job->stale += run->count;
  for (uint32_t i = 0; i < run->count; i++) {
    const uint32_t row = (uint32_t)(uintptr_t)run->messages[i]._private;
    if (gives_up) kd_job_refuse(job, row, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    kd_job_settled_here(job, row);
  }
}

static void send_run(kd_job *job, kd_run *run) {
  if (run->count == 0) return;
  const bool gives_up = kd_writer_gives_up(job->writer, job->slot);
  if (gives_up || kd_job_is_stale(job)) {
    settle_run_here(job, run, gives_up);
  } else {
    kd_stamps_begin(run);
    rd_kafka_produce_batch(run->topic->handle, run->partition, 0, run->messages, (int)run->count);
    kd_stamps_end();
    send_rest(job, run);
  }
  run->count = 0;
}

void kd_job_send_runs(kd_job *job) {
  kd_runs *runs = &job->writer->runs;
  for (uint32_t i = 0; i < runs->count; i++) send_run(job, &runs->open[i]);
  runs->count = 0;
  runs->last = NULL;
}

static bool is_run_of(const kd_run *run, const kd_ready_row *ready) {
  return run->topic == ready->topic && run->partition == ready->partition;
}

/* NULL: none is open for its topic and partition. */
static kd_run *run_of(kd_runs *runs, const kd_ready_row *ready) {
  if (runs->last && is_run_of(runs->last, ready)) return runs->last;
  for (uint32_t i = 0; i < runs->count; i++)
    if (is_run_of(&runs->open[i], ready)) return &runs->open[i];
  return NULL;
}

/* Where all are taken the longest one is sent, which costs least for each of its rows. */
static kd_run *free_run(kd_job *job) {
  kd_runs *runs = &job->writer->runs;
  if (runs->count < KD_WRITER_RUNS_MAX) {
    kd_run *fresh = &runs->open[runs->count++];
    fresh->count = 0;
    return fresh;
  }
  kd_run *longest = runs->open;
  for (uint32_t i = 1; i < runs->count; i++)
    if (runs->open[i].count > longest->count) longest = &runs->open[i];
  send_run(job, longest);
  return longest;
}

static kd_run *open_run(kd_job *job, const kd_ready_row *ready) {
  kd_run *run = free_run(job);
  run->topic = ready->topic;
  run->partition = ready->partition;
  return run;
}

static void add_to_run(kd_job *job, const kd_ready_row *ready) {
  kd_runs *runs = &job->writer->runs;
  kd_run *run = run_of(runs, ready);
  if (!run) run = open_run(job, ready);
  runs->last = run;
  run->messages[run->count] = message_of(job, ready);
  run->timestamps[run->count++] = ready->timestamp;
  if (run->count == KD_WRITER_RUN_ROWS_MAX) send_run(job, run);
}

/* Behind the rows of its topic and partition that wait in a run. */
static void send_alone(kd_job *job, const kd_ready_row *ready, rd_kafka_headers_t *headers) {
  kd_writer *writer = job->writer;
  kd_run *run = run_of(&writer->runs, ready);
  if (run) send_run(job, run);
  const rd_kafka_message_t it = message_of(job, ready);
  const kd_message message = {&it, ready->topic, ready->partition, ready->timestamp};
  if (writer->stamps == KD_STAMPS_UNKNOWN) kd_stamps_prove_next(&writer->stamps);
  kd_job_send_alone(job, &message, headers);
  kd_stamps_end();
}

void kd_job_send(kd_job *job, kd_ready_row *ready) {
  kd_writer *writer = job->writer;
  if (writer->options.source_headers) kd_job_add_source(job, &ready->record);
  const kd_output_record *record = &ready->record;
  rd_kafka_headers_t *headers = NULL;
  int32_t code = 0;
  if (is_too_large(ready->topic, record))
    code = KD_CODE_TOO_LARGE;
  else if (record->headers && record->headers_length > 0 && !kd_writer_headers(record, &headers))
    code = KD_CODE_BAD_ROW;
  if (code) {
    kd_job_refuse(job, ready->row, code);
    kd_job_settled_here(job, ready->row);
    return;
  }
  if (writer->options.receipts) note_content(job, ready);
  if (!headers && writer->stamps == KD_STAMPS_PROVED)
    add_to_run(job, ready);
  else
    send_alone(job, ready, headers);
}

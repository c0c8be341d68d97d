/* Passes rows to librdkafka: those of one topic and partition together, those with headers one by one.
 * Everything here runs on the writer's thread.
 *
 * Values are not copied: a message points into the part's blocks, which are neither reused nor released
 * before the part is settled, that is, before librdkafka has reported each of its messages. */
#include "writer_job.h"

enum { VU_TOPIC, VU_PARTITION, VU_VALUE, VU_KEY, VU_OPAQUE, VU_TIMESTAMP, VU_HEADERS, VU_COUNT };

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

/* Only this thread adds: cheaper than an atomic addition. */
static void count_handed_over(kd_topic *topic) {
  uint64_t rows = atomic_load_explicit(&topic->handed_over, memory_order_relaxed);
  atomic_store_explicit(&topic->handed_over, rows + 1, memory_order_relaxed);
}

/* Before it is sent: the acknowledgement may come at once. */
static void note_content(kd_job *job, const kd_ready_row *ready) {
  const kd_output_record *record = &ready->record;
  kd_hash content = kd_hash_content(record->key, record->key_length, record->value, record->value_length,
                                    record->headers, record->headers_length);
  kd_notes_sent(&job->slot->notes, ready->row, content, record->timestamp, record->topic,
                (uint32_t)ready->partition, (uint32_t)(job->segment - job->writer->input.segments));
}

static void count_produced(kd_job *job, kd_topic *topic, size_t bytes) {
  job->produced++;
  job->bytes += bytes;
  count_handed_over(topic);
}

static rd_kafka_error_t *produce_one(kd_writer *writer, const kd_message *message,
                                     rd_kafka_headers_t *headers) {
  const rd_kafka_vu_t vus[VU_COUNT] = {
      [VU_TOPIC] = {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = message->topic->handle},
      [VU_PARTITION] = {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = message->partition},
      [VU_VALUE] = {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {message->it->payload, message->it->len}},
      [VU_KEY] = {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {message->it->key, message->it->key_len}},
      [VU_OPAQUE] = {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = message->it->_private},
      [VU_TIMESTAMP] = {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = message->timestamp},
      [VU_HEADERS] = {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
  };
  return rd_kafka_produceva(writer->client, vus, headers ? VU_COUNT : VU_HEADERS);
}

/* Waits for room. True: it was or will be acknowledged. False: it was settled here. */
static bool send_alone(kd_job *job, const kd_message *message, rd_kafka_headers_t *headers) {
  kd_writer *writer = job->writer;
  uint32_t row = (uint32_t)(uintptr_t)message->it->_private;
  int32_t code = 0;
  int refusals_when_empty = 0;
  for (;;) {
    /* Checked before the first attempt as well: rows before it may have waited long. */
    code = kd_writer_gives_up(writer, job->slot) ? RD_KAFKA_RESP_ERR__PURGE_QUEUE : 0;
    if (code) break;
    if (kd_job_is_stale(job)) {
      job->stale++;
      break;
    }
    rd_kafka_error_t *error = produce_one(writer, message, headers);
    if (!error) {
      count_produced(job, message->topic, message->it->len + message->it->key_len);
      return true;
    }
    code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) break;
    /* Requires two refusals: an acknowledgement in between may have made room. */
    if (rd_kafka_outq_len(writer->client) == 0 && ++refusals_when_empty == 2) {
      code = KD_CODE_LARGER_THAN_QUEUE;
      break;
    }
    kd_writer_wait_for_room(writer);
  }
  /* The headers of a refused message are still owned here. */
  if (headers) rd_kafka_headers_destroy(headers);
  if (code == 0) return false;
  if (code == RD_KAFKA_RESP_ERR__FATAL) kd_writer_poll(writer);
  /* For some refusals (a partition or topic that does not exist) the interceptor has already run: never
   * settle twice. */
  if (kd_writer_has_failure(writer, job->slot, row)) {
    count_handed_over(message->topic);
    return true;
  }
  return kd_job_refuse(job, row, code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? KD_CODE_TOO_LARGE : code);
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

static void send_one(kd_job *job, const kd_message *message, rd_kafka_headers_t *headers) {
  uint32_t row = (uint32_t)(uintptr_t)message->it->_private;
  if (!send_alone(job, message, headers)) kd_job_settled_here(job, row);
}

/* What librdkafka has refused is sent again one by one, which waits while the queue is full, and each refusal
 * has its reason. A full queue refuses all that follow, so the order is kept. */
static void send_rest(kd_job *job, kd_run *run) {
  for (uint32_t i = 0; i < run->count; i++) {
    const rd_kafka_message_t *it = &run->messages[i];
    kd_message message = {it, run->topic, run->partition, run->timestamps[i]};
    if (it->err)
      send_one(job, &message, NULL);
    else
      count_produced(job, run->topic, it->len + it->key_len);
  }
}

void kd_job_send_run(kd_job *job) {
  kd_run *run = &job->writer->run;
  if (run->count == 0) return;
  const bool gives_up = kd_writer_gives_up(job->writer, job->slot);
  if (gives_up || kd_job_is_stale(job)) {
    if (!gives_up) job->stale += run->count;
    for (uint32_t i = 0; i < run->count; i++) {
      const uint32_t row = (uint32_t)(uintptr_t)run->messages[i]._private;
      if (gives_up) kd_job_refuse(job, row, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
      kd_job_settled_here(job, row);
    }
  } else {
    kd_stamps_begin(run);
    rd_kafka_produce_batch(run->topic->handle, run->partition, 0, run->messages, (int)run->count);
    kd_stamps_end();
    send_rest(job, run);
  }
  run->count = 0;
}

static void add_to_run(kd_job *job, const kd_ready_row *ready) {
  kd_run *run = &job->writer->run;
  run->topic = ready->topic;
  run->partition = ready->partition;
  run->messages[run->count] = message_of(job, ready);
  run->timestamps[run->count++] = ready->timestamp;
  if (run->count == KD_WRITER_RUN_ROWS_MAX) kd_job_send_run(job);
}

void kd_job_send(kd_job *job, const kd_ready_row *ready) {
  kd_writer *writer = job->writer;
  const kd_output_record *record = &ready->record;
  const kd_run *run = &writer->run;
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
  if (run->count > 0 && (headers || run->topic != ready->topic || run->partition != ready->partition))
    kd_job_send_run(job);
  if (!headers && writer->stamps == KD_STAMPS_PROVED) {
    add_to_run(job, ready);
    return;
  }
  const rd_kafka_message_t it = message_of(job, ready);
  const kd_message message = {&it, ready->topic, ready->partition, ready->timestamp};
  if (writer->stamps == KD_STAMPS_UNKNOWN) kd_stamps_prove_next(&writer->stamps);
  send_one(job, &message, headers);
  kd_stamps_end();
}

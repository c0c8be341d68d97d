/* Passes one row to librdkafka, waiting for room while its queue is full: rows with headers, the first row of
 * a writer, and what librdkafka has refused of a run. */
#include "writer_job.h"

enum { VU_TOPIC, VU_PARTITION, VU_VALUE, VU_KEY, VU_OPAQUE, VU_TIMESTAMP, VU_HEADERS, VU_COUNT };

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
      kd_job_count_produced(job, message->topic, message->it->len + message->it->key_len);
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
    kd_topic_count_handed_over(message->topic);
    return true;
  }
  return kd_job_refuse(job, row, code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? KD_CODE_TOO_LARGE : code);
}

void kd_job_send_alone(kd_job *job, const kd_message *message, rd_kafka_headers_t *headers) {
  uint32_t row = (uint32_t)(uintptr_t)message->it->_private;
  if (!send_alone(job, message, headers)) kd_job_settled_here(job, row);
}

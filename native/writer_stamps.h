/* Timestamps for messages that are produced in batches.
 *
 * rd_kafka_produce_batch() takes no timestamps, and one rd_kafka_produceva() per message costs about a tenth
 * of everything that a record costs: two readings of the clock, a lock and two counters shared with other
 * threads. But librdkafka calls on_send for each message of a batch before it is queued, and a
 * message's timestamp is a field directly after its public part. It can be read by a public function, not
 * set.
 *
 * So the place of the field is proved at run time, with the first message of each writer: what is read there,
 * and what is written there, is what rd_kafka_message_timestamp() returns. Without that proof every message
 * is produced by rd_kafka_produceva(). */
#ifndef KD_WRITER_STAMPS_H
#define KD_WRITER_STAMPS_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

/* Maximum number of messages produced together: few enough to stay in the cache. */
#define KD_WRITER_RUN_ROWS_MAX 128u

struct kd_topic;

/* Rows of one segment for one topic and partition. */
typedef struct {
  struct kd_topic *topic;
  int32_t partition;
  uint32_t count;
  rd_kafka_message_t messages[KD_WRITER_RUN_ROWS_MAX];
  /* 0: now. */
  int64_t timestamps[KD_WRITER_RUN_ROWS_MAX];
} kd_run;

typedef enum { KD_STAMPS_UNKNOWN, KD_STAMPS_PROVED, KD_STAMPS_UNUSABLE } kd_stamps;

/* For the messages that this thread produces until kd_stamps_end(). */
void kd_stamps_begin(const kd_run *run);
void kd_stamps_prove_next(kd_stamps *result);
void kd_stamps_end(void);

/* Called by the on_send interceptor. */
void kd_stamps_on_send(rd_kafka_message_t *message);

#endif

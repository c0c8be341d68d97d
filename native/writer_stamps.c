#include "writer_stamps.h"

#include <stdbool.h>
#include <string.h>

/* After the public part: two pointers of the queue that the message is in, its flags, and the type of the
 * timestamp. */
#define TIMESTAMP_POSITION (sizeof(rd_kafka_message_t) + 2 * sizeof(void *) + 2 * sizeof(int32_t))

/* on_send is called on the thread that produces, so other threads never see this. */
static _Thread_local const kd_run *stamped;
static _Thread_local uint32_t next;
static _Thread_local kd_stamps *proof;

void kd_stamps_begin(const kd_run *run) {
  stamped = run;
  next = 0;
}

void kd_stamps_prove_next(kd_stamps *result) {
  proof = result;
}

void kd_stamps_end(void) {
  stamped = NULL;
  proof = NULL;
}

static int64_t read_there(const rd_kafka_message_t *message) {
  int64_t timestamp;
  memcpy(&timestamp, (const char *)message + TIMESTAMP_POSITION, sizeof timestamp);
  return timestamp;
}

static void write_there(rd_kafka_message_t *message, int64_t timestamp) {
  memcpy((char *)message + TIMESTAMP_POSITION, &timestamp, sizeof timestamp);
}

static bool is_there(rd_kafka_message_t *message) {
  int64_t timestamp = rd_kafka_message_timestamp(message, NULL);
  if (timestamp <= 0 || read_there(message) != timestamp) return false;
  write_there(message, timestamp + 1);
  bool found = rd_kafka_message_timestamp(message, NULL) == timestamp + 1;
  write_there(message, timestamp);
  return found && rd_kafka_message_timestamp(message, NULL) == timestamp;
}

void kd_stamps_on_send(rd_kafka_message_t *message) {
  if (proof) *proof = is_there(message) ? KD_STAMPS_PROVED : KD_STAMPS_UNUSABLE;
  proof = NULL;
  if (!stamped) return;
  /* Skips messages that librdkafka refuses. */
  while (next < stamped->count && stamped->messages[next]._private != message->_private) next++;
  if (next == stamped->count) return;
  int64_t timestamp = stamped->timestamps[next++];
  if (timestamp != 0) write_there(message, timestamp);
}

/* Requests to the brokers that node-rdkafka has no call for. */
#ifndef KD_ADMIN_H
#define KD_ADMIN_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KD_ADMIN_TOPICS_MAX 1000u
#define KD_ADMIN_NAMES_MAX 64u
#define KD_ADMIN_TIMEOUT_MAX_MS 300000u
#define KD_ADMIN_TEXT_BYTES 512u

/* The answer for a topic: 0 and a value per requested name (NULL: the topic has no such setting, or it is
 * secret), or the broker's refusal. */
typedef struct {
  int32_t code;
  char *text;
  char **values;
} kd_topic_configs;

typedef struct {
  /* In: all of it stays the caller's, until kd_admin_clear. */
  int64_t handle_id;
  char **topics;
  size_t topic_count;
  char **names;
  size_t name_count;
  uint32_t timeout_ms;
  /* Out: 0, or the reason why the request or its answer failed. */
  int32_t code;
  char text[KD_ADMIN_TEXT_BYTES];
  kd_topic_configs *results;
} kd_describe;

/* The client is being destroyed: that waits for the call that asks, and its main thread answers nothing any
 * more. */
bool kd_admin_is_going_away(int64_t handle_id);
/* Any known broker; < 0: none. Waits briefly for one. */
int32_t kd_admin_some_broker(rd_kafka_t *client, uint32_t timeout_ms);
/* Waits for the event of this type, at most slightly longer than timeout_ms; NULL: `*code` has the reason.
 * Other events on the queue are dropped. */
rd_kafka_event_t *kd_admin_wait(int64_t handle_id, rd_kafka_queue_t *queue, rd_kafka_event_type_t type,
                                uint32_t timeout_ms, int32_t *code);

/* Waits for the answer, at most timeout_ms, and not much longer than the client lives. Any thread but
 * librdkafka's own. */
void kd_admin_describe_topics(kd_describe *describe);
/* Frees what the request holds, input and output. */
void kd_admin_clear(kd_describe *describe);

#endif

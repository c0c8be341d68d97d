/* Questions of librdkafka's Admin API on an existing client: their names, arguments and answers are
 * described in src/kafka/tools/admin.ts. All work the same way: texts in, a tree of values out, within a
 * time limit. */
#ifndef KD_QUESTION_H
#define KD_QUESTION_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"

#define KD_QUESTION_TEXTS_MAX 50000u
#define KD_QUESTION_TEXT_BYTES_MAX 65536u
#define KD_QUESTION_ERROR_BYTES 512u

/* The answer includes the user's rights. */
#define KD_QUESTION_AUTHORIZED 1u
/* Only validates: nothing is changed. */
#define KD_QUESTION_VALIDATE_ONLY 2u
/* The ends of partitions are last stable offsets. */
#define KD_QUESTION_COMMITTED_ONLY 4u

typedef struct kd_question_kind kd_question_kind;

typedef struct {
  int64_t handle_id;
  const kd_question_kind *kind;
  uint32_t flags;
  char **texts;
  size_t text_count;
  uint32_t timeout_ms;
  /* Out: an answer, or a code other than 0 and the reason. */
  kd_value *answer;
  int32_t code;
  char error[KD_QUESTION_ERROR_BYTES];
} kd_question;

typedef enum { KD_TARGET_OWN, KD_TARGET_ANY_BROKER } kd_question_target;

struct kd_question_kind {
  const char *name;
  rd_kafka_admin_op_t operation;
  rd_kafka_event_type_t event;
  kd_value_kind answer;
  /* Any broker can answer. By default librdkafka would wait for a controller, which not every cluster
   * names. */
  kd_question_target target;
  bool needs_texts;
  /* False: the question does not accept the texts (kd_question_refuse was called). Otherwise the answer
   * comes as an event on the queue. */
  bool (*put)(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
              rd_kafka_queue_t *queue);
  /* NULL: not a question of the Admin API; put gets neither options nor queue, and fills the answer. */
  void (*take)(kd_question *question, rd_kafka_event_t *event);
};

extern const kd_question_kind KD_CLUSTER_QUESTIONS[];
extern const size_t KD_CLUSTER_QUESTION_COUNT;
extern const kd_question_kind KD_TOPIC_QUESTIONS[];
extern const size_t KD_TOPIC_QUESTION_COUNT;
extern const kd_question_kind KD_GROUP_QUESTIONS[];
extern const size_t KD_GROUP_QUESTION_COUNT;

/* NULL: there is no such question. */
const kd_question_kind *kd_question_named(const char *name);
/* Waits for the answer, slightly longer than timeout_ms at most, and not longer than the client lives. Any
 * thread but librdkafka's own. */
void kd_question_ask(kd_question *question);
/* Frees what it holds, input and output. */
void kd_question_clear(kd_question *question);

/* For put and take. If `text` is NULL or empty, librdkafka's text for the code is used. */
void kd_question_refuse(kd_question *question, int32_t code, const char *text);
/* A whole decimal number from `min` to `max`; false: refused. */
bool kd_question_number(kd_question *question, size_t text, int64_t min, int64_t max, int64_t *to);
void kd_add_error(kd_value *object, int32_t code, const char *text);
void kd_add_operations(kd_value *object, const rd_kafka_AclOperation_t *operations, size_t count);
void kd_add_node(kd_value *parent, const char *name, const rd_kafka_Node_t *node);

#endif

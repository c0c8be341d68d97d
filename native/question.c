#include "question.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "handles.h"

void kd_question_refuse(kd_question *question, int32_t code, const char *text) {
  question->code = code;
  snprintf(question->error, sizeof question->error, "%s",
           text && *text ? text : rd_kafka_err2str((rd_kafka_resp_err_t)code));
}

bool kd_question_number(kd_question *question, size_t text, int64_t min, int64_t max, int64_t *to) {
  char message[KD_QUESTION_ERROR_BYTES], *end = NULL;
  const char *given = text < question->text_count ? question->texts[text] : "";
  errno = 0;
  long long number = strtoll(given, &end, 10);
  if (*given && !*end && !errno && number >= min && number <= max) {
    *to = number;
    return true;
  }
  snprintf(message, sizeof message, "%s: %.40s is not a number from %lld to %lld", question->kind->name,
           given, (long long)min, (long long)max);
  kd_question_refuse(question, RD_KAFKA_RESP_ERR__INVALID_ARG, message);
  return false;
}

void kd_add_error(kd_value *object, int32_t code, const char *text) {
  kd_add_number(object, "code", code);
  kd_add_text(object, "text", code == 0 ? "" : text ? text : rd_kafka_err2str((rd_kafka_resp_err_t)code));
}

void kd_add_operations(kd_value *object, const rd_kafka_AclOperation_t *operations, size_t count) {
  kd_value *list = kd_add(object, "operations", operations ? KD_VALUE_LIST : KD_VALUE_NULL);
  for (size_t i = 0; operations && i < count; i++)
    kd_add_text(list, NULL, rd_kafka_AclOperation_name(operations[i]));
}

void kd_add_node(kd_value *parent, const char *name, const rd_kafka_Node_t *node) {
  kd_value *object = kd_add(parent, name, node ? KD_VALUE_OBJECT : KD_VALUE_NULL);
  if (!node) return;
  kd_add_number(object, "id", rd_kafka_Node_id(node));
  kd_add_text(object, "host", rd_kafka_Node_host(node));
  kd_add_number(object, "port", rd_kafka_Node_port(node));
  kd_add_text(object, "rack", rd_kafka_Node_rack(node));
}

static const kd_question_kind *among(const kd_question_kind *kinds, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
  }
  return NULL;
}

const kd_question_kind *kd_question_named(const char *name) {
  const kd_question_kind *kind = among(KD_CLUSTER_QUESTIONS, KD_CLUSTER_QUESTION_COUNT, name);
  if (!kind) kind = among(KD_TOPIC_QUESTIONS, KD_TOPIC_QUESTION_COUNT, name);
  return kind ? kind : among(KD_GROUP_QUESTIONS, KD_GROUP_QUESTION_COUNT, name);
}

/* Questions without the option for rights, or for validation only, refuse it. */
static bool set_options(kd_question *question, rd_kafka_t *client, rd_kafka_AdminOptions_t *options) {
  char error[KD_QUESTION_ERROR_BYTES] = "";
  rd_kafka_resp_err_t code =
      rd_kafka_AdminOptions_set_request_timeout(options, (int)question->timeout_ms, error, sizeof error);
  if (!code && question->kind->target == KD_TARGET_ANY_BROKER) {
    int32_t broker = kd_admin_some_broker(client, question->timeout_ms);
    if (broker >= 0) code = rd_kafka_AdminOptions_set_broker(options, broker, error, sizeof error);
  }
  if (!code && question->kind->operation == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
    code =
        rd_kafka_AdminOptions_set_operation_timeout(options, (int)question->timeout_ms, error, sizeof error);
    if (!code && question->flags & KD_QUESTION_VALIDATE_ONLY)
      code = rd_kafka_AdminOptions_set_validate_only(options, 1, error, sizeof error);
  }
  if (!code && question->flags & KD_QUESTION_COMMITTED_ONLY) {
    rd_kafka_error_t *refusal =
        rd_kafka_AdminOptions_set_isolation_level(options, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED);
    if (refusal) {
      code = rd_kafka_error_code(refusal);
      snprintf(error, sizeof error, "%s", rd_kafka_error_string(refusal));
      rd_kafka_error_destroy(refusal);
    }
  }
  if (!code && question->flags & KD_QUESTION_AUTHORIZED) {
    rd_kafka_error_t *refusal = rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
    if (refusal) {
      code = rd_kafka_error_code(refusal);
      snprintf(error, sizeof error, "%s", rd_kafka_error_string(refusal));
      rd_kafka_error_destroy(refusal);
    }
  }
  if (code) kd_question_refuse(question, code, error);
  return !code;
}

static void take_answer(kd_question *question, rd_kafka_event_t *event) {
  if (rd_kafka_event_error(event)) {
    kd_question_refuse(question, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    return;
  }
  if ((question->answer = kd_value_root(question->kind->answer))) question->kind->take(question, event);
  if (question->answer && !question->answer->incomplete) return;
  kd_question_refuse(question, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "no memory for the answer");
}

static void ask_client(kd_question *question, rd_kafka_t *client) {
  question->answer = kd_value_root(question->kind->answer);
  bool asked = question->answer && question->kind->put(question, client, NULL, NULL);
  if (!question->answer || (asked && question->answer->incomplete))
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "no memory for the answer");
}

static void ask_on(kd_question *question, rd_kafka_t *client, rd_kafka_queue_t *queue) {
  rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client, question->kind->operation);
  if (!options) {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "no memory for the question");
    return;
  }
  bool put = set_options(question, client, options) && question->kind->put(question, client, options, queue);
  rd_kafka_AdminOptions_destroy(options);
  if (!put) return;
  int32_t code = 0;
  rd_kafka_event_t *event =
      kd_admin_wait(question->handle_id, queue, question->kind->event, question->timeout_ms, &code);
  if (event) {
    take_answer(question, event);
    rd_kafka_event_destroy(event);
  } else {
    kd_question_refuse(question, code, NULL);
  }
}

void kd_question_ask(kd_question *question) {
  kd_handle *handle = kd_handle_acquire(question->handle_id);
  if (!handle) {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__DESTROY, NULL);
    return;
  }
  /* While we hold the handle, nothing of the client is torn down. The queue must be destroyed before the
   * handle is released. */
  rd_kafka_t *client = kd_handle_client(handle);
  rd_kafka_queue_t *queue = question->kind->take ? rd_kafka_queue_new(client) : NULL;
  if (!question->kind->take) {
    ask_client(question, client);
  } else if (queue) {
    ask_on(question, client, queue);
    rd_kafka_queue_destroy(queue);
  } else {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__DESTROY, NULL);
  }
  kd_handle_release(handle);
}

void kd_question_clear(kd_question *question) {
  for (size_t i = 0; question->texts && i < question->text_count; i++) free(question->texts[i]);
  free(question->texts);
  kd_value_free(question->answer);
  *question = (kd_question){0};
}

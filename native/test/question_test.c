/* Questions to librdkafka's mock cluster: answers, refusals, and that neither leaks. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../handles.h"
#include "../live.h"
#include "../mock.h"
#include "../question.h"
#include "check.h"

#define TIMEOUT_MS 5000u
#define SHORT_MS 300u

static kd_question put(int64_t handle_id, const char *name, uint32_t timeout_ms, const char *const *texts) {
  kd_question question = {
      .handle_id = handle_id, .kind = kd_question_named(name), .timeout_ms = timeout_ms, .flags = 0};
  CHECK(question.kind);
  while (texts[question.text_count]) question.text_count++;
  question.texts = calloc(question.text_count + 1, sizeof *question.texts);
  for (size_t i = 0; i < question.text_count; i++) question.texts[i] = strdup(texts[i]);
  kd_question_ask(&question);
  return question;
}

#define ASK(handle, name, ...) put(handle, name, TIMEOUT_MS, (const char *const[]){__VA_ARGS__, NULL})

static const kd_value *member(const kd_value *object, const char *name) {
  const kd_value *child = object->first;
  while (child && (!child->name || strcmp(child->name, name) != 0)) child = child->next;
  CHECK(child);
  return child;
}

static size_t length(const kd_value *list) {
  size_t count = 0;
  CHECK(list->kind == KD_VALUE_LIST);
  for (const kd_value *child = list->first; child; child = child->next) count++;
  return count;
}

static void expect_refused(kd_question question, int32_t code) {
  CHECK(question.code == code && question.error[0]);
  kd_question_clear(&question);
}

static rd_kafka_t *client_of(rd_kafka_type_t type, int64_t id, const char *servers) {
  char error[512], text[32];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  void *opaque = NULL;
  CHECK(conf_init(conf, &opaque, error, sizeof error) == 0);
  snprintf(text, sizeof text, "%lld", (long long)id);
  CHECK(rd_kafka_conf_set(conf, KD_HANDLE_PROPERTY, text, error, sizeof error) == RD_KAFKA_CONF_OK);
  CHECK(rd_kafka_conf_set(conf, "bootstrap.servers", servers, error, sizeof error) == RD_KAFKA_CONF_OK);
  CHECK(rd_kafka_conf_set(conf, "log.queue", "true", error, sizeof error) == RD_KAFKA_CONF_OK);
  CHECK(rd_kafka_conf_set(conf, "log_level", "0", error, sizeof error) == RD_KAFKA_CONF_OK);
  if (type == RD_KAFKA_CONSUMER)
    CHECK(rd_kafka_conf_set(conf, "group.id", "g", error, sizeof error) == RD_KAFKA_CONF_OK);
  rd_kafka_t *made = rd_kafka_new(type, conf, error, sizeof error);
  CHECK(made);
  return made;
}

static rd_kafka_t *client(int64_t id, const char *servers) {
  return client_of(RD_KAFKA_PRODUCER, id, servers);
}

static void answers(int64_t id) {
  kd_question question = ASK(id, "describeCluster", NULL);
  CHECK(question.code == 0 && length(member(question.answer, "nodes")) == 2);
  const kd_value *node = member(question.answer, "nodes")->first;
  CHECK(member(node, "id")->number >= 0 && member(node, "host")->text && member(node, "port")->number > 0);
  kd_question_clear(&question);
  question = ASK(id, "describeTopics", "in", "missing");
  CHECK(question.code == 0 && length(question.answer) == 2);
  const kd_value *topic = question.answer->first;
  CHECK(strcmp(member(topic, "name")->text, "in") == 0 && member(topic, "code")->number == 0 &&
        length(member(topic, "partitions")) == 4);
  CHECK(length(member(member(topic, "partitions")->first, "replicas")) == 2);
  kd_question_clear(&question);
  question = ASK(id, "listOffsets", "-1", "in", "0", "in", "3");
  CHECK(question.code == 0 && length(question.answer) == 2 &&
        member(question.answer->first, "offset")->number == 0);
  kd_question_clear(&question);
}

static void refusals(int64_t id) {
  expect_refused(ASK(id, "listOffsets", "-4", "in", "0"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "listOffsets", "-1", "in"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "listOffsets", "-1", "in", "0", "in", "x"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "listOffsets", "-1", "in", "0", "in", "0"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "describeTopics", "in", "in"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "describeTopics", ""), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "describeTopicSettings", "topic", "3", "in"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "describeTopicSettings", "topic"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "describeBrokerSettings", "broker", "1", "x"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "createTopics", "a", "1"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "createTopics", "a", "0", "1", "0"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "createTopics", "a", "1", "1", "1", "only-a-name"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "createTopics", "a", "1", "1", "9223372036854775807", "x", "y"),
                 RD_KAFKA_RESP_ERR__INVALID_ARG);
  /* The mock cluster does not support these. */
  kd_question question =
      put(id, "createTopics", SHORT_MS, (const char *const[]){"a", "1", "1", "1", "retention.ms", "1", NULL});
  CHECK(question.code != 0);
  kd_question_clear(&question);
  CHECK(kd_question_named("deleteTopics") == NULL);
}

/* Asked by the membership: what is committed, and that a producer, odd texts and no member are refused. */
static void own_offsets(const char *servers) {
  int64_t id = kd_handle_new_id();
  rd_kafka_t *made = client_of(RD_KAFKA_CONSUMER, id, servers);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_t *place = rd_kafka_topic_partition_list_add(list, "in", 2);
  place->offset = 7;
  place->metadata = strdup("where from");
  place->metadata_size = strlen("where from");
  CHECK(rd_kafka_commit(made, list, 0) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_partition_list_destroy(list);
  kd_question question = ASK(id, "ownOffsets", "in", "2", "in", "3");
  CHECK(question.code == 0 && length(question.answer) == 2);
  const kd_value *first = question.answer->first, *second = first->next;
  CHECK(member(first, "offset")->number == 7 && strcmp(member(first, "metadata")->text, "where from") == 0);
  CHECK(member(second, "offset")->number < 0 && member(second, "metadata")->text[0] == 0);
  kd_question_clear(&question);
  expect_refused(ASK(id, "ownOffsets", "in"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  expect_refused(ASK(id, "ownOffsets", "in", "-1"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  rd_kafka_destroy(made);
  id = kd_handle_new_id();
  made = client_of(RD_KAFKA_CONSUMER, id, "127.0.0.1:1");
  expect_refused(put(id, "ownOffsets", SHORT_MS, (const char *const[]){"in", "2", NULL}),
                 RD_KAFKA_RESP_ERR__TIMED_OUT);
  rd_kafka_destroy(made);
}

static void *destroy(void *client) {
  rd_kafka_destroy(client);
  return NULL;
}

/* A handle keeps its client alive, even if another thread begins to destroy it in the meantime. */
static void held_while_destroyed(int64_t id, rd_kafka_t *made) {
  pthread_t thread;
  kd_handle *handle = kd_handle_acquire(id);
  CHECK(handle);
  kd_handle_serve_log(handle);
  CHECK(pthread_create(&thread, NULL, destroy, made) == 0);
  for (kd_handle *other; (other = kd_handle_acquire(id)); usleep(1000)) kd_handle_release(other);
  CHECK(kd_handle_client(handle) == made && rd_kafka_outq_len(made) >= 0);
  kd_handle_release(handle);
  pthread_join(thread, NULL);
}

int main(void) {
  char error[512];
  kd_mock *mock = kd_mock_new(2, error, sizeof error);
  CHECK(mock && kd_mock_create_topic(mock, "in", 4, 2) == 0);
  int64_t id = kd_handle_new_id();
  rd_kafka_t *made = client(id, kd_mock_bootstrap_servers(mock));
  answers(id);
  refusals(id);
  expect_refused(ASK(id, "ownOffsets", "in", "2"), RD_KAFKA_RESP_ERR__INVALID_ARG);
  own_offsets(kd_mock_bootstrap_servers(mock));
  rd_kafka_destroy(made);
  expect_refused(ASK(id, "describeCluster", NULL), RD_KAFKA_RESP_ERR__DESTROY);
  id = kd_handle_new_id();
  made = client(id, "127.0.0.1:1");
  expect_refused(put(id, "describeCluster", SHORT_MS, (const char *const[]){NULL}),
                 RD_KAFKA_RESP_ERR__TIMED_OUT);
  held_while_destroyed(id, made);
  kd_mock_free(mock);
  for (int kind = 0; kind < KD_LIVE_KINDS; kind++) CHECK(kd_live_count((kd_live_kind)kind) == 0);
  printf("question: all as it should be\n");
  return 0;
}

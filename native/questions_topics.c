/* Questions about topics: their description, the first and last offsets of their logs, and their creation. */
#include <stdlib.h>
#include <string.h>

#include "question.h"

/* Texts: the topics. */
static bool put_topics(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                       rd_kafka_queue_t *queue) {
  rd_kafka_TopicCollection_t *topics =
      rd_kafka_TopicCollection_of_topic_names((const char **)question->texts, question->text_count);
  rd_kafka_DescribeTopics(client, topics, options, queue);
  rd_kafka_TopicCollection_destroy(topics);
  return true;
}

static void add_ids(kd_value *object, const char *name, const rd_kafka_Node_t **nodes, size_t count) {
  kd_value *list = kd_add(object, name, KD_VALUE_LIST);
  for (size_t i = 0; i < count; i++) {
    if (nodes[i]) kd_add_number(list, NULL, rd_kafka_Node_id(nodes[i]));
  }
}

static void add_partition(kd_value *list, const rd_kafka_TopicPartitionInfo_t *partition) {
  size_t count = 0;
  kd_value *object = kd_add(list, NULL, KD_VALUE_OBJECT);
  const rd_kafka_Node_t *leader = rd_kafka_TopicPartitionInfo_leader(partition);
  kd_add_number(object, "id", rd_kafka_TopicPartitionInfo_partition(partition));
  kd_add_number(object, "leader", leader ? rd_kafka_Node_id(leader) : -1);
  const rd_kafka_Node_t **nodes = rd_kafka_TopicPartitionInfo_replicas(partition, &count);
  add_ids(object, "replicas", nodes, count);
  nodes = rd_kafka_TopicPartitionInfo_isr(partition, &count);
  add_ids(object, "inSync", nodes, count);
}

static void take_topics(kd_question *question, rd_kafka_event_t *event) {
  size_t count = 0, inner = 0;
  const rd_kafka_TopicDescription_t **topics =
      rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
  for (size_t t = 0; t < count; t++) {
    const rd_kafka_error_t *error = rd_kafka_TopicDescription_error(topics[t]);
    kd_value *object = kd_add(question->answer, NULL, KD_VALUE_OBJECT);
    kd_add_text(object, "name", rd_kafka_TopicDescription_name(topics[t]));
    const rd_kafka_Uuid_t *id = rd_kafka_TopicDescription_topic_id(topics[t]);
    const char *id_text = id ? rd_kafka_Uuid_base64str(id) : NULL;
    kd_add_text(object, "topicId", id_text ? id_text : "");
    kd_add_error(object, error ? rd_kafka_error_code(error) : 0, error ? rd_kafka_error_string(error) : NULL);
    const rd_kafka_AclOperation_t *operations =
        error ? NULL : rd_kafka_TopicDescription_authorized_operations(topics[t], &inner);
    kd_add_operations(object, operations, inner);
    kd_value *list = kd_add(object, "partitions", KD_VALUE_LIST);
    inner = 0;
    const rd_kafka_TopicPartitionInfo_t **partitions =
        error ? NULL : rd_kafka_TopicDescription_partitions(topics[t], &inner);
    for (size_t p = 0; partitions && p < inner; p++) add_partition(list, partitions[p]);
  }
}

/* Texts: -1 (end), -2 (beginning), -3 (largest timestamp) or a time (ms), then pairs of topic, partition. */
static bool put_offsets(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                        rd_kafka_queue_t *queue) {
  int64_t which, partition;
  if (!kd_question_number(question, 0, RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP, INT64_MAX, &which)) return false;
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)(question->text_count / 2));
  bool good = true;
  for (size_t i = 1; good && i < question->text_count; i += 2) {
    good = kd_question_number(question, i + 1, 0, INT32_MAX, &partition);
    if (good) rd_kafka_topic_partition_list_add(list, question->texts[i], (int32_t)partition)->offset = which;
  }
  if (good) rd_kafka_ListOffsets(client, list, options, queue);
  rd_kafka_topic_partition_list_destroy(list);
  return good;
}

static void take_offsets(kd_question *question, rd_kafka_event_t *event) {
  size_t count = 0;
  const rd_kafka_ListOffsetsResultInfo_t **infos =
      rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
  for (size_t i = 0; i < count; i++) {
    const rd_kafka_topic_partition_t *place = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    kd_value *object = kd_add(question->answer, NULL, KD_VALUE_OBJECT);
    kd_add_text(object, "topic", place->topic);
    kd_add_number(object, "partition", place->partition);
    kd_add_number(object, "offset", (double)place->offset);
    kd_add_number(object, "timestamp", (double)rd_kafka_ListOffsetsResultInfo_timestamp(infos[i]));
    kd_add_error(object, place->err, NULL);
  }
}

/* One topic from the texts at `at`: name, partitions, replication factor, number of settings, then their
 * names and values. NULL: refused. */
static rd_kafka_NewTopic_t *new_topic(kd_question *question, size_t *at) {
  int64_t partitions, replication, settings;
  char error[KD_QUESTION_ERROR_BYTES] = "";
  if (!kd_question_number(question, *at + 1, 1, INT32_MAX, &partitions) ||
      !kd_question_number(question, *at + 2, -1, INT16_MAX, &replication) ||
      !kd_question_number(question, *at + 3, 0, (int64_t)(question->text_count - *at) / 2 - 2, &settings)) {
    return NULL;
  }
  rd_kafka_NewTopic_t *topic =
      rd_kafka_NewTopic_new(question->texts[*at], (int)partitions, (int)replication, error, sizeof error);
  if (!topic) {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__INVALID_ARG, error);
    return NULL;
  }
  *at += 4;
  for (int64_t i = 0; i < settings; i++, *at += 2) {
    rd_kafka_resp_err_t code =
        rd_kafka_NewTopic_set_config(topic, question->texts[*at], question->texts[*at + 1]);
    if (!code) continue;
    kd_question_refuse(question, code, NULL);
    rd_kafka_NewTopic_destroy(topic);
    return NULL;
  }
  return topic;
}

static bool put_create(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                       rd_kafka_queue_t *queue) {
  rd_kafka_NewTopic_t **topics = calloc(question->text_count / 4 + 1, sizeof *topics);
  size_t made = 0, at = 0;
  bool good = topics != NULL;
  if (!good) kd_question_refuse(question, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "no memory for the question");
  while (good && at < question->text_count) {
    good = (topics[made] = new_topic(question, &at)) != NULL;
    if (good) made++;
  }
  if (good) rd_kafka_CreateTopics(client, topics, made, options, queue);
  if (topics) rd_kafka_NewTopic_destroy_array(topics, made);
  free(topics);
  return good;
}

static void take_create(kd_question *question, rd_kafka_event_t *event) {
  size_t count = 0;
  const rd_kafka_topic_result_t **topics =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (size_t i = 0; i < count; i++) {
    kd_value *object = kd_add(question->answer, NULL, KD_VALUE_OBJECT);
    kd_add_text(object, "name", rd_kafka_topic_result_name(topics[i]));
    kd_add_error(object, rd_kafka_topic_result_error(topics[i]),
                 rd_kafka_topic_result_error_string(topics[i]));
  }
}

const kd_question_kind KD_TOPIC_QUESTIONS[] = {
    {"describeTopics", RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT, KD_VALUE_LIST,
     KD_TARGET_ANY_BROKER, true, put_topics, take_topics},
    {"listOffsets", RD_KAFKA_ADMIN_OP_LISTOFFSETS, RD_KAFKA_EVENT_LISTOFFSETS_RESULT, KD_VALUE_LIST,
     KD_TARGET_OWN, true, put_offsets, take_offsets},
    {"createTopics", RD_KAFKA_ADMIN_OP_CREATETOPICS, RD_KAFKA_EVENT_CREATETOPICS_RESULT, KD_VALUE_LIST,
     KD_TARGET_OWN, true, put_create, take_create},
};
const size_t KD_TOPIC_QUESTION_COUNT = sizeof KD_TOPIC_QUESTIONS / sizeof *KD_TOPIC_QUESTIONS;

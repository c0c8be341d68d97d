/* Questions about consumer groups; librdkafka asks their coordinators. */
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "question.h"

/* Brokers accept 4,096 bytes of metadata; a longer text was not written by kd. */
#define METADATA_BYTES_MAX 4097u
/* A call of rd_kafka_committed can't be interrupted, and the client's end waits for it: the first is short.
 * Each further one has twice the time, so that a slow coordinator is heard, too. */
#define COMMITTED_SLICE_MS 2000u
/* Parses an entry of alterOffsets: topic, partition, offset, metadata. */
#define PLACE_TEXTS 4u

/* Text: the group. */
static bool put_group(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                      rd_kafka_queue_t *queue) {
  rd_kafka_DescribeConsumerGroups(client, (const char **)question->texts, 1, options, queue);
  return true;
}

static void add_member(kd_value *list, const rd_kafka_MemberDescription_t *member) {
  kd_value *object = kd_add(list, NULL, KD_VALUE_OBJECT);
  kd_add_text(object, "clientId", rd_kafka_MemberDescription_client_id(member));
  kd_add_text(object, "instanceId", rd_kafka_MemberDescription_group_instance_id(member));
  kd_add_text(object, "memberId", rd_kafka_MemberDescription_consumer_id(member));
  kd_add_text(object, "host", rd_kafka_MemberDescription_host(member));
  const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
  const rd_kafka_topic_partition_list_t *partitions =
      assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
  kd_add_number(object, "partitions", partitions ? partitions->cnt : 0);
  kd_value *assigned = kd_add(object, "assigned", KD_VALUE_LIST);
  for (int i = 0; partitions && i < partitions->cnt; i++) {
    kd_value *place = kd_add(assigned, NULL, KD_VALUE_OBJECT);
    kd_add_text(place, "topic", partitions->elems[i].topic);
    kd_add_number(place, "partition", partitions->elems[i].partition);
  }
}

static void take_group(kd_question *question, rd_kafka_event_t *event) {
  size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t **groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event), &count);
  if (count == 0) {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__NOENT, NULL);
    return;
  }
  const rd_kafka_ConsumerGroupDescription_t *group = groups[0];
  const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(group);
  kd_value *object = question->answer;
  kd_add_text(object, "group", rd_kafka_ConsumerGroupDescription_group_id(group));
  kd_add_error(object, error ? rd_kafka_error_code(error) : 0, error ? rd_kafka_error_string(error) : NULL);
  kd_add_text(object, "state",
              rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(group)));
  kd_add_text(object, "type",
              rd_kafka_consumer_group_type_name(rd_kafka_ConsumerGroupDescription_type(group)));
  kd_add_text(object, "assignor", rd_kafka_ConsumerGroupDescription_partition_assignor(group));
  kd_add_node(object, "coordinator", rd_kafka_ConsumerGroupDescription_coordinator(group));
  const rd_kafka_AclOperation_t *operations =
      rd_kafka_ConsumerGroupDescription_authorized_operations(group, &count);
  kd_add_operations(object, operations, count);
  kd_value *list = kd_add(object, "members", KD_VALUE_LIST);
  for (size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(group); i++) {
    add_member(list, rd_kafka_ConsumerGroupDescription_member(group, i));
  }
}

/* Text: the group. Returns all its committed offsets. Only on a consumer: when a coordinator answers that
 * it is not (or no longer) the coordinator, librdkafka 2.12 notes that in its client's own group. A
 * producer has none, and the process would crash (rd_kafka_handle_OffsetFetch). */
static bool put_committed(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                          rd_kafka_queue_t *queue) {
  if (rd_kafka_type(client) != RD_KAFKA_CONSUMER) {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__INVALID_ARG,
                       "committedOffsets: can be asked of a consumer only");
    return false;
  }
  rd_kafka_ListConsumerGroupOffsets_t *list = rd_kafka_ListConsumerGroupOffsets_new(question->texts[0], NULL);
  rd_kafka_ListConsumerGroupOffsets(client, &list, 1, options, queue);
  rd_kafka_ListConsumerGroupOffsets_destroy(list);
  return true;
}

static void add_committed(kd_question *question, const rd_kafka_topic_partition_list_t *partitions) {
  for (int i = 0; i < partitions->cnt; i++) {
    const rd_kafka_topic_partition_t *place = &partitions->elems[i];
    kd_value *object = kd_add(question->answer, NULL, KD_VALUE_OBJECT);
    kd_add_text(object, "topic", place->topic);
    kd_add_number(object, "partition", place->partition);
    kd_add_number(object, "offset", (double)place->offset);
    kd_add_error(object, place->err, NULL);
    char metadata[METADATA_BYTES_MAX] = "";
    if (place->metadata && place->metadata_size < sizeof metadata)
      memcpy(metadata, place->metadata, place->metadata_size);
    kd_add_text(object, "metadata", metadata);
  }
}

static void take_committed(kd_question *question, rd_kafka_event_t *event) {
  size_t count = 0;
  const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
  const rd_kafka_error_t *error = count > 0 ? rd_kafka_group_result_error(groups[0]) : NULL;
  const rd_kafka_topic_partition_list_t *partitions =
      count > 0 ? rd_kafka_group_result_partitions(groups[0]) : NULL;
  if (error) kd_question_refuse(question, rd_kafka_error_code(error), rd_kafka_error_string(error));
  if (!error && partitions) add_committed(question, partitions);
}

static rd_kafka_resp_err_t committed_in_slices(const kd_question *question, rd_kafka_t *client,
                                               rd_kafka_topic_partition_list_t *list) {
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  uint32_t slice_ms = COMMITTED_SLICE_MS;
  for (uint32_t left_ms = question->timeout_ms; left_ms > 0 && code == RD_KAFKA_RESP_ERR__TIMED_OUT;) {
    if (kd_admin_is_going_away(question->handle_id)) return RD_KAFKA_RESP_ERR__DESTROY;
    if (slice_ms > left_ms) slice_ms = left_ms;
    code = rd_kafka_committed(client, list, (int)slice_ms);
    left_ms -= slice_ms;
    slice_ms *= 2;
  }
  return code;
}

/* Texts: topic and partition of each place. Returns what the client's own group has committed there, by its
 * membership. The Admin API remembers a group's coordinator on its own, and when that broker dies it goes on
 * asking it (librdkafka 2.12, rd_kafka_coord_req_fsm), long after the membership has found the new one. */
static bool put_own(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                    rd_kafka_queue_t *queue) {
  (void)options;
  (void)queue;
  if (rd_kafka_type(client) != RD_KAFKA_CONSUMER || question->text_count % 2 != 0) {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__INVALID_ARG,
                       "ownOffsets: a consumer, and two texts for each place");
    return false;
  }
  int64_t partition;
  bool good = true;
  rd_kafka_topic_partition_list_t *list =
      rd_kafka_topic_partition_list_new((int)(question->text_count / 2));
  for (size_t i = 0; good && i < question->text_count; i += 2) {
    good = kd_question_number(question, i + 1, 0, INT32_MAX, &partition);
    if (good) rd_kafka_topic_partition_list_add(list, question->texts[i], (int32_t)partition);
  }
  if (good) {
    rd_kafka_resp_err_t code = committed_in_slices(question, client, list);
    if (code)
      kd_question_refuse(question, code, NULL);
    else
      add_committed(question, list);
    good = !code;
  }
  rd_kafka_topic_partition_list_destroy(list);
  return good;
}

/* Texts: the group, then topic, partition, offset and metadata of each place. Brokers refuse it for a group
 * with members. Only on a consumer, as above. */
static bool put_altered(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                        rd_kafka_queue_t *queue) {
  if (rd_kafka_type(client) != RD_KAFKA_CONSUMER || question->text_count % PLACE_TEXTS != 1) {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__INVALID_ARG,
                       "alterOffsets: a consumer, a group, and four texts for each place");
    return false;
  }
  int64_t partition, offset;
  bool good = true;
  rd_kafka_topic_partition_list_t *list =
      rd_kafka_topic_partition_list_new((int)(question->text_count / PLACE_TEXTS));
  for (size_t i = 1; good && i < question->text_count; i += PLACE_TEXTS) {
    const char *metadata = question->texts[i + 3];
    good = kd_question_number(question, i + 1, 0, INT32_MAX, &partition) &&
           kd_question_number(question, i + 2, 0, INT64_MAX, &offset);
    if (!good) break;
    rd_kafka_topic_partition_t *place =
        rd_kafka_topic_partition_list_add(list, question->texts[i], (int32_t)partition);
    place->offset = offset;
    /* librdkafka frees it with rd_free, which is free. */
    place->metadata = *metadata ? strdup(metadata) : NULL;
    place->metadata_size = place->metadata ? strlen(metadata) : 0;
  }
  if (good) {
    rd_kafka_AlterConsumerGroupOffsets_t *alter =
        rd_kafka_AlterConsumerGroupOffsets_new(question->texts[0], list);
    rd_kafka_AlterConsumerGroupOffsets(client, &alter, 1, options, queue);
    rd_kafka_AlterConsumerGroupOffsets_destroy(alter);
  }
  rd_kafka_topic_partition_list_destroy(list);
  return good;
}

static void take_altered(kd_question *question, rd_kafka_event_t *event) {
  size_t count = 0;
  const rd_kafka_group_result_t **groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
  const rd_kafka_error_t *error = count > 0 ? rd_kafka_group_result_error(groups[0]) : NULL;
  const rd_kafka_topic_partition_list_t *places =
      count > 0 ? rd_kafka_group_result_partitions(groups[0]) : NULL;
  if (error) kd_question_refuse(question, rd_kafka_error_code(error), rd_kafka_error_string(error));
  for (int i = 0; !error && places && i < places->cnt; i++) {
    kd_value *object = kd_add(question->answer, NULL, KD_VALUE_OBJECT);
    kd_add_text(object, "topic", places->elems[i].topic);
    kd_add_number(object, "partition", places->elems[i].partition);
    kd_add_number(object, "offset", (double)places->elems[i].offset);
    kd_add_error(object, places->elems[i].err, NULL);
  }
}

const kd_question_kind KD_GROUP_QUESTIONS[] = {
    {"describeGroup", RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT,
     KD_VALUE_OBJECT, KD_TARGET_OWN, true, put_group, take_group},
    {"committedOffsets", RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
     RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT, KD_VALUE_LIST, KD_TARGET_OWN, true, put_committed,
     take_committed},
    {"ownOffsets", RD_KAFKA_ADMIN_OP_ANY, RD_KAFKA_EVENT_NONE, KD_VALUE_LIST, KD_TARGET_OWN, true, put_own,
     NULL},
    {"alterOffsets", RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS,
     RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT, KD_VALUE_LIST, KD_TARGET_OWN, true, put_altered,
     take_altered},
};
const size_t KD_GROUP_QUESTION_COUNT = sizeof KD_GROUP_QUESTIONS / sizeof *KD_GROUP_QUESTIONS;

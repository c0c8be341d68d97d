/* Questions about the cluster and about settings. */
#include <stdlib.h>
#include <string.h>

#include "question.h"

static bool put_cluster(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                        rd_kafka_queue_t *queue) {
  (void)question;
  rd_kafka_DescribeCluster(client, options, queue);
  return true;
}

static void take_cluster(kd_question *question, rd_kafka_event_t *event) {
  const rd_kafka_DescribeCluster_result_t *result = rd_kafka_event_DescribeCluster_result(event);
  size_t count = 0;
  const rd_kafka_Node_t **nodes = rd_kafka_DescribeCluster_result_nodes(result, &count);
  const rd_kafka_Node_t *controller = rd_kafka_DescribeCluster_result_controller(result);
  kd_add_text(question->answer, "clusterId", rd_kafka_DescribeCluster_result_cluster_id(result));
  kd_add_number(question->answer, "controller", controller ? rd_kafka_Node_id(controller) : -1);
  kd_value *list = kd_add(question->answer, "nodes", KD_VALUE_LIST);
  for (size_t i = 0; i < count; i++) {
    if (nodes[i]) kd_add_node(list, NULL, nodes[i]);
  }
  const rd_kafka_AclOperation_t *operations =
      rd_kafka_DescribeCluster_result_authorized_operations(result, &count);
  kd_add_operations(question->answer, operations, count);
}

/* Texts: "topic" or "broker", the number of names, the names (for brokers one number), then the requested
 * settings (none: all). */
static bool put_configs(kd_question *question, rd_kafka_t *client, const rd_kafka_AdminOptions_t *options,
                        rd_kafka_queue_t *queue) {
  int64_t named, ignored;
  bool brokers = question->text_count > 0 && strcmp(question->texts[0], "broker") == 0;
  if (!kd_question_number(question, 1, 1, brokers ? 1 : (int64_t)question->text_count - 2, &named))
    return false;
  if (brokers && !kd_question_number(question, 2, 0, INT32_MAX, &ignored)) return false;
  rd_kafka_ConfigResource_t **resources = calloc((size_t)named, sizeof *resources);
  if (!resources) {
    kd_question_refuse(question, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "no memory for the question");
    return false;
  }
  size_t made = 0;
  rd_kafka_resp_err_t code = 0;
  while (!code && made < (size_t)named) {
    resources[made] = rd_kafka_ConfigResource_new(
        brokers ? RD_KAFKA_RESOURCE_BROKER : RD_KAFKA_RESOURCE_TOPIC, question->texts[2 + made]);
    if (!resources[made]) {
      code = RD_KAFKA_RESP_ERR__INVALID_ARG;
      break;
    }
    for (size_t i = 2 + (size_t)named; !code && i < question->text_count; i++) {
      code = rd_kafka_ConfigResource_set_config(resources[made], question->texts[i], "");
    }
    made++;
  }
  if (code)
    kd_question_refuse(question, code, NULL);
  else
    rd_kafka_DescribeConfigs(client, resources, made, options, queue);
  rd_kafka_ConfigResource_destroy_array(resources, made);
  free(resources);
  return !code;
}

static void take_entries(kd_value *object, const rd_kafka_ConfigResource_t *resource) {
  size_t count = 0;
  const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
  kd_value *list = kd_add(object, "entries", KD_VALUE_LIST);
  for (size_t i = 0; i < count; i++) {
    kd_value *entry = kd_add(list, NULL, KD_VALUE_OBJECT);
    kd_add_text(entry, "name", rd_kafka_ConfigEntry_name(entries[i]));
    kd_add_text(entry, "value",
                rd_kafka_ConfigEntry_is_sensitive(entries[i]) > 0 ? NULL
                                                                  : rd_kafka_ConfigEntry_value(entries[i]));
    kd_add_flag(entry, "own",
                rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG);
  }
}

static void take_configs(kd_question *question, rd_kafka_event_t *event) {
  size_t count = 0;
  const rd_kafka_ConfigResource_t **resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
  for (size_t i = 0; i < count; i++) {
    if (!resources[i]) continue;
    kd_value *object = kd_add(question->answer, NULL, KD_VALUE_OBJECT);
    kd_add_text(object, "name", rd_kafka_ConfigResource_name(resources[i]));
    kd_add_error(object, rd_kafka_ConfigResource_error(resources[i]),
                 rd_kafka_ConfigResource_error_string(resources[i]));
    take_entries(object, resources[i]);
  }
}

const kd_question_kind KD_CLUSTER_QUESTIONS[] = {
    {"describeCluster", RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT,
     KD_VALUE_OBJECT, KD_TARGET_ANY_BROKER, false, put_cluster, take_cluster},
    {"describeTopicSettings", RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT,
     KD_VALUE_LIST, KD_TARGET_ANY_BROKER, true, put_configs, take_configs},
    /* librdkafka asks each broker for its own settings. */
    {"describeBrokerSettings", RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT,
     KD_VALUE_LIST, KD_TARGET_OWN, true, put_configs, take_configs},
};
const size_t KD_CLUSTER_QUESTION_COUNT = sizeof KD_CLUSTER_QUESTIONS / sizeof *KD_CLUSTER_QUESTIONS;

#include "admin.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "handles.h"

/* How often to check whether the client is being destroyed: its destruction waits for this call, and
 * its main thread then answers nothing any more. */
#define SLICE_MS 50
/* The metadata request is not interrupted by that check; a connected client answers it in a moment. */
#define METADATA_MS_MAX 1000u

static void fail(kd_describe *describe, int32_t code, const char *text) {
  describe->code = code;
  snprintf(describe->text, sizeof describe->text, "%s",
           text && *text ? text : rd_kafka_err2str((rd_kafka_resp_err_t)code));
}

bool kd_admin_is_going_away(int64_t handle_id) {
  kd_handle *handle = kd_handle_acquire(handle_id);
  if (handle) kd_handle_release(handle);
  return handle == NULL;
}

static const char *value_of(const rd_kafka_ConfigEntry_t **entries, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
      return rd_kafka_ConfigEntry_value(entries[i]);
  }
  return NULL;
}

/* False: out of memory. */
static bool take_topic(const kd_describe *describe, const rd_kafka_ConfigResource_t *resource,
                       kd_topic_configs *to) {
  to->code = rd_kafka_ConfigResource_error(resource);
  if (to->code) {
    const char *text = rd_kafka_ConfigResource_error_string(resource);
    return (to->text = strdup(text ? text : rd_kafka_err2str((rd_kafka_resp_err_t)to->code))) != NULL;
  }
  size_t count = 0;
  const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
  if (!(to->values = calloc(describe->name_count + 1, sizeof *to->values))) return false;
  for (size_t i = 0; i < describe->name_count; i++) {
    const char *value = value_of(entries, count, describe->names[i]);
    if (value && !(to->values[i] = strdup(value))) return false;
  }
  return true;
}

static void take_answer(kd_describe *describe, rd_kafka_event_t *event) {
  const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
  if (rd_kafka_event_error(event) || !result) {
    fail(describe, rd_kafka_event_error(event) ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__FAIL,
         rd_kafka_event_error_string(event));
    return;
  }
  size_t count = 0;
  const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (size_t t = 0; t < describe->topic_count; t++) {
    describe->results[t].code = RD_KAFKA_RESP_ERR__NOENT;
    for (size_t r = 0; r < count; r++) {
      if (!resources[r] || strcmp(rd_kafka_ConfigResource_name(resources[r]), describe->topics[t]) != 0)
        continue;
      if (!take_topic(describe, resources[r], &describe->results[t]))
        fail(describe, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "no memory");
      break;
    }
  }
}

int32_t kd_admin_some_broker(rd_kafka_t *client, uint32_t timeout_ms) {
  const struct rd_kafka_metadata *metadata = NULL;
  if (rd_kafka_metadata(client, 0, NULL, &metadata,
                        (int)(timeout_ms < METADATA_MS_MAX ? timeout_ms : METADATA_MS_MAX)))
    return -1;
  int32_t id = metadata->orig_broker_id >= 0 || metadata->broker_cnt == 0 ? metadata->orig_broker_id
                                                                          : metadata->brokers[0].id;
  rd_kafka_metadata_destroy(metadata);
  return id;
}

/* Sends the request; the answer comes as an event on the queue. */
static bool ask(kd_describe *describe, rd_kafka_t *client, rd_kafka_queue_t *queue) {
  char error[KD_ADMIN_TEXT_BYTES] = "";
  rd_kafka_ConfigResource_t **resources = calloc(describe->topic_count + 1, sizeof *resources);
  rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_resp_err_t code = resources && options ? 0 : RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
  if (!code)
    code = rd_kafka_AdminOptions_set_request_timeout(options, (int)describe->timeout_ms, error, sizeof error);
  /* Any broker can describe topics. By default librdkafka would wait for a controller, which not every
   * cluster names. */
  int32_t broker = code ? -1 : kd_admin_some_broker(client, describe->timeout_ms);
  if (!code && broker >= 0) code = rd_kafka_AdminOptions_set_broker(options, broker, error, sizeof error);
  size_t made = 0;
  for (; !code && made < describe->topic_count; made++) {
    if (!(resources[made] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, describe->topics[made])))
      code = RD_KAFKA_RESP_ERR__INVALID_ARG;
    /* Only the named settings: the whole list is some kilobytes per topic. */
    for (size_t i = 0; !code && i < describe->name_count; i++)
      code = rd_kafka_ConfigResource_set_config(resources[made], describe->names[i], "");
    if (code && !resources[made]) break;
  }
  if (code)
    fail(describe, code, error);
  else
    rd_kafka_DescribeConfigs(client, resources, made, options, queue);
  if (resources) rd_kafka_ConfigResource_destroy_array(resources, made);
  if (options) rd_kafka_AdminOptions_destroy(options);
  free(resources);
  return !code;
}

rd_kafka_event_t *kd_admin_wait(int64_t handle_id, rd_kafka_queue_t *queue, rd_kafka_event_type_t type,
                                uint32_t timeout_ms, int32_t *code) {
  int64_t deadline_ms = kd_now_ms() + timeout_ms + SLICE_MS;
  for (;;) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, SLICE_MS);
    if (event && rd_kafka_event_type(event) == type) return event;
    if (event) rd_kafka_event_destroy(event);
    *code = kd_admin_is_going_away(handle_id) ? RD_KAFKA_RESP_ERR__DESTROY
            : kd_now_ms() >= deadline_ms      ? RD_KAFKA_RESP_ERR__TIMED_OUT
                                              : 0;
    if (*code) return NULL;
  }
}

static void wait_for_answer(kd_describe *describe, rd_kafka_queue_t *queue) {
  int32_t code = 0;
  rd_kafka_event_t *event = kd_admin_wait(describe->handle_id, queue, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT,
                                          describe->timeout_ms, &code);
  if (event) {
    take_answer(describe, event);
    rd_kafka_event_destroy(event);
  } else {
    fail(describe, code, NULL);
  }
}

void kd_admin_describe_topics(kd_describe *describe) {
  describe->results = calloc(describe->topic_count + 1, sizeof *describe->results);
  if (!describe->results) {
    fail(describe, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "no memory");
    return;
  }
  kd_handle *handle = kd_handle_acquire(describe->handle_id);
  if (!handle) {
    fail(describe, RD_KAFKA_RESP_ERR__DESTROY, NULL);
    return;
  }
  /* While we hold the handle, nothing of the client is torn down. The queue must be destroyed before the
   * handle is released. */
  rd_kafka_t *client = kd_handle_client(handle);
  rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
  if (!queue) {
    fail(describe, RD_KAFKA_RESP_ERR__DESTROY, NULL);
  } else {
    if (ask(describe, client, queue)) wait_for_answer(describe, queue);
    rd_kafka_queue_destroy(queue);
  }
  kd_handle_release(handle);
}

static void free_texts(char **texts, size_t count) {
  for (size_t i = 0; texts && i < count; i++) free(texts[i]);
  free(texts);
}

void kd_admin_clear(kd_describe *describe) {
  for (size_t i = 0; describe->results && i < describe->topic_count; i++) {
    free(describe->results[i].text);
    free_texts(describe->results[i].values, describe->name_count);
  }
  free(describe->results);
  free_texts(describe->topics, describe->topic_count);
  free_texts(describe->names, describe->name_count);
  *describe = (kd_describe){0};
}

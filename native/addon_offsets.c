/* Stores and commits offsets with a metadata text, which the group keeps for the next reader. node-rdkafka
 * has no call that takes the text. */
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "addon.h"
#include "handles.h"

#define METADATA_BYTES_MAX 512u
#define OFFSET_MAX 9007199254740991.0

typedef rd_kafka_resp_err_t (*send_call)(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list);

static rd_kafka_resp_err_t send_to_store(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
  return rd_kafka_offsets_store(client, list);
}

static rd_kafka_resp_err_t send_to_broker(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
  return rd_kafka_commit(client, list, 1);
}

/* The list owns its copy of the metadata. */
static bool add_place(rd_kafka_topic_partition_list_t *list, const char *topic, const char *metadata,
                      const double *place) {
  if (!(place[0] >= 0 && place[0] <= INT32_MAX && place[1] >= 0 && place[1] <= OFFSET_MAX)) return false;
  rd_kafka_topic_partition_t *added = rd_kafka_topic_partition_list_add(list, topic, (int32_t)place[0]);
  size_t length = strlen(metadata);
  added->offset = (int64_t)place[1];
  if (length == 0) return true;
  added->metadata = rd_kafka_mem_malloc(NULL, length);
  added->metadata_size = length;
  memcpy(added->metadata, metadata, length);
  return true;
}

static rd_kafka_resp_err_t send_list(int64_t id, rd_kafka_topic_partition_list_t *list, send_call send) {
  kd_handle *handle = kd_handle_acquire(id);
  if (!handle) return RD_KAFKA_RESP_ERR__STATE;
  rd_kafka_resp_err_t code =
      kd_handle_is_consumer(handle) ? send(kd_handle_client(handle), list) : RD_KAFKA_RESP_ERR__INVALID_ARG;
  kd_handle_release(handle);
  return code;
}

/* (handle, topic, metadata, Float64Array of partitions and offsets in turn): returns librdkafka's code. */
static napi_value with_places(napi_env env, napi_callback_info info, send_call send) {
  napi_value argv[4], self, result;
  int64_t id;
  char topic[KD_NAME_BYTES_MAX], metadata[METADATA_BYTES_MAX];
  napi_typedarray_type type;
  size_t count;
  void *data = NULL;
  if (!kd_arguments(env, info, 4, argv, &self) || !kd_get_integer(env, argv[0], 0, 9e15, "handleId", &id) ||
      !kd_get_text(env, argv[1], topic, sizeof topic, "topic") ||
      !kd_get_text(env, argv[2], metadata, sizeof metadata, "metadata"))
    return NULL;
  if (napi_get_typedarray_info(env, argv[3], &type, &count, &data, NULL, NULL) != napi_ok ||
      type != napi_float64_array || count % 2 != 0)
    return kd_throw_type(env, "places must be a Float64Array of partitions and offsets in turn");
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)(count / 2));
  bool good = true;
  for (size_t i = 0; good && i < count; i += 2) good = add_place(list, topic, metadata, (double *)data + i);
  rd_kafka_resp_err_t code = good ? send_list(id, list, send) : RD_KAFKA_RESP_ERR__INVALID_ARG;
  rd_kafka_topic_partition_list_destroy(list);
  KD_TRY(env, napi_create_int32(env, code, &result));
  return result;
}

static napi_value store_offsets(napi_env env, napi_callback_info info) {
  return with_places(env, info, send_to_store);
}

static napi_value commit_offsets(napi_env env, napi_callback_info info) {
  return with_places(env, info, send_to_broker);
}

/* The cluster id as far as the client knows it; empty: not known yet. */
static napi_value cluster_id(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, result;
  int64_t id;
  if (!kd_arguments(env, info, 1, argv, &self) || !kd_get_integer(env, argv[0], 0, 9e15, "handleId", &id))
    return NULL;
  kd_handle *handle = kd_handle_acquire(id);
  char *text = handle ? rd_kafka_clusterid(kd_handle_client(handle), 0) : NULL;
  napi_status status = napi_create_string_utf8(env, text ? text : "", NAPI_AUTO_LENGTH, &result);
  if (text) rd_kafka_mem_free(kd_handle_client(handle), text);
  if (handle) kd_handle_release(handle);
  return status == napi_ok ? result : kd_throw_last(env);
}

napi_status kd_define_offsets(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      KD_METHOD("storeOffsets", store_offsets),
      KD_METHOD("commitOffsets", commit_offsets),
      KD_METHOD("clusterId", cluster_id),
  };
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
}

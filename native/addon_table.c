/* PartitionTable and MockCluster. */
#include <stdio.h>
#include <stdlib.h>

#include "addon.h"
#include "mock.h"

const napi_type_tag kd_table_tag = {0x6b642d7461626c65, 0x8d1f0b6a53c94e01};
static const napi_type_tag mock_tag = {0x6b642d6d6f636b00, 0x8d1f0b6a53c94e02};

/* ---- PartitionTable ---- */

kd_table *kd_unwrap_table(napi_env env, napi_value object) {
  return kd_unwrap(env, object, &kd_table_tag);
}

static void table_finalize(napi_env env, void *native, void *hint) {
  (void)env;
  (void)hint;
  kd_table_release(native);
}

static napi_value table_new(napi_env env, napi_callback_info info) {
  napi_value argv[1], self;
  int64_t max;
  if (!kd_arguments(env, info, 1, argv, &self) ||
      !kd_get_integer(env, argv[0], 1, KD_PARTITIONS_MAX, "partitionsMax", &max))
    return NULL;
  kd_table *table = kd_table_new((uint32_t)max);
  if (!table) return kd_throw(env, "KD_NO_MEMORY", "no memory for the partition table");
  if (!kd_wrap(env, self, table, table_finalize, &kd_table_tag)) {
    kd_table_release(table);
    return kd_throw_last(env);
  }
  return self;
}

static napi_value table_id_of(napi_env env, napi_callback_info info) {
  napi_value argv[2], self, result;
  char topic[KD_NAME_BYTES_MAX];
  int64_t partition;
  if (!kd_arguments(env, info, 2, argv, &self)) return NULL;
  kd_table *table = kd_unwrap_table(env, self);
  if (!table || !kd_get_text(env, argv[0], topic, sizeof topic, "topic") ||
      !kd_get_integer(env, argv[1], 0, INT32_MAX, "partition", &partition))
    return NULL;
  uint32_t id = kd_table_id_of(table, topic, (int32_t)partition);
  if (id == KD_NO_PARTITION) return kd_throw_range(env, "the partition table is full");
  KD_TRY(env, napi_create_uint32(env, id, &result));
  return result;
}

/* The entry that the first argument names. */
static kd_partition *entry_of(napi_env env, napi_callback_info info, size_t argc, napi_value *argv) {
  napi_value self;
  int64_t id;
  if (!kd_arguments(env, info, argc, argv, &self)) return NULL;
  kd_table *table = kd_unwrap_table(env, self);
  if (!table || !kd_get_integer(env, argv[0], 0, UINT32_MAX, "id", &id)) return NULL;
  kd_partition *entry = kd_table_at(table, (uint32_t)id);
  if (!entry) kd_throw_range(env, "no such partition id");
  return entry;
}

static napi_value table_describe(napi_env env, napi_callback_info info) {
  napi_value argv[1], result, topic;
  kd_partition *entry = entry_of(env, info, 1, argv);
  if (!entry) return NULL;
  KD_TRY(env, napi_create_object(env, &result));
  KD_TRY(env, napi_create_string_utf8(env, entry->topic->name, NAPI_AUTO_LENGTH, &topic));
  return kd_set(env, result, "topic", topic) && kd_set_number(env, result, "partition", entry->partition)
             ? result
             : kd_throw_last(env);
}

static napi_value table_set_epoch(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  int64_t epoch;
  kd_partition *entry = entry_of(env, info, 2, argv);
  if (!entry || !kd_get_integer(env, argv[1], 0, UINT32_MAX, "epoch", &epoch)) return NULL;
  atomic_store(&entry->epoch, (uint32_t)epoch);
  return NULL;
}

static napi_value table_epoch(napi_env env, napi_callback_info info) {
  napi_value argv[1], result;
  kd_partition *entry = entry_of(env, info, 1, argv);
  if (!entry) return NULL;
  KD_TRY(env, napi_create_uint32(env, atomic_load(&entry->epoch), &result));
  return result;
}

static napi_value table_set_count(napi_env env, napi_callback_info info) {
  napi_value argv[2], self;
  char topic[KD_NAME_BYTES_MAX];
  int64_t count;
  if (!kd_arguments(env, info, 2, argv, &self)) return NULL;
  kd_table *table = kd_unwrap_table(env, self);
  if (!table || !kd_get_text(env, argv[0], topic, sizeof topic, "topic") ||
      !kd_get_integer(env, argv[1], 1, INT32_MAX, "count", &count))
    return NULL;
  if (!kd_table_set_topic_partition_count(table, topic, (int32_t)count))
    return kd_throw(env, "KD_NO_MEMORY", "no memory for the topic");
  return NULL;
}

napi_status kd_define_table(napi_env env, napi_value exports) {
  napi_value constructor;
  const napi_property_descriptor methods[] = {
      KD_METHOD("idOf", table_id_of),
      KD_METHOD("describe", table_describe),
      KD_METHOD("setEpoch", table_set_epoch),
      KD_METHOD("epoch", table_epoch),
      KD_METHOD("setTopicPartitionCount", table_set_count),
  };
  napi_status status = napi_define_class(env, "PartitionTable", NAPI_AUTO_LENGTH, table_new, NULL,
                                         sizeof methods / sizeof *methods, methods, &constructor);
  return status == napi_ok ? napi_set_named_property(env, exports, "PartitionTable", constructor) : status;
}

/* ---- MockCluster ---- */

typedef struct {
  kd_mock *mock;
} js_mock;

static void mock_close(void *native) {
  js_mock *holder = native;
  if (holder->mock) kd_mock_free(holder->mock);
  holder->mock = NULL;
}

static void mock_finalize(napi_env env, void *native, void *hint) {
  (void)hint;
  napi_remove_env_cleanup_hook(env, mock_close, native);
  mock_close(native);
  free(native);
}

static napi_value mock_new(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, servers;
  char error[512] = "no memory";
  int64_t brokers;
  if (!kd_arguments(env, info, 1, argv, &self) ||
      !kd_get_integer(env, argv[0], 1, KD_MOCK_BROKERS_MAX, "brokers", &brokers))
    return NULL;
  js_mock *holder = calloc(1, sizeof *holder);
  if (holder) holder->mock = kd_mock_new((uint32_t)brokers, error, sizeof error);
  if (!holder || !holder->mock || !kd_wrap(env, self, holder, mock_finalize, &mock_tag)) {
    if (holder) mock_close(holder);
    free(holder);
    return kd_throw(env, "KD_MOCK", error);
  }
  napi_add_env_cleanup_hook(env, mock_close, holder);
  KD_TRY(env,
         napi_create_string_utf8(env, kd_mock_bootstrap_servers(holder->mock), NAPI_AUTO_LENGTH, &servers));
  return kd_set(env, self, "bootstrapServers", servers) ? self : kd_throw_last(env);
}

static kd_mock *mock_of(napi_env env, napi_callback_info info, size_t argc, napi_value *argv) {
  napi_value self;
  if (!kd_arguments(env, info, argc, argv, &self)) return NULL;
  js_mock *holder = kd_unwrap(env, self, &mock_tag);
  if (holder && !holder->mock) kd_throw(env, "KD_CLOSED", "the mock cluster is closed");
  return holder ? holder->mock : NULL;
}

static napi_value mock_create_topic(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  char name[KD_NAME_BYTES_MAX], message[160];
  int64_t partitions, replicas;
  kd_mock *mock = mock_of(env, info, 3, argv);
  if (!mock || !kd_get_text(env, argv[0], name, sizeof name, "name") ||
      !kd_get_integer(env, argv[1], 1, 10000, "partitions", &partitions) ||
      !kd_get_integer(env, argv[2], 1, KD_MOCK_BROKERS_MAX, "replicationFactor", &replicas)) {
    return NULL;
  }
  int32_t code = kd_mock_create_topic(mock, name, (int32_t)partitions, (int32_t)replicas);
  if (code == 0) return NULL;
  snprintf(message, sizeof message, "the mock cluster did not create the topic (librdkafka's code %d)",
           (int)code);
  return kd_throw(env, "KD_MOCK", message);
}

static napi_value mock_delay(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  int64_t delay_ms;
  kd_mock *mock = mock_of(env, info, 1, argv);
  if (!mock || !kd_get_integer(env, argv[0], 0, 3600000, "delayMs", &delay_ms)) return NULL;
  kd_mock_initial_rebalance_delay_ms(mock, (int32_t)delay_ms);
  return NULL;
}

static napi_value mock_push_errors(napi_env env, napi_callback_info info) {
  napi_value argv[2], item;
  int64_t api_key, code;
  uint32_t count;
  int32_t codes[KD_MOCK_ERRORS_MAX];
  kd_mock *mock = mock_of(env, info, 2, argv);
  if (!mock || !kd_get_integer(env, argv[0], 0, INT16_MAX, "apiKey", &api_key)) return NULL;
  KD_TRY(env, napi_get_array_length(env, argv[1], &count));
  if (count > KD_MOCK_ERRORS_MAX) return kd_throw_range(env, "too many error codes");
  for (uint32_t i = 0; i < count; i++) {
    KD_TRY(env, napi_get_element(env, argv[1], i, &item));
    if (!kd_get_integer(env, item, INT32_MIN, INT32_MAX, "code", &code)) return NULL;
    codes[i] = (int32_t)code;
  }
  kd_mock_push_request_errors(mock, (int16_t)api_key, codes, count);
  return NULL;
}

static napi_value mock_close_method(napi_env env, napi_callback_info info) {
  napi_value self;
  if (!kd_arguments(env, info, 0, NULL, &self)) return NULL;
  js_mock *holder = kd_unwrap(env, self, &mock_tag);
  if (holder) mock_close(holder);
  return NULL;
}

napi_status kd_define_mock(napi_env env, napi_value exports) {
  napi_value constructor;
  const napi_property_descriptor methods[] = {
      KD_METHOD("createTopic", mock_create_topic),
      KD_METHOD("setGroupInitialRebalanceDelayMs", mock_delay),
      KD_METHOD("pushRequestErrors", mock_push_errors),
      KD_METHOD("close", mock_close_method),
  };
  napi_status status = napi_define_class(env, "MockCluster", NAPI_AUTO_LENGTH, mock_new, NULL,
                                         sizeof methods / sizeof *methods, methods, &constructor);
  return status == napi_ok ? napi_set_named_property(env, exports, "MockCluster", constructor) : status;
}

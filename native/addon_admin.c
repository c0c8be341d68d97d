/* describeTopicConfigs: the request is sent from a thread of libuv's pool, because waiting for brokers
 * would block the main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addon.h"
#include "admin.h"

typedef struct {
  kd_describe describe;
  napi_deferred deferred;
  napi_async_work work;
} js_describe;

static void free_describe(js_describe *call) {
  kd_admin_clear(&call->describe);
  free(call);
}

/* Copies a list of texts: none empty, none with a NUL inside, at most `max` of them. What was copied is in
 * `*to` even on failure. */
static bool get_texts(napi_env env, napi_value list, uint32_t max, char ***to, size_t *count) {
  uint32_t length;
  napi_value item;
  char text[KD_NAME_BYTES_MAX];
  if (napi_get_array_length(env, list, &length) != napi_ok || length < 1 || length > max) {
    kd_throw_range(env, "topics and names must be lists, neither empty nor too long");
    return false;
  }
  if (!(*to = calloc(length, sizeof **to))) {
    kd_throw(env, "KD_NO_MEMORY", "out of memory for a request to the brokers");
    return false;
  }
  for (uint32_t i = 0; i < length; i++) {
    size_t bytes = 0;
    if (napi_get_element(env, list, i, &item) != napi_ok ||
        !kd_get_text(env, item, text, sizeof text, "a name"))
      return false;
    if (napi_get_value_string_utf8(env, item, NULL, 0, &bytes) != napi_ok || bytes == 0 ||
        bytes != strlen(text)) {
      kd_throw_type(env, "a name must not be empty or hold a NUL");
      return false;
    }
    if (!((*to)[i] = strdup(text))) {
      kd_throw(env, "KD_NO_MEMORY", "out of memory for a request to the brokers");
      return false;
    }
    *count = i + 1;
  }
  return true;
}

static bool get_request(napi_env env, napi_callback_info info, kd_describe *describe) {
  napi_value argv[4], self;
  int64_t timeout_ms;
  if (!kd_arguments(env, info, 4, argv, &self) ||
      !kd_get_integer(env, argv[0], 0, 9e15, "handleId", &describe->handle_id) ||
      !get_texts(env, argv[1], KD_ADMIN_TOPICS_MAX, &describe->topics, &describe->topic_count) ||
      !get_texts(env, argv[2], KD_ADMIN_NAMES_MAX, &describe->names, &describe->name_count) ||
      !kd_get_integer(env, argv[3], 1, KD_ADMIN_TIMEOUT_MAX_MS, "timeoutMs", &timeout_ms)) {
    return false;
  }
  describe->timeout_ms = (uint32_t)timeout_ms;
  return true;
}

static bool set_text(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  napi_status status =
      text ? napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) : napi_get_null(env, &value);
  return status == napi_ok && kd_set(env, object, name, value);
}

/* { topic, code, text, values } */
static bool topic_answer(napi_env env, const kd_describe *describe, size_t topic, napi_value *answer) {
  const kd_topic_configs *result = &describe->results[topic];
  napi_value values, value;
  if (napi_create_object(env, answer) != napi_ok ||
      !set_text(env, *answer, "topic", describe->topics[topic]) ||
      !kd_set_number(env, *answer, "code", result->code) ||
      !set_text(env, *answer, "text", result->text ? result->text : "") ||
      napi_create_array_with_length(env, describe->name_count, &values) != napi_ok) {
    return false;
  }
  for (size_t i = 0; i < describe->name_count; i++) {
    const char *text = result->values ? result->values[i] : NULL;
    napi_status status =
        text ? napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) : napi_get_null(env, &value);
    if (status != napi_ok || napi_set_element(env, values, (uint32_t)i, value) != napi_ok) return false;
  }
  return kd_set(env, *answer, "values", values);
}

static bool answers(napi_env env, const kd_describe *describe, napi_value *list) {
  if (napi_create_array_with_length(env, describe->topic_count, list) != napi_ok) return false;
  for (size_t i = 0; i < describe->topic_count; i++) {
    napi_value answer;
    if (!topic_answer(env, describe, i, &answer) ||
        napi_set_element(env, *list, (uint32_t)i, answer) != napi_ok)
      return false;
  }
  return true;
}

static bool refusal(napi_env env, const kd_describe *describe, napi_value *error) {
  napi_value message;
  return napi_create_string_utf8(env, describe->text, NAPI_AUTO_LENGTH, &message) == napi_ok &&
         napi_create_error(env, NULL, message, error) == napi_ok &&
         kd_set_number(env, *error, "code", describe->code);
}

static void ask(napi_env env, void *data) {
  (void)env;
  kd_admin_describe_topics(&((js_describe *)data)->describe);
}

static void answer(napi_env env, napi_status status, void *data) {
  js_describe *call = data;
  napi_value result;
  if (status == napi_ok) {
    bool good = call->describe.code == 0 && answers(env, &call->describe, &result);
    if (good)
      napi_resolve_deferred(env, call->deferred, result);
    else if (refusal(env, &call->describe, &result))
      napi_reject_deferred(env, call->deferred, result);
  }
  napi_delete_async_work(env, call->work);
  free_describe(call);
}

static napi_value describe_topic_configs(napi_env env, napi_callback_info info) {
  napi_value promise, name;
  js_describe *call = calloc(1, sizeof *call);
  if (!call) return kd_throw(env, "KD_NO_MEMORY", "out of memory for a request to the brokers");
  if (!get_request(env, info, &call->describe)) {
    free_describe(call);
    return NULL;
  }
  if (napi_create_string_utf8(env, "describeTopicConfigs", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, ask, answer, call, &call->work) != napi_ok) {
    free_describe(call);
    return kd_throw_last(env);
  }
  if (napi_create_promise(env, &call->deferred, &promise) != napi_ok ||
      napi_queue_async_work(env, call->work) != napi_ok) {
    napi_delete_async_work(env, call->work);
    free_describe(call);
    return kd_throw_last(env);
  }
  return promise;
}

napi_status kd_define_admin(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {KD_METHOD("describeTopicConfigs", describe_topic_configs)};
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
}

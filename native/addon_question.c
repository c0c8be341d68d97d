/* ask: sends a question to the brokers from a thread of libuv's pool, because the answer may take seconds. */
#include <stdlib.h>
#include <string.h>

#include "addon.h"
#include "admin.h"
#include "question.h"

typedef struct {
  kd_question question;
  napi_deferred deferred;
  napi_async_work work;
} js_question;

static void free_question(js_question *call) {
  kd_question_clear(&call->question);
  free(call);
}

/* A copy of a text without a NUL inside; NULL: an exception is pending. */
static char *get_text(napi_env env, napi_value value) {
  size_t bytes = 0;
  char *text = NULL;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &bytes) == napi_ok &&
      bytes < KD_QUESTION_TEXT_BYTES_MAX)
    text = malloc(bytes + 1);
  if (text && napi_get_value_string_utf8(env, value, text, bytes + 1, NULL) == napi_ok &&
      strlen(text) == bytes)
    return text;
  free(text);
  kd_throw_type(env, "a question's words must be texts that are not too long and hold no NUL");
  return NULL;
}

/* On failure the question owns whatever was copied before. */
static bool get_texts(napi_env env, napi_value list, kd_question *question) {
  uint32_t length;
  napi_value item;
  if (napi_get_array_length(env, list, &length) != napi_ok || length > KD_QUESTION_TEXTS_MAX) {
    kd_throw_range(env, "a question's words must be a list, not too long");
    return false;
  }
  if (!(question->texts = calloc(length + 1, sizeof *question->texts))) {
    kd_throw(env, "KD_NO_MEMORY", "out of memory for a request to the brokers");
    return false;
  }
  for (uint32_t i = 0; i < length; i++) {
    if (napi_get_element(env, list, i, &item) != napi_ok || !(question->texts[i] = get_text(env, item)))
      return false;
    question->text_count = i + 1;
  }
  return true;
}

static bool get_question(napi_env env, napi_callback_info info, kd_question *question) {
  napi_value argv[5], self;
  char name[64];
  int64_t flags, timeout_ms;
  if (!kd_arguments(env, info, 5, argv, &self) ||
      !kd_get_integer(env, argv[0], 0, 9e15, "handleId", &question->handle_id) ||
      !kd_get_text(env, argv[1], name, sizeof name, "question") ||
      !kd_get_integer(env, argv[2], 0, 7, "flags", &flags) || !get_texts(env, argv[3], question) ||
      !kd_get_integer(env, argv[4], 1, KD_ADMIN_TIMEOUT_MAX_MS, "timeoutMs", &timeout_ms)) {
    return false;
  }
  question->kind = kd_question_named(name);
  question->flags = (uint32_t)flags;
  question->timeout_ms = (uint32_t)timeout_ms;
  if (question->kind && (question->text_count > 0 || !question->kind->needs_texts)) return true;
  kd_throw_range(env, question->kind ? "this question needs words" : "there is no such question");
  return false;
}

static bool to_js(napi_env env, const kd_value *value, napi_value *to);

static bool list_to_js(napi_env env, const kd_value *value, napi_value *to) {
  uint32_t index = 0;
  if (napi_create_array(env, to) != napi_ok) return false;
  for (const kd_value *child = value->first; child; child = child->next) {
    napi_handle_scope scope;
    napi_value item;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
    bool good = to_js(env, child, &item) && napi_set_element(env, *to, index++, item) == napi_ok;
    napi_close_handle_scope(env, scope);
    if (!good) return false;
  }
  return true;
}

static bool object_to_js(napi_env env, const kd_value *value, napi_value *to) {
  napi_value item;
  if (napi_create_object(env, to) != napi_ok) return false;
  for (const kd_value *child = value->first; child; child = child->next) {
    if (!to_js(env, child, &item) || !kd_set(env, *to, child->name, item)) return false;
  }
  return true;
}

static bool to_js(napi_env env, const kd_value *value, napi_value *to) {
  switch (value->kind) {
  case KD_VALUE_FLAG: return napi_get_boolean(env, value->number != 0, to) == napi_ok;
  case KD_VALUE_NUMBER: return napi_create_double(env, value->number, to) == napi_ok;
  case KD_VALUE_TEXT: return napi_create_string_utf8(env, value->text, NAPI_AUTO_LENGTH, to) == napi_ok;
  case KD_VALUE_LIST: return list_to_js(env, value, to);
  case KD_VALUE_OBJECT: return object_to_js(env, value, to);
  default: return napi_get_null(env, to) == napi_ok;
  }
}

static bool refusal(napi_env env, const kd_question *question, napi_value *error) {
  napi_value message;
  return napi_create_string_utf8(env, question->error, NAPI_AUTO_LENGTH, &message) == napi_ok &&
         napi_create_error(env, NULL, message, error) == napi_ok &&
         kd_set_number(env, *error, "code", question->code);
}

static void ask(napi_env env, void *data) {
  (void)env;
  kd_question_ask(&((js_question *)data)->question);
}

static void answer(napi_env env, napi_status status, void *data) {
  js_question *call = data;
  napi_value result;
  if (status == napi_ok) {
    bool good =
        call->question.code == 0 && call->question.answer && to_js(env, call->question.answer, &result);
    if (good)
      napi_resolve_deferred(env, call->deferred, result);
    else if (refusal(env, &call->question, &result))
      napi_reject_deferred(env, call->deferred, result);
  }
  napi_delete_async_work(env, call->work);
  free_question(call);
}

static napi_value ask_brokers(napi_env env, napi_callback_info info) {
  napi_value promise, name;
  js_question *call = calloc(1, sizeof *call);
  if (!call) return kd_throw(env, "KD_NO_MEMORY", "out of memory for a request to the brokers");
  if (!get_question(env, info, &call->question)) {
    free_question(call);
    return NULL;
  }
  if (napi_create_string_utf8(env, "askBrokers", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, ask, answer, call, &call->work) != napi_ok) {
    free_question(call);
    return kd_throw_last(env);
  }
  if (napi_create_promise(env, &call->deferred, &promise) != napi_ok ||
      napi_queue_async_work(env, call->work) != napi_ok) {
    napi_delete_async_work(env, call->work);
    free_question(call);
    return kd_throw_last(env);
  }
  return promise;
}

napi_status kd_define_question(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {KD_METHOD("askBrokers", ask_brokers)};
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
}

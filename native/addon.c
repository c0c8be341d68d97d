/* The addon's entry; src/kafka/native.ts describes its API. It may be loaded any number of times in a
 * process (worker threads): its only process-wide state is the registry of handles, which has its own
 * lock. */
#define _GNU_SOURCE
#include "addon.h"

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "handles.h"
#include "live.h"
#include "mock.h"
#include "writer.h"

#define PROPERTIES_MAX 1000u
#define PROPERTY_BYTES_MAX 1048576u
#define TOKEN_BYTES_MAX 65536u
#define TOKEN_LIFETIME_MS (INT64_MAX / 100000)

static napi_value new_handle_id(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  KD_TRY(env, napi_create_double(env, (double)kd_handle_new_id(), &result));
  return result;
}

/* The live handle that the first argument names. NULL: it is gone, or an exception is pending (`*failed`). */
static kd_handle *acquire(napi_env env, napi_callback_info info, bool *failed) {
  napi_value argv[1], self;
  int64_t id;
  *failed =
      !kd_arguments(env, info, 1, argv, &self) || !kd_get_integer(env, argv[0], 0, 9e15, "handleId", &id);
  return *failed ? NULL : kd_handle_acquire(id);
}

static napi_value fatal_error(napi_env env, napi_callback_info info) {
  bool failed;
  char text[512];
  rd_kafka_resp_err_t code = 0;
  napi_value result, message;
  kd_handle *handle = acquire(env, info, &failed);
  if (failed) return NULL;
  if (handle) {
    code = rd_kafka_fatal_error(kd_handle_client(handle), text, sizeof text);
    kd_handle_release(handle);
  }
  if (!code) {
    KD_TRY(env, napi_get_null(env, &result));
    return result;
  }
  KD_TRY(env, napi_create_object(env, &result));
  KD_TRY(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message));
  return kd_set_number(env, result, "code", code) && kd_set(env, result, "text", message)
             ? result
             : kd_throw_last(env);
}

/* node-rdkafka's own call for this takes a lock that its queries hold until they are answered, so the main
 * thread would block for as long. The lifetime is infinite, as there: shortly before the end librdkafka
 * would ask the application for a new token, and nothing would answer. */
static napi_value set_oauth_bearer_token(napi_env env, napi_callback_info info) {
  napi_value argv[2], self, result;
  int64_t id;
  char error[256] = "";
  if (!kd_arguments(env, info, 2, argv, &self) || !kd_get_integer(env, argv[0], 0, 9e15, "handleId", &id))
    return NULL;
  char *token = malloc(TOKEN_BYTES_MAX);
  if (!token) return kd_throw(env, "KD_NO_MEMORY", "no memory for a token");
  if (!kd_get_text(env, argv[1], token, TOKEN_BYTES_MAX, "token")) {
    free(token);
    return NULL;
  }
  kd_handle *handle = kd_handle_acquire(id);
  if (handle) {
    rd_kafka_oauthbearer_set_token(kd_handle_client(handle), token, TOKEN_LIFETIME_MS, "", NULL, 0, error,
                                   sizeof error);
    kd_handle_release(handle);
  }
  free(token);
  if (error[0]) return kd_throw(env, "KD_TOKEN", error);
  KD_TRY(env, napi_get_boolean(env, handle != NULL, &result));
  return result;
}

static napi_value assignment_lost(napi_env env, napi_callback_info info) {
  bool failed, lost = false;
  napi_value result;
  kd_handle *handle = acquire(env, info, &failed);
  if (failed) return NULL;
  if (handle) {
    lost = kd_handle_is_consumer(handle) && rd_kafka_assignment_lost(kd_handle_client(handle));
    kd_handle_release(handle);
  }
  KD_TRY(env, napi_get_boolean(env, lost, &result));
  return result;
}

static napi_value out_queue_length(napi_env env, napi_callback_info info) {
  bool failed;
  int length = 0;
  napi_value result;
  kd_handle *handle = acquire(env, info, &failed);
  if (failed) return NULL;
  if (handle) {
    length = rd_kafka_outq_len(kd_handle_client(handle));
    kd_handle_release(handle);
  }
  KD_TRY(env, napi_create_int32(env, length, &result));
  return result;
}

static napi_value serve_log(napi_env env, napi_callback_info info) {
  bool failed;
  napi_value result;
  kd_handle *handle = acquire(env, info, &failed);
  if (failed) return NULL;
  if (handle) {
    kd_handle_serve_log(handle);
    kd_handle_release(handle);
  }
  KD_TRY(env, napi_get_boolean(env, handle != NULL, &result));
  return result;
}

static napi_value error_name(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, result, name, text;
  int64_t code;
  if (!kd_arguments(env, info, 1, argv, &self) ||
      !kd_get_integer(env, argv[0], INT32_MIN, INT32_MAX, "code", &code))
    return NULL;
  const char *name_text = rd_kafka_err2name((rd_kafka_resp_err_t)code);
  const char *long_text = rd_kafka_err2str((rd_kafka_resp_err_t)code);
  if (code == KD_CODE_BAD_ROW) {
    name_text = "BAD_ROW";
    long_text = "Local: an output row does not fit its block";
  } else if (code == KD_CODE_BAD_BATCH) {
    name_text = "BAD_BATCH";
    long_text = "Local: the header of a packed batch does not fit its block";
  } else if (code == KD_CODE_TOO_LARGE) {
    name_text = "MSG_SIZE_TOO_LARGE";
    long_text = "Local: the record alone is larger than its topic takes";
  }
  KD_TRY(env, napi_create_object(env, &result));
  KD_TRY(env, napi_create_string_utf8(env, name_text, NAPI_AUTO_LENGTH, &name));
  KD_TRY(env, napi_create_string_utf8(env, long_text, NAPI_AUTO_LENGTH, &text));
  return kd_set(env, result, "name", name) && kd_set(env, result, "text", text) ? result : kd_throw_last(env);
}

static napi_value live_counts(napi_env env, napi_callback_info info) {
  (void)info;
  static const char *const NAMES[] = {"handles", "readers", "writers", "tables", "heldMessages"};
  napi_value result;
  KD_TRY(env, napi_create_object(env, &result));
  for (int kind = 0; kind < KD_LIVE_KINDS; kind++) {
    if (!kd_set_number(env, result, NAMES[kind], (double)kd_live_count((kd_live_kind)kind)))
      return kd_throw_last(env);
  }
  return result;
}

/* A copy of a text value, or NULL with an exception pending. */
static char *copy_text(napi_env env, napi_value value) {
  size_t length;
  char *copy = NULL;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) == napi_ok && length < PROPERTY_BYTES_MAX)
    copy = malloc(length + 1);
  if (!copy || napi_get_value_string_utf8(env, value, copy, length + 1, NULL) != napi_ok) {
    free(copy);
    kd_throw_type(env, "properties must be pairs of texts");
    return NULL;
  }
  return copy;
}

/*
 * Reads [[name, value], …]; returns how many were read: fewer than `count` means that an exception is
 * pending.
 */
static uint32_t read_properties(napi_env env, napi_value list, kd_property *to, uint32_t count) {
  napi_value pair, item;
  for (uint32_t i = 0; i < count; i++) {
    if (napi_get_element(env, list, i, &pair) != napi_ok ||
        napi_get_element(env, pair, 0, &item) != napi_ok || !(to[i].name = copy_text(env, item)))
      return i;
    if (napi_get_element(env, pair, 1, &item) != napi_ok || !(to[i].value = copy_text(env, item))) {
      free((void *)to[i].name);
      return i;
    }
  }
  return count;
}

static napi_value check_configuration(napi_env env, napi_callback_info info) {
  napi_value argv[2], self, result;
  char kind[16], error[1024] = "";
  uint32_t count;
  if (!kd_arguments(env, info, 2, argv, &self) || !kd_get_text(env, argv[0], kind, sizeof kind, "kind"))
    return NULL;
  KD_TRY(env, napi_get_array_length(env, argv[1], &count));
  if (count > PROPERTIES_MAX) return kd_throw_range(env, "too many properties");
  kd_property *properties = calloc(count + 1, sizeof *properties);
  if (!properties) return kd_throw(env, "KD_NO_MEMORY", "no memory for properties");
  uint32_t read = read_properties(env, argv[1], properties, count);
  bool good = read == count && kd_check_configuration(kind[0] == 'c', properties, count, error, sizeof error);
  for (uint32_t i = 0; i < read; i++) {
    free((void *)properties[i].name);
    free((void *)properties[i].value);
  }
  free(properties);
  if (read < count) return kd_throw_last(env);
  KD_TRY(env,
         good ? napi_get_null(env, &result) : napi_create_string_utf8(env, error, NAPI_AUTO_LENGTH, &result));
  return result;
}

/* _exit runs no handlers: those of Node and of librdkafka's clients wait for a disconnect that may never
 * finish. */
static napi_value exit_now(napi_env env, napi_callback_info info) {
  napi_value argv[1], self;
  int32_t code;
  if (!kd_arguments(env, info, 1, argv, &self)) return NULL;
  if (napi_get_value_int32(env, argv[0], &code) != napi_ok || code < 0 || code > 255)
    return kd_throw_range(env, "an exit code is a number from 0 to 255");
  _exit(code);
}

static bool set_text(napi_env env, napi_value exports, const char *name, const char *text) {
  napi_value value;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok &&
         kd_set(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  char message[256];
  Dl_info library;
  if (rd_kafka_version() >> 16 != RD_KAFKA_VERSION >> 16) {
    snprintf(message, sizeof message,
             "built for librdkafka %s.x, but version %s is in the process: run `npm run native`, and load "
             "node-rdkafka first",
             KD_BUILT_FOR, rd_kafka_version_str());
    return kd_throw(env, "KD_LIBRDKAFKA_VERSION", message);
  }
  if (!dladdr((void *)conf_init, &library))
    return kd_throw(env, "KD_PLUGIN_PATH", "the addon can't find its own file");
  const napi_property_descriptor functions[] = {
      KD_METHOD("newHandleId", new_handle_id),
      KD_METHOD("fatalError", fatal_error),
      KD_METHOD("assignmentLost", assignment_lost),
      KD_METHOD("outQueueLength", out_queue_length),
      KD_METHOD("errorName", error_name),
      KD_METHOD("liveCounts", live_counts),
      KD_METHOD("checkConfiguration", check_configuration),
      KD_METHOD("setOauthBearerToken", set_oauth_bearer_token),
      KD_METHOD("exitNow", exit_now),
      KD_METHOD("serveLog", serve_log),
  };
  KD_TRY(env, napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions));
  KD_TRY(env, kd_define_table(env, exports));
  KD_TRY(env, kd_define_mock(env, exports));
  KD_TRY(env, kd_define_reader(env, exports));
  KD_TRY(env, kd_define_writer(env, exports));
  KD_TRY(env, kd_define_offsets(env, exports));
  KD_TRY(env, kd_define_admin(env, exports));
  KD_TRY(env, kd_define_question(env, exports));
  KD_TRY(env, kd_define_receipt(env, exports));
  KD_TRY(env, kd_define_notify(env, exports));
  bool complete = set_text(env, exports, "librdkafkaVersion", rd_kafka_version_str()) &&
                  set_text(env, exports, "pluginPath", library.dli_fname);
  return complete ? exports : kd_throw_last(env);
}

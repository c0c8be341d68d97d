/* The methods of the Writer class. */
#include <stdlib.h>
#include <string.h>

#include "addon_writer.h"

static kd_js_writer *writer_of(napi_env env, napi_callback_info info, size_t argc, napi_value *argv,
                               napi_value *self) {
  return kd_arguments(env, info, argc, argv, self) ? kd_unwrap(env, *self, &kd_writer_tag) : NULL;
}

static napi_value stopped(napi_env env) {
  return kd_throw(env, "KD_STOPPED", "the writer is stopped");
}

/* The core for a call; NULL: an exception is pending. */
static kd_writer *core_of(napi_env env, kd_js_writer *holder) {
  if (holder && !holder->writer) stopped(env);
  return holder ? holder->writer : NULL;
}

static napi_value writer_start(napi_env env, napi_callback_info info) {
  napi_value self;
  kd_js_writer *holder = writer_of(env, info, 0, NULL, &self);
  kd_writer *writer = core_of(env, holder);
  if (!writer) return NULL;
  if (!holder->self) KD_TRY(env, napi_create_reference(env, self, 1, &holder->self));
  return kd_writer_start(writer) ? NULL : stopped(env);
}

static bool get_policy(napi_env env, napi_value value, kd_policy *policy) {
  static const char *const NAMES[] = {"auto", "same", "key", "sticky"};
  char name[16];
  if (!kd_get_text(env, value, name, sizeof name, "policy")) return false;
  for (int i = 0; i < 4; i++) {
    if (strcmp(name, NAMES[i]) != 0) continue;
    *policy = (kd_policy)i;
    return true;
  }
  kd_throw_range(env, "policy must be auto, same, key or sticky");
  return false;
}

static napi_value writer_topic(napi_env env, napi_callback_info info) {
  napi_value argv[3], self, result;
  char name[KD_NAME_BYTES_MAX];
  int64_t count;
  kd_policy policy;
  kd_writer *writer = core_of(env, writer_of(env, info, 3, argv, &self));
  if (!writer || !kd_get_text(env, argv[0], name, sizeof name, "name") ||
      !kd_get_integer(env, argv[1], 1, INT32_MAX, "partitionCount", &count) ||
      !get_policy(env, argv[2], &policy)) {
    return NULL;
  }
  int32_t number = kd_writer_topic(writer, name, (int32_t)count, policy);
  if (number < 0)
    return kd_throw(
        env, "KD_TOPIC",
        "librdkafka refuses this topic name, there are too many topics, or the writer is stopped");
  KD_TRY(env, napi_create_int32(env, number, &result));
  return result;
}

static napi_value writer_set_partition_count(napi_env env, napi_callback_info info) {
  napi_value argv[2], self;
  int64_t topic, count;
  kd_writer *writer = core_of(env, writer_of(env, info, 2, argv, &self));
  if (!writer || !kd_get_integer(env, argv[0], 0, KD_WRITER_TOPICS_MAX, "topicNumber", &topic) ||
      !kd_get_integer(env, argv[1], 1, INT32_MAX, "partitionCount", &count)) {
    return NULL;
  }
  return kd_writer_set_partition_count(writer, (uint32_t)topic, (int32_t)count)
             ? NULL
             : kd_throw_range(env, "no such topic number");
}

static napi_value writer_written(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, result;
  int64_t topic;
  uint64_t rows;
  kd_writer *writer = core_of(env, writer_of(env, info, 1, argv, &self));
  if (!writer || !kd_get_integer(env, argv[0], 0, KD_WRITER_TOPICS_MAX, "topicNumber", &topic)) return NULL;
  if (!kd_writer_read_written(writer, (uint32_t)topic, &rows))
    return kd_throw_range(env, "no such topic number");
  KD_TRY(env, napi_create_double(env, (double)rows, &result));
  return result;
}

static napi_value writer_set_batch_limit(napi_env env, napi_callback_info info) {
  napi_value argv[2], self;
  int64_t topic, bytes_max;
  kd_writer *writer = core_of(env, writer_of(env, info, 2, argv, &self));
  if (!writer || !kd_get_integer(env, argv[0], 0, KD_WRITER_TOPICS_MAX, "topicNumber", &topic) ||
      !kd_get_integer(env, argv[1], 0, INT32_MAX, "bytesMax", &bytes_max)) {
    return NULL;
  }
  return kd_writer_set_batch_limit(writer, (uint32_t)topic, (uint64_t)bytes_max)
             ? NULL
             : kd_throw_range(env, "no such topic number");
}

static napi_value writer_write(napi_env env, napi_callback_info info) {
  napi_value argv[4], self;
  int64_t batch, number;
  uint8_t *input, *output;
  kd_part part;
  kd_js_writer *holder = writer_of(env, info, 4, argv, &self);
  kd_writer *writer = core_of(env, holder);
  if (!writer || !kd_get_integer(env, argv[0], 0, 9007199254740991.0, "batchId", &batch) ||
      !kd_get_integer(env, argv[1], 0, INT32_MAX, "part", &number) ||
      !kd_get_bytes(env, argv[2], &input, &part.input_length) ||
      !kd_get_bytes(env, argv[3], &output, &part.output_length)) {
    return NULL;
  }
  kd_js_part *kept = calloc(1, sizeof *kept);
  if (!kept) return kd_throw(env, "KD_NO_MEMORY", "no memory for a part");
  kept->batch_id = (double)batch;
  kept->part = (double)number;
  kept->next = holder->parts;
  if (kept->next) kept->next->previous = kept;
  holder->parts = kept;
  part.token = kept;
  part.input = input;
  part.output = output;
  napi_status status = napi_create_reference(env, argv[2], 1, &kept->input);
  if (status == napi_ok) status = napi_create_reference(env, argv[3], 1, &kept->output);
  kd_write_result result = status == napi_ok ? kd_writer_write(writer, &part) : KD_WRITE_FULL;
  if (result == KD_WRITE_OK) return NULL;
  kd_js_writer_let_go_of_part(holder, kept);
  if (result == KD_WRITE_STOPPED) return stopped(env);
  return kd_throw_range(env, "more parts than partsMax wait or are in flight");
}

static napi_value writer_purge(napi_env env, napi_callback_info info) {
  napi_value self;
  kd_js_writer *holder = writer_of(env, info, 0, NULL, &self);
  if (holder && holder->writer) kd_writer_purge(holder->writer);
  return NULL;
}

static napi_value writer_stats(napi_env env, napi_callback_info info) {
  napi_value self, result;
  kd_js_writer *holder = writer_of(env, info, 0, NULL, &self);
  if (!holder) return NULL;
  kd_writer_stats stats = holder->writer ? kd_writer_read_stats(holder->writer) : holder->last_stats;
  KD_TRY(env, napi_create_object(env, &result));
  bool complete = kd_set_number(env, result, "produced", (double)stats.produced) &&
                  kd_set_number(env, result, "acknowledged", (double)stats.acknowledged) &&
                  kd_set_number(env, result, "failed", (double)stats.failed) &&
                  kd_set_number(env, result, "stale", (double)stats.stale) &&
                  kd_set_number(env, result, "bytes", (double)stats.bytes) &&
                  kd_set_number(env, result, "queueFullWaits", (double)stats.queue_full_waits);
  return complete ? result : kd_throw_last(env);
}

static napi_value writer_stop(napi_env env, napi_callback_info info) {
  napi_value self;
  kd_js_writer *holder = writer_of(env, info, 0, NULL, &self);
  if (!holder || !holder->writer) return NULL;
  if (!holder->self) KD_TRY(env, napi_create_reference(env, self, 1, &holder->self));
  kd_writer_stop(holder->writer);
  return NULL;
}

napi_status kd_define_writer(napi_env env, napi_value exports) {
  napi_value constructor;
  const napi_property_descriptor methods[] = {
      KD_METHOD("start", writer_start),
      KD_METHOD("topic", writer_topic),
      KD_METHOD("setPartitionCount", writer_set_partition_count),
      KD_METHOD("setBatchLimit", writer_set_batch_limit),
      KD_METHOD("written", writer_written),
      KD_METHOD("write", writer_write),
      KD_METHOD("purge", writer_purge),
      KD_METHOD("stats", writer_stats),
      KD_METHOD("stop", writer_stop),
  };
  napi_status status = napi_define_class(env, "Writer", NAPI_AUTO_LENGTH, kd_js_writer_new, NULL,
                                         sizeof methods / sizeof *methods, methods, &constructor);
  return status == napi_ok ? napi_set_named_property(env, exports, "Writer", constructor) : status;
}

/* The Writer class, structured as addon_reader.c, for parts. */
#include <stdlib.h>
#include <string.h>

#include "addon.h"
#include "writer.h"

static const napi_type_tag writer_tag = {0x6b642d7772697465, 0x8d1f0b6a53c94e04};

/* The token that JavaScript gets back with a part, and references that keep its blocks alive until then. */
typedef struct js_part {
  double batch_id, part;
  napi_ref input, output;
  struct js_part *previous, *next;
} js_part;

typedef struct {
  napi_env env;
  int owners;
  /* NULL once 'stopped' was delivered. */
  kd_writer *writer;
  kd_writer_stats last_stats;
  napi_threadsafe_function events;
  napi_ref self;
  js_part *parts;
} js_writer;

typedef struct {
  kd_writer_event event;
  char text[];
} event_message;

/* Runs on the writer's or librdkafka's threads. The failures stay in the slot until slot_done. */
static void forward_event(void *opaque, const kd_writer_event *event) {
  js_writer *holder = opaque;
  size_t length = event->text ? strlen(event->text) : 0;
  event_message *message = malloc(sizeof *message + length + 1);
  if (!message) abort();
  message->event = *event;
  memcpy(message->text, event->text ? event->text : "", length + 1);
  if (napi_call_threadsafe_function(holder->events, message, napi_tsfn_nonblocking) != napi_ok) free(message);
}

static void let_go_of_part(js_writer *holder, js_part *part) {
  if (part->previous)
    part->previous->next = part->next;
  else
    holder->parts = part->next;
  if (part->next) part->next->previous = part->previous;
  if (part->input) napi_delete_reference(holder->env, part->input);
  if (part->output) napi_delete_reference(holder->env, part->output);
  free(part);
}

static void let_go_of_core(void *native) {
  js_writer *holder = native;
  if (!holder->writer) return;
  holder->last_stats = kd_writer_read_stats(holder->writer);
  kd_writer_free(holder->writer);
  holder->writer = NULL;
}

static void after_stopped(napi_env env, js_writer *holder) {
  let_go_of_core(holder);
  while (holder->parts) let_go_of_part(holder, holder->parts);
  napi_release_threadsafe_function(holder->events, napi_tsfn_release);
  if (holder->self) napi_delete_reference(env, holder->self);
  holder->self = NULL;
}

static napi_value failures_array(napi_env env, const kd_writer_event *event) {
  napi_value buffer, array;
  void *data;
  size_t numbers = (size_t)event->failure_count * KD_FAILURE_FIELDS;
  size_t bytes = numbers * sizeof(int32_t);
  if (event->failure_count == 0 || napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_int32_array, numbers, buffer, 0, &array) != napi_ok) {
    napi_get_null(env, &array);
    return array;
  }
  memcpy(data, event->failures, bytes);
  return array;
}

static napi_value texts_array(napi_env env, const kd_writer_event *event) {
  napi_value array, text;
  if (event->text_count == 0 || napi_create_array_with_length(env, event->text_count, &array) != napi_ok) {
    napi_get_null(env, &array);
    return array;
  }
  for (uint32_t i = 0; i < event->text_count; i++) {
    if (napi_create_string_utf8(env, event->texts[i], NAPI_AUTO_LENGTH, &text) == napi_ok)
      napi_set_element(env, array, i, text);
  }
  return array;
}

static void deliver_event(napi_env env, napi_value listener, void *context, void *data) {
  static const char *const KINDS[] = {"settled", "fatal", "stopped"};
  js_writer *holder = context;
  event_message *message = data;
  const kd_writer_event *event = &message->event;
  if (env && holder->writer) {
    napi_handle_scope scope;
    napi_value argv[8];
    double a = event->code, b = 0, c = 0;
    napi_open_handle_scope(env, &scope);
    napi_get_null(env, &argv[5]);
    argv[7] = argv[5];
    if (event->kind == KD_WRITER_SETTLED) {
      js_part *part = event->token;
      a = part->batch_id;
      b = part->part;
      c = event->acknowledged;
      argv[5] = failures_array(env, event);
      argv[7] = texts_array(env, event);
      kd_writer_slot_done(holder->writer, event->slot);
      let_go_of_part(holder, part);
    }
    if (event->kind == KD_WRITER_STOPPED) after_stopped(env, holder);
    napi_create_string_utf8(env, KINDS[event->kind], NAPI_AUTO_LENGTH, &argv[0]);
    napi_create_double(env, a, &argv[1]);
    napi_create_double(env, b, &argv[2]);
    napi_create_double(env, c, &argv[3]);
    napi_create_double(env, event->stale, &argv[4]);
    if (message->text[0])
      napi_create_string_utf8(env, message->text, NAPI_AUTO_LENGTH, &argv[6]);
    else
      napi_get_null(env, &argv[6]);
    kd_call_listener(env, listener, 8, argv);
    napi_close_handle_scope(env, scope);
  }
  free(message);
}

static void let_go_of_holder(js_writer *holder) {
  if (--holder->owners == 0) free(holder);
}

static void writer_finalize(napi_env env, void *native, void *hint) {
  (void)hint;
  js_writer *holder = native;
  napi_remove_env_cleanup_hook(env, let_go_of_core, holder);
  if (holder->writer) {
    let_go_of_core(holder);
    napi_release_threadsafe_function(holder->events, napi_tsfn_abort);
  }
  while (holder->parts) let_go_of_part(holder, holder->parts);
  let_go_of_holder(holder);
}

static void events_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  let_go_of_holder(data);
}

static napi_value writer_new(napi_env env, napi_callback_info info) {
  napi_value argv[4], self, name;
  int64_t id, parts, interval;
  if (!kd_arguments(env, info, 4, argv, &self) || !kd_get_integer(env, argv[0], 1, 9e15, "handleId", &id))
    return NULL;
  kd_table *table = kd_unwrap_table(env, argv[1]);
  if (!table || !kd_get_option(env, argv[2], "partsMax", KD_WRITER_PARTS_MAX, &parts) ||
      !kd_get_option(env, argv[2], "pollIntervalMs", 60000, &interval)) {
    return NULL;
  }
  if (parts < 1 || interval < 1) return kd_throw_range(env, "partsMax and pollIntervalMs must be 1 or more");
  js_writer *holder = calloc(1, sizeof *holder);
  if (!holder) return kd_throw(env, "KD_NO_MEMORY", "no memory for the writer");
  holder->env = env;
  holder->owners = 1;
  napi_create_string_utf8(env, "kd.Writer", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, argv[3], NULL, name, 0, 1, holder, events_finalize, holder,
                                      deliver_event, &holder->events) != napi_ok) {
    free(holder);
    return kd_throw_type(env, "onEvent must be a function");
  }
  napi_unref_threadsafe_function(env, holder->events);
  kd_writer_options options = {.parts_max = (uint32_t)parts,
                               .poll_interval_ms = (uint32_t)interval,
                               .listener = forward_event,
                               .opaque = holder};
  holder->writer = kd_writer_new(id, table, &options);
  if (!holder->writer || !kd_wrap(env, self, holder, writer_finalize, &writer_tag)) {
    let_go_of_core(holder);
    napi_release_threadsafe_function(holder->events, napi_tsfn_abort);
    return kd_throw(env, "KD_NO_HANDLE",
                    "there is no connected producer with this handle id, or it has a writer already");
  }
  holder->owners++;
  napi_add_env_cleanup_hook(env, let_go_of_core, holder);
  return self;
}

static js_writer *writer_of(napi_env env, napi_callback_info info, size_t argc, napi_value *argv,
                            napi_value *self) {
  return kd_arguments(env, info, argc, argv, self) ? kd_unwrap(env, *self, &writer_tag) : NULL;
}

static napi_value stopped(napi_env env) {
  return kd_throw(env, "KD_STOPPED", "the writer is stopped");
}

/* The core for a call; NULL: an exception is pending. */
static kd_writer *core_of(napi_env env, js_writer *holder) {
  if (holder && !holder->writer) stopped(env);
  return holder ? holder->writer : NULL;
}

static napi_value writer_start(napi_env env, napi_callback_info info) {
  napi_value self;
  js_writer *holder = writer_of(env, info, 0, NULL, &self);
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
  js_writer *holder = writer_of(env, info, 4, argv, &self);
  kd_writer *writer = core_of(env, holder);
  if (!writer || !kd_get_integer(env, argv[0], 0, 9007199254740991.0, "batchId", &batch) ||
      !kd_get_integer(env, argv[1], 0, INT32_MAX, "part", &number) ||
      !kd_get_bytes(env, argv[2], &input, &part.input_length) ||
      !kd_get_bytes(env, argv[3], &output, &part.output_length)) {
    return NULL;
  }
  js_part *kept = calloc(1, sizeof *kept);
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
  let_go_of_part(holder, kept);
  if (result == KD_WRITE_STOPPED) return stopped(env);
  return kd_throw_range(env, "more parts than partsMax wait or are in flight");
}

static napi_value writer_purge(napi_env env, napi_callback_info info) {
  napi_value self;
  js_writer *holder = writer_of(env, info, 0, NULL, &self);
  if (holder && holder->writer) kd_writer_purge(holder->writer);
  return NULL;
}

static napi_value writer_stats(napi_env env, napi_callback_info info) {
  napi_value self, result;
  js_writer *holder = writer_of(env, info, 0, NULL, &self);
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
  js_writer *holder = writer_of(env, info, 0, NULL, &self);
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
  napi_status status = napi_define_class(env, "Writer", NAPI_AUTO_LENGTH, writer_new, NULL,
                                         sizeof methods / sizeof *methods, methods, &constructor);
  return status == napi_ok ? napi_set_named_property(env, exports, "Writer", constructor) : status;
}

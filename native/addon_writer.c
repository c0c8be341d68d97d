/* A Writer object, structured as addon_reader.c: its life and its events. */
#include <stdlib.h>
#include <string.h>

#include "addon_writer.h"

const napi_type_tag kd_writer_tag = {0x6b642d7772697465, 0x8d1f0b6a53c94e04};

typedef struct {
  kd_writer_event event;
  char text[];
} event_message;

/* Runs on the writer's or librdkafka's threads. The failures stay in the slot until slot_done. */
static void forward_event(void *opaque, const kd_writer_event *event) {
  kd_js_writer *holder = opaque;
  size_t length = event->text ? strlen(event->text) : 0;
  event_message *message = malloc(sizeof *message + length + 1);
  if (!message) abort();
  message->event = *event;
  memcpy(message->text, event->text ? event->text : "", length + 1);
  if (napi_call_threadsafe_function(holder->events, message, napi_tsfn_nonblocking) != napi_ok) free(message);
}

void kd_js_writer_let_go_of_part(kd_js_writer *holder, kd_js_part *part) {
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
  kd_js_writer *holder = native;
  if (!holder->writer) return;
  holder->last_stats = kd_writer_read_stats(holder->writer);
  /* Rather than being read after their release, these blocks are kept until the process ends. */
  if (!kd_writer_free(holder->writer)) holder->parts = NULL;
  holder->writer = NULL;
}

static void after_stopped(napi_env env, kd_js_writer *holder) {
  let_go_of_core(holder);
  while (holder->parts) kd_js_writer_let_go_of_part(holder, holder->parts);
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

static napi_value notes_array(napi_env env, const kd_writer_event *event) {
  napi_value buffer, array;
  void *data;
  size_t bytes = event->notes_length;
  if (!event->notes || napi_create_arraybuffer(env, bytes, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint8_array, bytes, buffer, 0, &array) != napi_ok) {
    napi_get_null(env, &array);
    return array;
  }
  memcpy(data, event->notes, bytes);
  return array;
}

static void deliver_event(napi_env env, napi_value listener, void *context, void *data) {
  static const char *const KINDS[] = {"settled", "fatal", "stopped"};
  kd_js_writer *holder = context;
  event_message *message = data;
  const kd_writer_event *event = &message->event;
  if (env && holder->writer) {
    napi_handle_scope scope;
    napi_value argv[9];
    double a = event->code, b = 0, c = 0;
    napi_open_handle_scope(env, &scope);
    napi_get_null(env, &argv[5]);
    argv[7] = argv[8] = argv[5];
    if (event->kind == KD_WRITER_SETTLED) {
      kd_js_part *part = event->token;
      a = part->batch_id;
      b = part->part;
      c = event->acknowledged;
      argv[5] = failures_array(env, event);
      argv[7] = texts_array(env, event);
      argv[8] = notes_array(env, event);
      kd_writer_slot_done(holder->writer, event->slot);
      kd_js_writer_let_go_of_part(holder, part);
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
    kd_call_listener(env, listener, 9, argv);
    napi_close_handle_scope(env, scope);
  }
  free(message);
}

static void let_go_of_holder(kd_js_writer *holder) {
  if (--holder->owners == 0) free(holder);
}

static void writer_finalize(napi_env env, void *native, void *hint) {
  (void)hint;
  kd_js_writer *holder = native;
  napi_remove_env_cleanup_hook(env, let_go_of_core, holder);
  if (holder->writer) {
    let_go_of_core(holder);
    napi_release_threadsafe_function(holder->events, napi_tsfn_abort);
  }
  while (holder->parts) kd_js_writer_let_go_of_part(holder, holder->parts);
  let_go_of_holder(holder);
}

static void events_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  let_go_of_holder(data);
}

/* Off where the options do not name it. */
static bool get_flag(napi_env env, napi_value options, const char *name, bool *flag) {
  bool named = false;
  *flag = false;
  if (napi_has_named_property(env, options, name, &named) != napi_ok || !named) return true;
  return kd_get_flag(env, options, name, flag);
}

napi_value kd_js_writer_new(napi_env env, napi_callback_info info) {
  napi_value argv[4], self, name;
  int64_t id, parts, interval;
  bool receipts, source_headers;
  if (!kd_arguments(env, info, 4, argv, &self) || !kd_get_integer(env, argv[0], 1, 9e15, "handleId", &id))
    return NULL;
  kd_table *table = kd_unwrap_table(env, argv[1]);
  if (!table || !kd_get_option(env, argv[2], "partsMax", KD_WRITER_PARTS_MAX, &parts) ||
      !kd_get_option(env, argv[2], "pollIntervalMs", 60000, &interval) ||
      !get_flag(env, argv[2], "receipts", &receipts) ||
      !get_flag(env, argv[2], "sourceHeaders", &source_headers)) {
    return NULL;
  }
  if (parts < 1 || interval < 1) return kd_throw_range(env, "partsMax and pollIntervalMs must be 1 or more");
  kd_js_writer *holder = calloc(1, sizeof *holder);
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
                               .receipts = receipts,
                               .source_headers = source_headers,
                               .listener = forward_event,
                               .opaque = holder};
  holder->writer = kd_writer_new(id, table, &options);
  if (!holder->writer || !kd_wrap(env, self, holder, writer_finalize, &kd_writer_tag)) {
    let_go_of_core(holder);
    napi_release_threadsafe_function(holder->events, napi_tsfn_abort);
    return kd_throw(env, "KD_NO_HANDLE",
                    "there is no connected producer with this handle id, or it has a writer already");
  }
  holder->owners++;
  napi_add_env_cleanup_hook(env, let_go_of_core, holder);
  return self;
}

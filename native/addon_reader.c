/* A Reader object: its life, and its events, which cross to JavaScript through one threadsafe function that
 * does not keep the process alive. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "addon_reader.h"

/* Maximum number of `error` and `stray` events that wait for JavaScript; further ones are dropped. Batches
 * are limited by readyBatchesMax. */
#define WAITING_ERRORS_MAX 256

const napi_type_tag kd_reader_tag = {0x6b642d7265616400, 0x8d1f0b6a53c94e03};

typedef struct {
  kd_reader_event_kind kind;
  double a, b, c;
  char text[];
} event_message;

/* On the reader's threads. */
static void forward_event(void *opaque, const kd_reader_event *event) {
  kd_js_reader *holder = opaque;
  size_t length = event->text ? strlen(event->text) : 0;
  bool droppable = event->kind == KD_READER_ERROR || event->kind == KD_READER_STRAY;
  if (droppable && atomic_fetch_add(&holder->waiting_errors, 1) >= WAITING_ERRORS_MAX) {
    atomic_fetch_sub(&holder->waiting_errors, 1);
    return;
  }
  event_message *message = malloc(sizeof *message + length + 1);
  if (!message) abort();
  message->kind = event->kind;
  message->a = (double)event->a;
  message->b = (double)event->b;
  message->c = (double)event->c;
  memcpy(message->text, event->text ? event->text : "", length + 1);
  if (napi_call_threadsafe_function(holder->events, message, napi_tsfn_nonblocking) != napi_ok) free(message);
}

void kd_js_reader_let_go_of_block(kd_js_reader *holder, uint32_t id) {
  for (uint32_t i = 0; i < holder->kept_count; i++) {
    if (holder->kept[i].id != id) continue;
    napi_delete_reference(holder->env, holder->kept[i].array);
    holder->kept[i] = holder->kept[--holder->kept_count];
    return;
  }
}

static void let_go_of_core(void *native) {
  kd_js_reader *holder = native;
  if (!holder->reader) return;
  holder->last_stats = kd_reader_read_stats(holder->reader);
  holder->last_stats.held = 0;
  kd_reader_free(holder->reader);
  holder->reader = NULL;
}

static void after_stopped(napi_env env, kd_js_reader *holder) {
  let_go_of_core(holder);
  while (holder->kept_count > 0) kd_js_reader_let_go_of_block(holder, holder->kept[0].id);
  napi_release_threadsafe_function(holder->events, napi_tsfn_release);
  if (holder->self) napi_delete_reference(env, holder->self);
  holder->self = NULL;
}

static void deliver_event(napi_env env, napi_value listener, void *context, void *data) {
  static const char *const KINDS[] = {"batch", "oversize", "parked", "error", "stray", "stopped"};
  kd_js_reader *holder = context;
  event_message *message = data;
  /* env is NULL when the environment goes down: the teardown hook has freed the core by then. */
  if (env && holder->reader) {
    napi_handle_scope scope;
    napi_value argv[5];
    napi_open_handle_scope(env, &scope);
    if (message->kind == KD_READER_BATCH) kd_js_reader_let_go_of_block(holder, (uint32_t)message->a);
    if (message->kind == KD_READER_ERROR || message->kind == KD_READER_STRAY)
      atomic_fetch_sub(&holder->waiting_errors, 1);
    /* Release the core before JavaScript gets the event, so that liveCounts() is right in its callback. */
    if (message->kind == KD_READER_STOPPED) after_stopped(env, holder);
    napi_create_string_utf8(env, KINDS[message->kind], NAPI_AUTO_LENGTH, &argv[0]);
    napi_create_double(env, message->a, &argv[1]);
    napi_create_double(env, message->b, &argv[2]);
    napi_create_double(env, message->c, &argv[3]);
    if (message->text[0])
      napi_create_string_utf8(env, message->text, NAPI_AUTO_LENGTH, &argv[4]);
    else
      napi_get_null(env, &argv[4]);
    kd_call_listener(env, listener, 5, argv);
    if (message->kind == KD_READER_BATCH && holder->reader) kd_reader_taken(holder->reader);
    napi_close_handle_scope(env, scope);
  }
  free(message);
}

static void let_go_of_holder(kd_js_reader *holder) {
  if (--holder->owners > 0) return;
  free(holder->kept);
  free(holder);
}

static void reader_finalize(napi_env env, void *native, void *hint) {
  (void)hint;
  kd_js_reader *holder = native;
  napi_remove_env_cleanup_hook(env, let_go_of_core, holder);
  if (holder->reader) {
    /* Started never or stopped never, and then garbage-collected. */
    let_go_of_core(holder);
    napi_release_threadsafe_function(holder->events, napi_tsfn_abort);
  }
  while (holder->kept_count > 0) kd_js_reader_let_go_of_block(holder, holder->kept[0].id);
  let_go_of_holder(holder);
}

static void events_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  let_go_of_holder(data);
}

static bool read_options(napi_env env, napi_value options, kd_reader_options *to) {
  int64_t records, bytes, linger, interval, ready;
  if (!kd_get_option(env, options, "recordsMax", KD_READER_RECORDS_MAX, &records) ||
      !kd_get_option(env, options, "bytesMax", INT32_MAX, &bytes) ||
      !kd_get_option(env, options, "lingerMs", 3600000, &linger) ||
      !kd_get_option(env, options, "intervalMs", 3600000, &interval) ||
      !kd_get_option(env, options, "readyBatchesMax", 65536, &ready) ||
      !kd_get_flag(env, options, "cutPerPartition", &to->cut_per_partition)) {
    return false;
  }
  if (records < 1 || bytes < 1 || ready < 1) {
    kd_throw_range(env, "recordsMax, bytesMax and readyBatchesMax must be 1 or more");
    return false;
  }
  to->records_max = (uint32_t)records;
  to->bytes_max = (uint32_t)bytes;
  to->linger_ms = (uint32_t)linger;
  to->interval_ms = (uint32_t)interval;
  to->ready_batches_max = (uint32_t)ready;
  return true;
}

napi_value kd_js_reader_new(napi_env env, napi_callback_info info) {
  napi_value argv[4], self, name;
  int64_t id;
  kd_reader_options options = {.listener = forward_event};
  if (!kd_arguments(env, info, 4, argv, &self) || !kd_get_integer(env, argv[0], 1, 9e15, "handleId", &id))
    return NULL;
  kd_table *table = kd_unwrap_table(env, argv[1]);
  if (!table || !read_options(env, argv[2], &options)) return NULL;
  kd_js_reader *holder = calloc(1, sizeof *holder);
  if (!holder) return kd_throw(env, "KD_NO_MEMORY", "no memory for the reader");
  holder->env = env;
  holder->owners = 1;
  options.opaque = holder;
  napi_create_string_utf8(env, "kd.Reader", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, argv[3], NULL, name, 0, 1, holder, events_finalize, holder,
                                      deliver_event, &holder->events) != napi_ok) {
    free(holder);
    return kd_throw_type(env, "onEvent must be a function");
  }
  napi_unref_threadsafe_function(env, holder->events);
  holder->reader = kd_reader_new(id, table, &options);
  if (!holder->reader || !kd_wrap(env, self, holder, reader_finalize, &kd_reader_tag)) {
    let_go_of_core(holder);
    napi_release_threadsafe_function(holder->events, napi_tsfn_abort);
    return kd_throw(env, "KD_NO_HANDLE",
                    "there is no connected consumer with this handle id, or it has a reader already");
  }
  holder->owners++;
  napi_add_env_cleanup_hook(env, let_go_of_core, holder);
  return self;
}

/*
 * The Reader class: its events cross to JavaScript through one threadsafe function that does not keep the
 * process alive.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "addon.h"
#include "reader.h"

/* Errors and strays that may wait for JavaScript; further ones are dropped. Batches are limited by
 * readyBatchesMax. */
#define WAITING_ERRORS_MAX 256

static const napi_type_tag reader_tag = {0x6b642d7265616400, 0x8d1f0b6a53c94e03};

typedef struct {
  uint32_t id;
  napi_ref array;
} kept_block;

typedef struct {
  napi_env env;
  /* References from the JavaScript object and the threadsafe function; the last finalizer frees. Main
   * thread only. */
  int owners;
  /* NULL once 'stopped' was delivered. */
  kd_reader *reader;
  kd_reader_stats last_stats;
  napi_threadsafe_function events;
  /* Strong from start() to 'stopped': a running reader is not collected. */
  napi_ref self;
  _Atomic int waiting_errors;
  /* Keeps the memory of blocks alive that C uses. */
  kept_block *kept;
  uint32_t kept_count, kept_max;
} js_reader;

typedef struct {
  kd_reader_event_kind kind;
  double a, b, c;
  char text[];
} event_message;

/* On the reader's threads. */
static void forward_event(void *opaque, const kd_reader_event *event) {
  js_reader *holder = opaque;
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

static void let_go_of_block(js_reader *holder, uint32_t id) {
  for (uint32_t i = 0; i < holder->kept_count; i++) {
    if (holder->kept[i].id != id) continue;
    napi_delete_reference(holder->env, holder->kept[i].array);
    holder->kept[i] = holder->kept[--holder->kept_count];
    return;
  }
}

static void let_go_of_core(void *native) {
  js_reader *holder = native;
  if (!holder->reader) return;
  holder->last_stats = kd_reader_read_stats(holder->reader);
  holder->last_stats.held = 0;
  kd_reader_free(holder->reader);
  holder->reader = NULL;
}

static void after_stopped(napi_env env, js_reader *holder) {
  let_go_of_core(holder);
  while (holder->kept_count > 0) let_go_of_block(holder, holder->kept[0].id);
  napi_release_threadsafe_function(holder->events, napi_tsfn_release);
  if (holder->self) napi_delete_reference(env, holder->self);
  holder->self = NULL;
}

static void deliver_event(napi_env env, napi_value listener, void *context, void *data) {
  static const char *const KINDS[] = {"batch", "oversize", "parked", "error", "stray", "stopped"};
  js_reader *holder = context;
  event_message *message = data;
  /* env is NULL when the environment goes down: the teardown hook has freed the core by then. */
  if (env && holder->reader) {
    napi_handle_scope scope;
    napi_value argv[5];
    napi_open_handle_scope(env, &scope);
    if (message->kind == KD_READER_BATCH) let_go_of_block(holder, (uint32_t)message->a);
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

static void let_go_of_holder(js_reader *holder) {
  if (--holder->owners > 0) return;
  free(holder->kept);
  free(holder);
}

static void reader_finalize(napi_env env, void *native, void *hint) {
  (void)hint;
  js_reader *holder = native;
  napi_remove_env_cleanup_hook(env, let_go_of_core, holder);
  if (holder->reader) {
    /* Started never or stopped never, and then garbage-collected. */
    let_go_of_core(holder);
    napi_release_threadsafe_function(holder->events, napi_tsfn_abort);
  }
  while (holder->kept_count > 0) let_go_of_block(holder, holder->kept[0].id);
  let_go_of_holder(holder);
}

static void events_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  let_go_of_holder(data);
}

static bool read_options(napi_env env, napi_value options, kd_reader_options *to) {
  int64_t records, bytes, linger, ready;
  if (!kd_get_option(env, options, "recordsMax", KD_READER_RECORDS_MAX, &records) ||
      !kd_get_option(env, options, "bytesMax", INT32_MAX, &bytes) ||
      !kd_get_option(env, options, "lingerMs", 3600000, &linger) ||
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
  to->ready_batches_max = (uint32_t)ready;
  return true;
}

static napi_value reader_new(napi_env env, napi_callback_info info) {
  napi_value argv[4], self, name;
  int64_t id;
  kd_reader_options options = {.listener = forward_event};
  if (!kd_arguments(env, info, 4, argv, &self) || !kd_get_integer(env, argv[0], 1, 9e15, "handleId", &id))
    return NULL;
  kd_table *table = kd_unwrap_table(env, argv[1]);
  if (!table || !read_options(env, argv[2], &options)) return NULL;
  js_reader *holder = calloc(1, sizeof *holder);
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
  if (!holder->reader || !kd_wrap(env, self, holder, reader_finalize, &reader_tag)) {
    let_go_of_core(holder);
    napi_release_threadsafe_function(holder->events, napi_tsfn_abort);
    return kd_throw(env, "KD_NO_HANDLE",
                    "there is no connected consumer with this handle id, or it has a reader already");
  }
  holder->owners++;
  napi_add_env_cleanup_hook(env, let_go_of_core, holder);
  return self;
}

static js_reader *reader_of(napi_env env, napi_callback_info info, size_t argc, napi_value *argv,
                            napi_value *self) {
  return kd_arguments(env, info, argc, argv, self) ? kd_unwrap(env, *self, &reader_tag) : NULL;
}

static napi_value answer(napi_env env, kd_reader_result result) {
  static const char *const CODES[] = {
      NULL,          "KD_NOT_PARKED", "KD_STOPPED", "KD_NO_PARTITION", "KD_ALREADY_OPEN",
      "KD_NOT_OPEN", "KD_NO_MEMORY",  NULL,         "KD_BLOCKS_FULL",  "KD_NO_THREAD"};
  if (result == KD_READER_OK) return NULL;
  if (result == KD_READER_BLOCK_SMALL)
    return kd_throw_range(env, "a block must have from 256 bytes to 2 GiB");
  return kd_throw(env, CODES[result], kd_reader_error(result));
}

/* The core for a call; NULL: an exception is pending. */
static kd_reader *core_of(napi_env env, js_reader *holder) {
  if (holder && !holder->reader) answer(env, KD_READER_IS_STOPPED);
  return holder ? holder->reader : NULL;
}

static napi_value reader_start(napi_env env, napi_callback_info info) {
  napi_value self;
  js_reader *holder = reader_of(env, info, 0, NULL, &self);
  kd_reader *reader = core_of(env, holder);
  if (!reader) return NULL;
  if (!holder->self) KD_TRY(env, napi_create_reference(env, self, 1, &holder->self));
  return answer(env, kd_reader_start(reader));
}

static napi_value reader_offer(napi_env env, napi_callback_info info) {
  napi_value argv[3], self;
  int64_t id, records_max;
  uint8_t *bytes;
  size_t length;
  js_reader *holder = reader_of(env, info, 3, argv, &self);
  kd_reader *reader = core_of(env, holder);
  if (!reader || !kd_get_integer(env, argv[0], 0, UINT32_MAX, "blockId", &id) ||
      !kd_get_bytes(env, argv[1], &bytes, &length))
    return NULL;
  if (!kd_get_integer(env, argv[2], 1, KD_READER_RECORDS_MAX, "recordsMax", &records_max)) return NULL;
  if (holder->kept_count == holder->kept_max) {
    uint32_t grown_max = holder->kept_max ? holder->kept_max * 2 : 64;
    kept_block *grown = realloc(holder->kept, grown_max * sizeof *grown);
    if (!grown) return kd_throw(env, "KD_NO_MEMORY", "no memory for blocks");
    holder->kept = grown;
    holder->kept_max = grown_max;
  }
  kept_block kept = {.id = (uint32_t)id};
  KD_TRY(env, napi_create_reference(env, argv[1], 1, &kept.array));
  holder->kept[holder->kept_count++] = kept;
  kd_reader_result result = kd_reader_offer(reader, (uint32_t)id, bytes, length, (uint32_t)records_max);
  if (result != KD_READER_OK) {
    holder->kept_count--;
    napi_delete_reference(env, kept.array);
  }
  return answer(env, result);
}

static napi_value reader_reclaim(napi_env env, napi_callback_info info) {
  napi_value self, result, number;
  js_reader *holder = reader_of(env, info, 0, NULL, &self);
  kd_reader *reader = core_of(env, holder);
  if (!reader) return NULL;
  uint32_t count = 0;
  uint32_t *ids = malloc(KD_READER_BLOCKS_MAX * sizeof *ids);
  if (!ids) return kd_throw(env, "KD_NO_MEMORY", "no memory for block ids");
  kd_reader_result taken = kd_reader_reclaim(reader, ids, KD_READER_BLOCKS_MAX, &count);
  napi_status status = napi_create_array_with_length(env, count, &result);
  for (uint32_t i = 0; status == napi_ok && i < count; i++) {
    let_go_of_block(holder, ids[i]);
    status = napi_create_uint32(env, ids[i], &number);
    if (status == napi_ok) status = napi_set_element(env, result, i, number);
  }
  free(ids);
  KD_TRY(env, status);
  return taken == KD_READER_OK ? result : answer(env, taken);
}

static napi_value reader_park(napi_env env, napi_callback_info info) {
  napi_value self;
  kd_reader *reader = core_of(env, reader_of(env, info, 0, NULL, &self));
  return reader ? answer(env, kd_reader_park(reader)) : NULL;
}

static napi_value reader_unpark(napi_env env, napi_callback_info info) {
  napi_value self;
  kd_reader *reader = core_of(env, reader_of(env, info, 0, NULL, &self));
  return reader ? answer(env, kd_reader_unpark(reader)) : NULL;
}

typedef kd_reader_result (*place_call)(kd_reader *reader, uint32_t partition_id, uint32_t epoch,
                                       int64_t next_offset);

/* Calls that set where a partition is read from: (partitionId, epoch, nextOffset). */
static napi_value call_with_place(napi_env env, napi_callback_info info, place_call call) {
  napi_value argv[3], self;
  int64_t id, epoch, next;
  kd_reader *reader = core_of(env, reader_of(env, info, 3, argv, &self));
  if (!reader || !kd_get_integer(env, argv[0], 0, UINT32_MAX, "partitionId", &id) ||
      !kd_get_integer(env, argv[1], 1, UINT32_MAX, "epoch", &epoch) ||
      !kd_get_integer(env, argv[2], 0, 9007199254740991.0, "nextOffset", &next)) {
    return NULL;
  }
  return answer(env, call(reader, (uint32_t)id, (uint32_t)epoch, next));
}

static napi_value reader_open(napi_env env, napi_callback_info info) {
  return call_with_place(env, info, kd_reader_open);
}

static napi_value reader_rewind(napi_env env, napi_callback_info info) {
  return call_with_place(env, info, kd_reader_rewind);
}

typedef kd_reader_result (*partition_call)(kd_reader *reader, uint32_t partition_id);

static napi_value call_with_partition(napi_env env, napi_callback_info info, partition_call call) {
  napi_value argv[1], self;
  int64_t id;
  kd_reader *reader = core_of(env, reader_of(env, info, 1, argv, &self));
  if (!reader || !kd_get_integer(env, argv[0], 0, UINT32_MAX, "partitionId", &id)) return NULL;
  return answer(env, call(reader, (uint32_t)id));
}

static napi_value reader_close(napi_env env, napi_callback_info info) {
  return call_with_partition(env, info, kd_reader_close);
}

static napi_value reader_halt(napi_env env, napi_callback_info info) {
  return call_with_partition(env, info, kd_reader_halt);
}

static napi_value reader_next_offset(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, result;
  int64_t id;
  js_reader *holder = reader_of(env, info, 1, argv, &self);
  if (!holder || !kd_get_integer(env, argv[0], 0, UINT32_MAX, "partitionId", &id)) return NULL;
  KD_TRY(env, napi_create_double(
                  env, holder->reader ? (double)kd_reader_next_offset(holder->reader, (uint32_t)id) : -1,
                  &result));
  return result;
}

static napi_value reader_stats(napi_env env, napi_callback_info info) {
  napi_value self, result;
  js_reader *holder = reader_of(env, info, 0, NULL, &self);
  if (!holder) return NULL;
  kd_reader_stats stats = holder->reader ? kd_reader_read_stats(holder->reader) : holder->last_stats;
  KD_TRY(env, napi_create_object(env, &result));
  bool complete = kd_set_number(env, result, "recordsRead", (double)stats.records_read) &&
                  kd_set_number(env, result, "bytesRead", (double)stats.bytes_read) &&
                  kd_set_number(env, result, "batches", (double)stats.batches) &&
                  kd_set_number(env, result, "duplicatesDropped", (double)stats.duplicates_dropped) &&
                  kd_set_number(env, result, "staleDropped", (double)stats.stale_dropped) &&
                  kd_set_number(env, result, "held", (double)stats.held);
  return complete ? result : kd_throw_last(env);
}

static napi_value reader_stop(napi_env env, napi_callback_info info) {
  napi_value self;
  js_reader *holder = reader_of(env, info, 0, NULL, &self);
  if (!holder || !holder->reader) return NULL;
  if (!holder->self) KD_TRY(env, napi_create_reference(env, self, 1, &holder->self));
  kd_reader_stop(holder->reader);
  return NULL;
}

napi_status kd_define_reader(napi_env env, napi_value exports) {
  napi_value constructor;
  const napi_property_descriptor methods[] = {
      KD_METHOD("start", reader_start),     KD_METHOD("offer", reader_offer),
      KD_METHOD("reclaim", reader_reclaim), KD_METHOD("park", reader_park),
      KD_METHOD("unpark", reader_unpark),   KD_METHOD("open", reader_open),
      KD_METHOD("close", reader_close),     KD_METHOD("halt", reader_halt),
      KD_METHOD("rewind", reader_rewind),   KD_METHOD("nextOffset", reader_next_offset),
      KD_METHOD("stats", reader_stats),     KD_METHOD("stop", reader_stop),
  };
  napi_status status = napi_define_class(env, "Reader", NAPI_AUTO_LENGTH, reader_new, NULL,
                                         sizeof methods / sizeof *methods, methods, &constructor);
  return status == napi_ok ? napi_set_named_property(env, exports, "Reader", constructor) : status;
}

/* The methods of the Reader class. */
#include <stdlib.h>

#include "addon_reader.h"

static kd_js_reader *reader_of(napi_env env, napi_callback_info info, size_t argc, napi_value *argv,
                               napi_value *self) {
  return kd_arguments(env, info, argc, argv, self) ? kd_unwrap(env, *self, &kd_reader_tag) : NULL;
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
static kd_reader *core_of(napi_env env, kd_js_reader *holder) {
  if (holder && !holder->reader) answer(env, KD_READER_IS_STOPPED);
  return holder ? holder->reader : NULL;
}

static napi_value reader_start(napi_env env, napi_callback_info info) {
  napi_value self;
  kd_js_reader *holder = reader_of(env, info, 0, NULL, &self);
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
  kd_js_reader *holder = reader_of(env, info, 3, argv, &self);
  kd_reader *reader = core_of(env, holder);
  if (!reader || !kd_get_integer(env, argv[0], 0, UINT32_MAX, "blockId", &id) ||
      !kd_get_bytes(env, argv[1], &bytes, &length))
    return NULL;
  if (!kd_get_integer(env, argv[2], 1, KD_READER_RECORDS_MAX, "recordsMax", &records_max)) return NULL;
  if (holder->kept_count == holder->kept_max) {
    uint32_t grown_max = holder->kept_max ? holder->kept_max * 2 : 64;
    kd_kept_block *grown = realloc(holder->kept, grown_max * sizeof *grown);
    if (!grown) return kd_throw(env, "KD_NO_MEMORY", "no memory for blocks");
    holder->kept = grown;
    holder->kept_max = grown_max;
  }
  kd_kept_block kept = {.id = (uint32_t)id};
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
  kd_js_reader *holder = reader_of(env, info, 0, NULL, &self);
  kd_reader *reader = core_of(env, holder);
  if (!reader) return NULL;
  uint32_t count = 0;
  uint32_t *ids = malloc(KD_READER_BLOCKS_MAX * sizeof *ids);
  if (!ids) return kd_throw(env, "KD_NO_MEMORY", "no memory for block ids");
  kd_reader_result taken = kd_reader_reclaim(reader, ids, KD_READER_BLOCKS_MAX, &count);
  napi_status status = napi_create_array_with_length(env, count, &result);
  for (uint32_t i = 0; status == napi_ok && i < count; i++) {
    kd_js_reader_let_go_of_block(holder, ids[i]);
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

static napi_value reader_limit(napi_env env, napi_callback_info info) {
  napi_value argv[2], self;
  int64_t id, until;
  kd_reader *reader = core_of(env, reader_of(env, info, 2, argv, &self));
  if (!reader || !kd_get_integer(env, argv[0], 0, UINT32_MAX, "partitionId", &id) ||
      !kd_get_integer(env, argv[1], 0, 9007199254740991.0, "until", &until)) {
    return NULL;
  }
  return answer(env, kd_reader_limit(reader, (uint32_t)id, until));
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
  kd_js_reader *holder = reader_of(env, info, 1, argv, &self);
  if (!holder || !kd_get_integer(env, argv[0], 0, UINT32_MAX, "partitionId", &id)) return NULL;
  KD_TRY(env, napi_create_double(
                  env, holder->reader ? (double)kd_reader_next_offset(holder->reader, (uint32_t)id) : -1,
                  &result));
  return result;
}

static napi_value reader_stats(napi_env env, napi_callback_info info) {
  napi_value self, result;
  kd_js_reader *holder = reader_of(env, info, 0, NULL, &self);
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
  kd_js_reader *holder = reader_of(env, info, 0, NULL, &self);
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
      KD_METHOD("limit", reader_limit),
  };
  napi_status status = napi_define_class(env, "Reader", NAPI_AUTO_LENGTH, kd_js_reader_new, NULL,
                                         sizeof methods / sizeof *methods, methods, &constructor);
  return status == napi_ok ? napi_set_named_property(env, exports, "Reader", constructor) : status;
}

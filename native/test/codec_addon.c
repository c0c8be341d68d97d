/* The C codec for the TypeScript tests: packs plain records, and returns what it reads from a block. */
#include <stdlib.h>

#include "../addon.h"
#include "../packed.h"

#define RECORDS_MAX 100000u

/* undefined and null are both "null" to the codec. */
static bool get_nullable_bytes(napi_env env, napi_value object, const char *name, const uint8_t **data,
                               size_t *length) {
  napi_value value;
  napi_valuetype type;
  *data = NULL;
  *length = 0;
  if (napi_get_named_property(env, object, name, &value) != napi_ok ||
      napi_typeof(env, value, &type) != napi_ok)
    return false;
  if (type == napi_null || type == napi_undefined) return true;
  napi_typedarray_type kind;
  void *bytes;
  if (napi_get_typedarray_info(env, value, &kind, length, &bytes, NULL, NULL) != napi_ok) return false;
  *data = bytes ? bytes : (const uint8_t *)"";
  return true;
}

static bool get_number(napi_env env, napi_value object, const char *name, double *to) {
  napi_value value;
  return napi_get_named_property(env, object, name, &value) == napi_ok &&
         napi_get_value_double(env, value, to) == napi_ok;
}

static bool set_bytes(napi_env env, napi_value object, const char *name, const uint8_t *data, size_t length) {
  napi_value value;
  if (!data) return napi_get_null(env, &value) == napi_ok && kd_set(env, object, name, value);
  return napi_create_buffer_copy(env, length, data, NULL, &value) == napi_ok &&
         kd_set(env, object, name, value);
}

/* packInput(block, [{partitionId, epoch, offset, timestamp, key, value, headers}], fault | null): returns
 * how many records fitted. */
static napi_value pack_input(napi_env env, napi_callback_info info) {
  napi_value argv[3], self, item, result;
  uint8_t *block;
  size_t length, text_length;
  uint32_t count, packed_count = 0;
  if (!kd_arguments(env, info, 3, argv, &self) || !kd_get_bytes(env, argv[0], &block, &length)) return NULL;
  KD_TRY(env, napi_get_array_length(env, argv[1], &count));
  if (count > RECORDS_MAX) return kd_throw_range(env, "too many records");
  kd_packer packer = {.segments_max = count + 1, .segments = malloc((count + 1) * sizeof(kd_segment))};
  kd_packer_begin(&packer, block, (uint32_t)length);
  for (; packed_count < count; packed_count++) {
    double id, epoch, offset, timestamp;
    const uint8_t *headers;
    size_t headers_length;
    uint8_t *headers_at;
    kd_record record;
    napi_get_element(env, argv[1], packed_count, &item);
    if (!get_number(env, item, "partitionId", &id) || !get_number(env, item, "epoch", &epoch) ||
        !get_number(env, item, "offset", &offset) || !get_number(env, item, "timestamp", &timestamp) ||
        !get_nullable_bytes(env, item, "key", (const uint8_t **)&record.key, &record.key_length) ||
        !get_nullable_bytes(env, item, "value", (const uint8_t **)&record.value, &record.value_length) ||
        !get_nullable_bytes(env, item, "headers", &headers, &headers_length)) {
      free(packer.segments);
      return kd_throw_type(env, "not a record");
    }
    record.offset = (int64_t)offset;
    record.timestamp = (int64_t)timestamp;
    record.headers_length = headers ? (int64_t)headers_length : -1;
    if (!kd_packer_add(&packer, &record, (uint32_t)id, (uint32_t)epoch, &headers_at)) break;
    if (headers_length) memcpy(headers_at, headers, headers_length);
  }
  napi_valuetype type;
  double id, epoch, offset, code;
  const uint8_t *text;
  if (napi_typeof(env, argv[2], &type) == napi_ok && type == napi_object &&
      get_number(env, argv[2], "partitionId", &id) && get_number(env, argv[2], "epoch", &epoch) &&
      get_number(env, argv[2], "offset", &offset) && get_number(env, argv[2], "code", &code) &&
      get_nullable_bytes(env, argv[2], "text", &text, &text_length)) {
    kd_segment fault = {.partition_id = (uint32_t)id,
                        .epoch = (uint32_t)epoch,
                        .first_offset = (int64_t)offset,
                        .last_offset = (int64_t)offset,
                        .error_code = (int32_t)code};
    kd_packer_fault(&packer, &fault, (const char *)text, text_length);
  }
  kd_packer_close(&packer);
  free(packer.segments);
  KD_TRY(env, napi_create_uint32(env, packed_count, &result));
  return result;
}

static napi_value refused(napi_env env, const char *why) {
  napi_value result, text;
  KD_TRY(env, napi_create_object(env, &result));
  KD_TRY(env, napi_create_string_utf8(env, why, NAPI_AUTO_LENGTH, &text));
  return kd_set(env, result, "error", text) ? result : kd_throw_last(env);
}

static napi_value segments_of(napi_env env, const kd_input_view *view) {
  napi_value list, item;
  KD_TRY(env, napi_create_array(env, &list));
  for (uint32_t i = 0; i < view->segment_count; i++) {
    const kd_segment *segment = &view->segments[i];
    KD_TRY(env, napi_create_object(env, &item));
    kd_set_number(env, item, "partitionId", segment->partition_id);
    kd_set_number(env, item, "epoch", segment->epoch);
    kd_set_number(env, item, "firstRow", segment->first_row);
    kd_set_number(env, item, "rowCount", segment->row_count);
    kd_set_number(env, item, "firstOffset", (double)segment->first_offset);
    kd_set_number(env, item, "lastOffset", (double)segment->last_offset);
    kd_set_number(env, item, "kind", segment->kind);
    kd_set_number(env, item, "errorCode", segment->error_code);
    set_bytes(env, item, "text",
              segment->kind == KD_SEGMENT_FAULT ? view->block + segment->text_position : NULL,
              segment->text_length);
    KD_TRY(env, napi_set_element(env, list, i, item));
  }
  return list;
}

/* readInput(block): { rows, segments } or { error }; a row that does not fit is null. */
static napi_value read_input(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, result, rows, item;
  uint8_t *block;
  size_t length;
  if (!kd_arguments(env, info, 1, argv, &self) || !kd_get_bytes(env, argv[0], &block, &length)) return NULL;
  kd_input_view view = {0};
  kd_packed_result opened = kd_input_open(&view, block, length);
  if (opened != KD_PACKED_OK) {
    kd_input_free(&view);
    return refused(env, kd_packed_error(opened));
  }
  KD_TRY(env, napi_create_object(env, &result));
  KD_TRY(env, napi_create_array(env, &rows));
  uint32_t hint = 0;
  for (uint32_t row = 0; row < view.row_count; row++) {
    kd_input_record record;
    napi_get_null(env, &item);
    if (kd_input_record_at(&view, row, &record)) {
      napi_create_object(env, &item);
      kd_set_number(env, item, "partitionId", kd_input_segment_of(&view, row, &hint)->partition_id);
      kd_set_number(env, item, "offset", (double)record.offset);
      kd_set_number(env, item, "timestamp", (double)record.timestamp);
      set_bytes(env, item, "key", record.key, record.key_length);
      set_bytes(env, item, "value", record.value, record.value_length);
      set_bytes(env, item, "headers", record.headers, record.headers_length);
    }
    napi_set_element(env, rows, row, item);
  }
  napi_value segments = segments_of(env, &view);
  kd_input_free(&view);
  return segments && kd_set(env, result, "rows", rows) && kd_set(env, result, "segments", segments)
             ? result
             : kd_throw_last(env);
}

/* readOutput(block): { rows, firstSourceRow, sourceRowCount, flags, identityTopic } or { error }. */
static napi_value read_output(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, result, rows, item;
  uint8_t *block;
  size_t length;
  kd_output_view view;
  if (!kd_arguments(env, info, 1, argv, &self) || !kd_get_bytes(env, argv[0], &block, &length)) return NULL;
  kd_packed_result opened = kd_output_open(&view, block, length);
  if (opened != KD_PACKED_OK) return refused(env, kd_packed_error(opened));
  KD_TRY(env, napi_create_object(env, &result));
  KD_TRY(env, napi_create_array(env, &rows));
  for (uint32_t row = 0; row < view.row_count; row++) {
    kd_output_record record;
    napi_get_null(env, &item);
    if (kd_output_record_at(&view, row, &record)) {
      napi_create_object(env, &item);
      kd_set_number(env, item, "sourceRow", record.source_row);
      kd_set_number(env, item, "topic", record.topic);
      kd_set_number(env, item, "flags", record.flags);
      kd_set_number(env, item, "partition", record.partition);
      kd_set_number(env, item, "timestamp", (double)record.timestamp);
      set_bytes(env, item, "key", record.key, record.key_length);
      set_bytes(env, item, "value", record.value, record.value_length);
      set_bytes(env, item, "headers", record.headers, record.headers_length);
    }
    napi_set_element(env, rows, row, item);
  }
  kd_set_number(env, result, "firstSourceRow", view.first_source_row);
  kd_set_number(env, result, "sourceRowCount", view.source_row_count);
  kd_set_number(env, result, "flags", view.flags);
  kd_set_number(env, result, "identityTopic", view.identity_topic);
  return kd_set(env, result, "rows", rows) ? result : kd_throw_last(env);
}

/* readHeaders(bytes): [[name, value | null], …], or null when malformed. */
static napi_value read_headers(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, list, pair, value;
  uint8_t *bytes;
  size_t length;
  if (!kd_arguments(env, info, 1, argv, &self) || !kd_get_bytes(env, argv[0], &bytes, &length)) return NULL;
  KD_TRY(env, napi_create_array(env, &list));
  kd_headers_cursor cursor = {.next = bytes, .left = (uint32_t)length};
  kd_header header;
  int more;
  for (uint32_t i = 0; (more = kd_headers_next(&cursor, &header)) == 1; i++) {
    KD_TRY(env, napi_create_array_with_length(env, 2, &pair));
    KD_TRY(env, napi_create_buffer_copy(env, header.name_length, header.name, NULL, &value));
    KD_TRY(env, napi_set_element(env, pair, 0, value));
    if (header.value)
      KD_TRY(env, napi_create_buffer_copy(env, (size_t)header.value_length, header.value, NULL, &value));
    else
      KD_TRY(env, napi_get_null(env, &value));
    KD_TRY(env, napi_set_element(env, pair, 1, value));
    KD_TRY(env, napi_set_element(env, list, i, pair));
  }
  if (more < 0) KD_TRY(env, napi_get_null(env, &list));
  return list;
}

static napi_value murmur2(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, result;
  uint8_t *bytes;
  size_t length;
  if (!kd_arguments(env, info, 1, argv, &self) || !kd_get_bytes(env, argv[0], &bytes, &length)) return NULL;
  KD_TRY(env, napi_create_int32(env, (int32_t)kd_murmur2(bytes, length), &result));
  return result;
}

/* [magic of input, of output, header, input row, segment, output row]: compared with src/wire/layout.ts. */
static napi_value layout(napi_env env, napi_callback_info info) {
  (void)info;
  const uint32_t numbers[] = {KD_INPUT_MAGIC,     KD_OUTPUT_MAGIC,  KD_HEADER_BYTES,
                              KD_INPUT_ROW_BYTES, KD_SEGMENT_BYTES, KD_OUTPUT_ROW_BYTES};
  napi_value list, value;
  KD_TRY(env, napi_create_array(env, &list));
  for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    KD_TRY(env, napi_create_uint32(env, numbers[i], &value));
    KD_TRY(env, napi_set_element(env, list, i, value));
  }
  return list;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      KD_METHOD("packInput", pack_input),   KD_METHOD("readInput", read_input),
      KD_METHOD("readOutput", read_output), KD_METHOD("readHeaders", read_headers),
      KD_METHOD("murmur2", murmur2),        KD_METHOD("layout", layout),
  };
  KD_TRY(env, napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions));
  return exports;
}

/* `hashRows`: the rows of an input block, hashed for receipts. */
#include "addon.h"
#include "receipt_rows.h"

static napi_value hash_rows(napi_env env, napi_callback_info info) {
  napi_value argv[4], self, buffer, array;
  uint8_t *block;
  size_t length;
  int64_t first, count, kind;
  if (!kd_arguments(env, info, 4, argv, &self) || !kd_get_bytes(env, argv[0], &block, &length) ||
      !kd_get_integer(env, argv[1], 0, UINT32_MAX, "firstRow", &first) ||
      !kd_get_integer(env, argv[2], 0, UINT32_MAX, "rowCount", &count) ||
      !kd_get_integer(env, argv[3], 0, KD_RECEIPT_TWINS, "kind", &kind))
    return NULL;
  kd_input_view view = {0};
  kd_packed_result result = kd_input_open(&view, block, length);
  if (result != KD_PACKED_OK) {
    kd_input_free(&view);
    return kd_throw(env, "KD_BAD_BATCH", kd_packed_error(result));
  }
  /* Rows that the block does not have are refused before memory is asked for them. */
  bool inside = (uint64_t)first + (uint64_t)count <= view.row_count;
  void *data = NULL;
  size_t bytes = inside ? kd_receipt_bytes((kd_receipt_kind)kind, (uint32_t)count) : 0;
  bool made = inside && napi_create_arraybuffer(env, bytes, &data, &buffer) == napi_ok;
  bool hashed = made && kd_receipt_rows(&view, (uint32_t)first, (uint32_t)count, (kd_receipt_kind)kind, data);
  kd_input_free(&view);
  if (!hashed)
    return inside && !made ? kd_throw_last(env) : kd_throw_range(env, "the block has no such rows");
  KD_TRY(env, napi_create_typedarray(env, napi_uint8_array, bytes, buffer, 0, &array));
  return array;
}

napi_status kd_define_receipt(napi_env env, napi_value exports) {
  const napi_property_descriptor method = KD_METHOD("hashRows", hash_rows);
  return napi_define_properties(env, exports, 1, &method);
}

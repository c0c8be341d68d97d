/* The JSON scanner for JavaScript: an addon of its own, without librdkafka, for every worker thread. */
#include "addon.h"
#include "scan.h"

/* Read as UTF-16: lone surrogates are part of a key's name. */
static bool get_name(napi_env env, napi_value value, uint8_t *to, size_t *length) {
  uint16_t units[KD_JSON_NAME_BYTES_MAX + 1];
  size_t count = 0;
  if (napi_get_value_string_utf16(env, value, NULL, 0, &count) != napi_ok ||
      count > KD_JSON_NAME_BYTES_MAX / 3 ||
      napi_get_value_string_utf16(env, value, (char16_t *)units, count + 1, &count) != napi_ok)
    return false;
  *length = kd_json_utf16(units, count, to);
  return true;
}

/* nodes: [[parent, name, path], …] depth first. */
static bool add_nodes(napi_env env, napi_value nodes, kd_json_scanner *scanner) {
  uint32_t count;
  if (napi_get_array_length(env, nodes, &count) != napi_ok) return false;
  for (uint32_t i = 0; i < count; i++) {
    napi_value node, field;
    int32_t parent, path;
    uint8_t name[KD_JSON_NAME_BYTES_MAX];
    size_t length;
    if (napi_get_element(env, nodes, i, &node) != napi_ok ||
        napi_get_element(env, node, 0, &field) != napi_ok ||
        napi_get_value_int32(env, field, &parent) != napi_ok ||
        napi_get_element(env, node, 1, &field) != napi_ok || !get_name(env, field, name, &length) ||
        napi_get_element(env, node, 2, &field) != napi_ok ||
        napi_get_value_int32(env, field, &path) != napi_ok ||
        kd_json_add(scanner, (uint32_t)parent, name, length, path) < 0)
      return false;
  }
  return kd_json_seal(scanner);
}

static bool get_array(napi_env env, napi_value value, napi_typedarray_type wanted, size_t *length,
                      void **to) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  return napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
         napi_get_typedarray_info(env, value, &type, length, to, NULL, NULL) == napi_ok && type == wanted;
}

/* scan(block, row, endRow, cells, numbers, items, itemNumbers): how many rows were scanned. */
static napi_value scan(napi_env env, napi_callback_info info) {
  napi_value argv[7], result;
  size_t argc = 7, length, items_max, numbers_max;
  void *data, *cells, *numbers, *items, *item_numbers;
  uint8_t *block;
  uint32_t first_row, end_row;
  KD_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, &data));
  kd_json_scanner *scanner = data;
  if (argc < 7 || !kd_get_bytes(env, argv[0], &block, &length)) return NULL;
  KD_TRY(env, napi_get_value_uint32(env, argv[1], &first_row));
  KD_TRY(env, napi_get_value_uint32(env, argv[2], &end_row));
  const size_t rows =
      first_row < end_row && end_row - first_row < KD_JSON_ROWS_MAX ? end_row - first_row : KD_JSON_ROWS_MAX;
  size_t cells_max, path_numbers_max;
  if (!get_array(env, argv[3], napi_int32_array, &cells_max, &cells) ||
      !get_array(env, argv[4], napi_float64_array, &path_numbers_max, &numbers) ||
      !get_array(env, argv[5], napi_int32_array, &items_max, &items) ||
      !get_array(env, argv[6], napi_float64_array, &numbers_max, &item_numbers) ||
      cells_max < rows * kd_json_stride(scanner) || path_numbers_max < rows * kd_json_path_count(scanner))
    return kd_throw_range(env, "the tables are too small for the rows");
  items_max /= KD_JSON_CELLS(kd_json_item);
  if (items_max > numbers_max) items_max = numbers_max;
  kd_json_tables tables = {
      .cells = cells,
      .numbers = numbers,
      .items = items,
      .item_numbers = item_numbers,
      .items_max = items_max < KD_JSON_ITEMS_MAX ? (uint32_t)items_max : KD_JSON_ITEMS_MAX,
  };
  const uint32_t count = kd_json_scan_rows(scanner, block, length, first_row, end_row, &tables);
  if (count == 0) return kd_throw_range(env, "the block has no such rows");
  KD_TRY(env, napi_create_uint32(env, count, &result));
  return result;
}

static void forget(napi_env env, void *scanner, void *hint) {
  (void)env;
  (void)hint;
  kd_json_free(scanner);
}

/* createScan(nodes): the function `scan` of a new scanner, which goes with it. */
static napi_value create_scan(napi_env env, napi_callback_info info) {
  napi_value argv[1], self, function;
  if (!kd_arguments(env, info, 1, argv, &self)) return NULL;
  kd_json_scanner *scanner = kd_json_create();
  if (!scanner) return kd_throw_range(env, "out of memory");
  if (!add_nodes(env, argv[0], scanner)) {
    kd_json_free(scanner);
    return kd_throw_range(env, "too many keys, or one that is too long");
  }
  if (napi_create_function(env, "scan", NAPI_AUTO_LENGTH, scan, scanner, &function) != napi_ok ||
      napi_add_finalizer(env, function, scanner, forget, NULL, NULL) != napi_ok) {
    kd_json_free(scanner);
    return kd_throw_last(env);
  }
  return function;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {KD_METHOD("createScan", create_scan)};
  KD_TRY(env, napi_define_properties(env, exports, 1, functions));
  return exports;
}

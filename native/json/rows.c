/* The rows of a packed input block. Other threads may still write to it: header and rows are copied into
 * local variables and checked there. */
#include "scan.h"
#include "packed.h"

static uint32_t rows_inside(const uint8_t *block, size_t length, kd_input_header *header) {
  if (length < KD_HEADER_BYTES || length > INT32_MAX) return 0;
  memcpy(header, block, sizeof *header);
  if (header->magic != KD_INPUT_MAGIC || header->block_length > length ||
      header->rows_position < KD_HEADER_BYTES)
    return 0;
  const uint64_t end = (uint64_t)header->rows_position + (uint64_t)header->row_count * KD_INPUT_ROW_BYTES;
  return end <= header->block_length ? header->row_count : 0;
}

static bool find_value(const kd_input_header *header, const uint8_t *block, uint32_t index, uint32_t *start,
                       uint32_t *end) {
  kd_input_row row;
  memcpy(&row, block + header->rows_position + (size_t)index * KD_INPUT_ROW_BYTES, sizeof row);
  if (row.value_length < 0 || row.key_length < -1) return false;
  const uint64_t from = (uint64_t)row.position + (row.key_length < 0 ? 0 : (uint32_t)row.key_length);
  if (from + (uint32_t)row.value_length > header->block_length) return false;
  *start = (uint32_t)from;
  *end = (uint32_t)(from + (uint32_t)row.value_length);
  return true;
}

uint32_t kd_json_scan_rows(kd_json_scanner *scanner, const uint8_t *block, size_t length, uint32_t first_row,
                           uint32_t end_row, kd_json_tables *tables) {
  kd_input_header header;
  const uint32_t row_count = rows_inside(block, length, &header);
  if (end_row > row_count) end_row = row_count;
  if (first_row >= end_row) return 0;
  const uint32_t count = end_row - first_row < KD_JSON_ROWS_MAX ? end_row - first_row : KD_JSON_ROWS_MAX;
  const size_t stride = kd_json_stride(scanner), paths = kd_json_path_count(scanner);
  kd_json_tables rest = *tables;
  for (uint32_t i = 0; i < count; i++, rest.cells += stride, rest.numbers += paths) {
    uint32_t start, end;
    if (find_value(&header, block, first_row + i, &start, &end))
      kd_json_scan_value(scanner, block, start, end, header.block_length, &rest);
    else
      memset(rest.cells, 0, stride * sizeof *rest.cells);
  }
  tables->item_count = rest.item_count;
  return count;
}

#include "packed.h"

#include <stdlib.h>

const char *kd_packed_error(kd_packed_result result) {
  static const char *const NAMES[] = {"ok",           "block too short",  "wrong magic",     "block length",
                                      "rows outside", "segments outside", "segment invalid", "source rows"};
  return (size_t)result < sizeof NAMES / sizeof *NAMES ? NAMES[result] : "unknown";
}

/* ---- packed headers ---- */

int kd_headers_next(kd_headers_cursor *cursor, kd_header *header) {
  if (cursor->left == 0) return 0;
  if (cursor->left < KD_HEADER_PREFIX_BYTES) return -1;
  uint32_t name_length;
  int32_t value_length;
  memcpy(&name_length, cursor->next, 4);
  memcpy(&value_length, cursor->next + 4, 4);
  uint32_t left = cursor->left - KD_HEADER_PREFIX_BYTES;
  uint32_t value_bytes = value_length < 0 ? 0 : (uint32_t)value_length;
  if (value_length < -1 || name_length > left || value_bytes > left - name_length) return -1;
  header->name = cursor->next + KD_HEADER_PREFIX_BYTES;
  header->name_length = name_length;
  header->value = value_length < 0 ? NULL : header->name + name_length;
  header->value_length = value_length;
  cursor->next = header->name + name_length + value_bytes;
  cursor->left = left - name_length - value_bytes;
  return 1;
}

uint8_t *kd_headers_put(uint8_t *to, const void *name, uint32_t name_length, const void *value,
                        uint32_t value_length) {
  int32_t length = value ? (int32_t)value_length : -1;
  memcpy(to, &name_length, 4);
  memcpy(to + 4, &length, 4);
  to += KD_HEADER_PREFIX_BYTES;
  if (name_length) memcpy(to, name, name_length);
  to += name_length;
  if (value && value_length) memcpy(to, value, value_length);
  return value ? to + value_length : to;
}

/* ---- reading ---- */

static bool table_inside(uint32_t position, uint32_t count, uint32_t width, uint32_t length) {
  return position >= KD_HEADER_BYTES && (uint64_t)position + (uint64_t)count * width <= length;
}

/* The segments must cover the rows in order without a gap; otherwise the batch is refused. */
static kd_packed_result copy_segments(kd_input_view *view, uint32_t position, uint32_t count) {
  if (count > view->segments_max) {
    kd_segment *grown = realloc(view->segments, (size_t)count * sizeof *grown);
    if (!grown) return KD_PACKED_SEGMENTS;
    view->segments = grown;
    view->segments_max = count;
  }
  if (count) memcpy(view->segments, view->block + position, (size_t)count * sizeof(kd_segment));
  uint64_t row = 0;
  for (uint32_t i = 0; i < count; i++) {
    const kd_segment *segment = &view->segments[i];
    bool fault = segment->kind == KD_SEGMENT_FAULT;
    if ((!fault && segment->kind != KD_SEGMENT_RECORDS) || segment->first_row != row ||
        fault != (segment->row_count == 0) || segment->epoch == 0)
      return KD_PACKED_SEGMENT;
    if (fault && (uint64_t)segment->text_position + segment->text_length > view->length)
      return KD_PACKED_SEGMENT;
    row += segment->row_count;
  }
  view->segment_count = count;
  return row == view->row_count ? KD_PACKED_OK : KD_PACKED_SEGMENT;
}

kd_packed_result kd_input_open(kd_input_view *view, const uint8_t *block, size_t length) {
  kd_input_header header;
  view->row_count = view->segment_count = 0;
  if (length < KD_HEADER_BYTES || length > UINT32_MAX) return KD_PACKED_SHORT;
  memcpy(&header, block, sizeof header);
  if (header.magic != KD_INPUT_MAGIC) return KD_PACKED_MAGIC;
  if (header.block_length > length || header.block_length < KD_HEADER_BYTES) return KD_PACKED_LENGTH;
  view->block = block;
  view->length = header.block_length;
  view->rows_position = header.rows_position;
  if (!table_inside(header.rows_position, header.row_count, KD_INPUT_ROW_BYTES, view->length))
    return KD_PACKED_ROWS;
  if (!table_inside(header.segments_position, header.segment_count, KD_SEGMENT_BYTES, view->length))
    return KD_PACKED_SEGMENTS;
  view->row_count = header.row_count;
  kd_packed_result result = copy_segments(view, header.segments_position, header.segment_count);
  if (result != KD_PACKED_OK) view->row_count = view->segment_count = 0;
  return result;
}

void kd_input_free(kd_input_view *view) {
  free(view->segments);
  *view = (kd_input_view){0};
}

bool kd_input_record_at(const kd_input_view *view, uint32_t index, kd_input_record *record) {
  if (index >= view->row_count) return false;
  kd_input_row row;
  memcpy(&row, view->block + view->rows_position + (size_t)index * KD_INPUT_ROW_BYTES, sizeof row);
  if (row.key_length < -1 || row.value_length < -1 || row.headers_length < -1) return false;
  record->key_length = row.key_length < 0 ? 0 : (uint32_t)row.key_length;
  record->value_length = row.value_length < 0 ? 0 : (uint32_t)row.value_length;
  record->headers_length = row.headers_length < 0 ? 0 : (uint32_t)row.headers_length;
  if ((uint64_t)row.position + record->key_length + record->value_length + record->headers_length >
      view->length)
    return false;
  const uint8_t *at = view->block + row.position;
  record->offset = row.offset;
  record->timestamp = row.timestamp;
  record->key = row.key_length < 0 ? NULL : at;
  record->value = row.value_length < 0 ? NULL : at + record->key_length;
  record->headers = row.headers_length < 0 ? NULL : at + record->key_length + record->value_length;
  return true;
}

const kd_segment *kd_input_segment_of(const kd_input_view *view, uint32_t row, uint32_t *hint) {
  const kd_segment *segment = &view->segments[*hint < view->segment_count ? *hint : 0];
  if (row >= segment->first_row && row - segment->first_row < segment->row_count) return segment;
  uint32_t low = 0, high = view->segment_count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (view->segments[middle].first_row <= row)
      low = middle;
    else
      high = middle;
  }
  /* Faults have no rows and share their first row with the segment after them: step back to the one that
   * has rows. */
  while (low > 0 && (view->segments[low].row_count == 0 || view->segments[low].first_row > row)) low--;
  *hint = low;
  return &view->segments[low];
}

kd_packed_result kd_output_open(kd_output_view *view, const uint8_t *block, size_t length) {
  kd_output_header header;
  view->row_count = view->source_row_count = 0;
  if (length < KD_HEADER_BYTES || length > UINT32_MAX) return KD_PACKED_SHORT;
  memcpy(&header, block, sizeof header);
  if (header.magic != KD_OUTPUT_MAGIC) return KD_PACKED_MAGIC;
  if (header.block_length > length || header.block_length < KD_HEADER_BYTES) return KD_PACKED_LENGTH;
  if (!table_inside(header.rows_position, header.row_count, KD_OUTPUT_ROW_BYTES, header.block_length))
    return KD_PACKED_ROWS;
  if ((uint64_t)header.first_source_row + header.source_row_count > UINT32_MAX) return KD_PACKED_SOURCE_ROWS;
  /* An identity batch has neither outcomes nor rows that would limit this number; its input batch does,
   * see writer_rows.c. */
  bool identity = (header.flags & KD_OUTPUT_IDENTITY) != 0;
  if (!identity && KD_HEADER_BYTES + (uint64_t)header.source_row_count > header.block_length)
    return KD_PACKED_SOURCE_ROWS;
  *view = (kd_output_view){
      .block = block,
      .length = header.block_length,
      .row_count = identity ? 0 : header.row_count,
      .rows_position = header.rows_position,
      .first_source_row = header.first_source_row,
      .source_row_count = header.source_row_count,
      .flags = header.flags,
      .identity_topic = header.identity_topic,
  };
  return KD_PACKED_OK;
}

static bool field_inside(const kd_output_view *view, uint32_t position, int32_t length, const uint8_t **data,
                         uint32_t *bytes) {
  *data = NULL;
  *bytes = 0;
  if (length == -1) return true;
  if (length < -1 || (uint64_t)position + (uint32_t)length > view->length) return false;
  *data = view->block + position;
  *bytes = (uint32_t)length;
  return true;
}

bool kd_output_record_at(const kd_output_view *view, uint32_t index, kd_output_record *record) {
  if (index >= view->row_count) return false;
  kd_output_row row;
  memcpy(&row, view->block + view->rows_position + (size_t)index * KD_OUTPUT_ROW_BYTES, sizeof row);
  *record = (kd_output_record){.source_row = row.source_row,
                               .topic = row.topic,
                               .flags = row.flags,
                               .partition = row.partition,
                               .timestamp = row.timestamp};
  if (row.partition < -1) return false;
  if (row.source_row < view->first_source_row ||
      row.source_row - view->first_source_row >= view->source_row_count)
    return false;
  return ((row.flags & KD_ROW_KEY_OF_SOURCE) ||
          field_inside(view, row.key_position, row.key_length, &record->key, &record->key_length)) &&
         ((row.flags & KD_ROW_VALUE_OF_SOURCE) ||
          field_inside(view, row.value_position, row.value_length, &record->value, &record->value_length)) &&
         ((row.flags & KD_ROW_HEADERS_OF_SOURCE) ||
          field_inside(view, row.headers_position, row.headers_length, &record->headers,
                       &record->headers_length));
}

uint32_t kd_murmur2(const void *data, size_t length) {
  const uint32_t m = 0x5bd1e995u;
  const uint8_t *at = data;
  uint32_t hash = 0x9747b28cu ^ (uint32_t)length;
  for (; length >= 4; at += 4, length -= 4) {
    uint32_t k;
    memcpy(&k, at, 4);
    k *= m;
    k ^= k >> 24;
    k *= m;
    hash *= m;
    hash ^= k;
  }
  if (length >= 3) hash ^= (uint32_t)at[2] << 16;
  if (length >= 2) hash ^= (uint32_t)at[1] << 8;
  if (length >= 1) {
    hash ^= at[0];
    hash *= m;
  }
  hash ^= hash >> 13;
  hash *= m;
  hash ^= hash >> 15;
  return hash;
}

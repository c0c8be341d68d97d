/* Packs records and faults into an input block: rows from its start, bytes from its end. */
#include "packed.h"

void kd_packer_begin(kd_packer *packer, uint8_t *block, uint32_t length) {
  packer->block = block;
  packer->length = length & ~7u;
  packer->row_count = 0;
  packer->rows_end = KD_HEADER_BYTES;
  packer->bytes_position = packer->length;
  packer->segment_count = 0;
  packer->first_timestamp = packer->last_timestamp = -1;
}

uint64_t kd_packer_bytes_alone(uint64_t payload_bytes) {
  return (KD_HEADER_BYTES + KD_INPUT_ROW_BYTES + KD_SEGMENT_BYTES + payload_bytes + 7u) & ~(uint64_t)7u;
}

uint32_t kd_packer_packed_bytes(const kd_packer *packer) {
  return packer->rows_end + packer->segment_count * KD_SEGMENT_BYTES +
         (packer->length - packer->bytes_position);
}

static inline void note_timestamp(kd_packer *packer, int64_t timestamp) {
  if (timestamp < 0) return;
  if (packer->first_timestamp < 0 || timestamp < packer->first_timestamp) packer->first_timestamp = timestamp;
  if (timestamp > packer->last_timestamp) packer->last_timestamp = timestamp;
}

static bool fits(const kd_packer *packer, uint64_t payload, uint32_t rows, uint32_t segments) {
  uint64_t low = (uint64_t)packer->rows_end + (uint64_t)rows * KD_INPUT_ROW_BYTES +
                 (uint64_t)(packer->segment_count + segments) * KD_SEGMENT_BYTES;
  return packer->segment_count + segments <= packer->segments_max && low + payload <= packer->bytes_position;
}

bool kd_packer_add(kd_packer *packer, const kd_record *record, uint32_t partition_id, uint32_t epoch,
                   uint8_t **headers_at) {
  size_t key_length = record->key ? record->key_length : 0;
  size_t value_length = record->value ? record->value_length : 0;
  size_t headers_length = record->headers_length > 0 ? (size_t)record->headers_length : 0;
  uint64_t payload = (uint64_t)key_length + value_length + headers_length;
  kd_segment *segment = packer->segment_count ? &packer->segments[packer->segment_count - 1] : NULL;
  bool same = segment && segment->partition_id == partition_id && segment->epoch == epoch;
  if (key_length > INT32_MAX || value_length > INT32_MAX || headers_length > INT32_MAX ||
      !fits(packer, payload, 1, same ? 0 : 1))
    return false;
  if (!same) {
    segment = &packer->segments[packer->segment_count++];
    *segment = (kd_segment){.partition_id = partition_id,
                            .epoch = epoch,
                            .first_row = packer->row_count,
                            .first_offset = record->offset};
  }
  segment->row_count++;
  segment->last_offset = record->offset;
  note_timestamp(packer, record->timestamp);
  packer->bytes_position -= (uint32_t)payload;
  kd_input_row row = {
      .offset = record->offset,
      .timestamp = record->timestamp,
      .position = packer->bytes_position,
      .key_length = record->key ? (int32_t)key_length : -1,
      .value_length = record->value ? (int32_t)value_length : -1,
      .headers_length = record->headers_length < 0 ? -1 : (int32_t)headers_length,
  };
  memcpy(packer->block + packer->rows_end, &row, sizeof row);
  packer->rows_end += KD_INPUT_ROW_BYTES;
  packer->row_count++;
  uint8_t *to = packer->block + packer->bytes_position;
  if (key_length) memcpy(to, record->key, key_length);
  if (value_length) memcpy(to + key_length, record->value, value_length);
  if (headers_at) *headers_at = to + key_length + value_length;
  return true;
}

bool kd_packer_fault(kd_packer *packer, const kd_segment *fault, const char *text, size_t text_length) {
  if (!fits(packer, 0, 0, 1)) return false;
  uint32_t room = packer->bytes_position - packer->rows_end - (packer->segment_count + 1) * KD_SEGMENT_BYTES;
  uint32_t length = text_length < room ? (uint32_t)text_length : room;
  packer->bytes_position -= length;
  if (length) memcpy(packer->block + packer->bytes_position, text, length);
  kd_segment *segment = &packer->segments[packer->segment_count++];
  *segment = *fault;
  segment->first_row = packer->row_count;
  segment->row_count = 0;
  segment->kind = KD_SEGMENT_FAULT;
  segment->text_position = packer->bytes_position;
  segment->text_length = length;
  return true;
}

uint32_t kd_packer_close(kd_packer *packer) {
  kd_input_header header = {
      .magic = KD_INPUT_MAGIC,
      .row_count = packer->row_count,
      .rows_position = KD_HEADER_BYTES,
      .segment_count = packer->segment_count,
      .segments_position = packer->rows_end,
      .bytes_position = packer->bytes_position,
      .block_length = packer->length,
      .packed_bytes = kd_packer_packed_bytes(packer),
      .first_timestamp = packer->first_timestamp,
      .last_timestamp = packer->last_timestamp,
  };
  if (packer->segment_count)
    memcpy(packer->block + packer->rows_end, packer->segments, packer->segment_count * sizeof(kd_segment));
  memcpy(packer->block, &header, sizeof header);
  return header.packed_bytes;
}

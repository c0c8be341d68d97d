#include "receipt_rows.h"

size_t kd_receipt_bytes(kd_receipt_kind kind, uint32_t row_count) {
  switch (kind) {
  case KD_RECEIPT_SUM: return sizeof(kd_hash);
  case KD_RECEIPT_MARKS: return sizeof(kd_hash) + row_count;
  case KD_RECEIPT_RECORDS: return (size_t)row_count * sizeof(kd_hash);
  default: return (size_t)row_count * sizeof(double);
  }
}

bool kd_receipt_rows(const kd_input_view *view, uint32_t first_row, uint32_t row_count, kd_receipt_kind kind,
                     uint8_t *to) {
  if ((uint64_t)first_row + row_count > view->row_count) return false;
  kd_hash sum = {0, 0};
  uint8_t *marks = to + sizeof sum;
  for (uint32_t row = 0; row < row_count; row++) {
    kd_input_record record;
    if (!kd_input_record_at(view, first_row + row, &record)) return false;
    if (kind == KD_RECEIPT_TWINS) {
      /* The upper 53 bits, which a double holds exactly. */
      double twin = (double)(kd_hash_twin(&record) >> 11);
      memcpy(to + (size_t)row * sizeof twin, &twin, sizeof twin);
      continue;
    }
    kd_hash hash = kd_hash_input(&record);
    if (kind == KD_RECEIPT_RECORDS) {
      memcpy(to + (size_t)row * sizeof hash, &hash, sizeof hash);
      continue;
    }
    kd_hash_add(&sum, hash);
    if (kind == KD_RECEIPT_MARKS) marks[row] = kd_hash_mark(hash);
  }
  if (kind == KD_RECEIPT_SUM || kind == KD_RECEIPT_MARKS) memcpy(to, &sum, sizeof sum);
  return true;
}

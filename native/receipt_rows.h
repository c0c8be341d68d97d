/* The rows of an input block, hashed for a receipt or for its verification. */
#ifndef KD_RECEIPT_ROWS_H
#define KD_RECEIPT_ROWS_H

#include "record_hash.h"

/* KD_RECEIPT_SUM: one kd_hash, the sum. KD_RECEIPT_MARKS: the sum, and a byte per row. KD_RECEIPT_RECORDS:
 * one kd_hash per row. KD_RECEIPT_TWINS: a double per row, for finding equal records. */
typedef enum { KD_RECEIPT_SUM, KD_RECEIPT_MARKS, KD_RECEIPT_RECORDS, KD_RECEIPT_TWINS } kd_receipt_kind;

size_t kd_receipt_bytes(kd_receipt_kind kind, uint32_t row_count);
/* False: the view does not have these rows, or one of them does not fit its block. */
bool kd_receipt_rows(const kd_input_view *view, uint32_t first_row, uint32_t row_count, kd_receipt_kind kind,
                     uint8_t *to);

#endif

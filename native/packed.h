/* The packed batch (docs/WIRE.md) in C: the packer of input batches and the readers of both kinds. Blocks
 * are shared memory that other threads could still write to. Readers therefore copy a row into local
 * variables and check those, so no position or length is used that was not compared with the real size of
 * the block. */
#ifndef KD_PACKED_H
#define KD_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the packed layout is written with native stores");

#define KD_INPUT_MAGIC 0x3149444bu
#define KD_OUTPUT_MAGIC 0x314f444bu
#define KD_HEADER_BYTES 64u
#define KD_INPUT_ROW_BYTES 32u
#define KD_SEGMENT_BYTES 48u
#define KD_OUTPUT_ROW_BYTES 48u
/* An empty block of this size holds one fault with a (cut) text, or one small record. */
#define KD_BLOCK_BYTES_MIN 256u
#define KD_BLOCK_BYTES_MAX 0x7ffffff8u

enum { KD_SEGMENT_RECORDS = 0, KD_SEGMENT_FAULT = 1 };
enum { KD_OUTPUT_IDENTITY = 1 };
enum {
  KD_ROW_KEY_OF_SOURCE = 1,
  KD_ROW_VALUE_OF_SOURCE = 2,
  KD_ROW_HEADERS_OF_SOURCE = 4,
  KD_ROW_TIMESTAMP_OF_SOURCE = 8,
  KD_ROW_DEAD_LETTER = 16,
  KD_ROW_KEY_SET = 32,
};

/* Why a block was refused; names come from kd_packed_error(). */
typedef enum {
  KD_PACKED_OK = 0,
  KD_PACKED_SHORT,
  KD_PACKED_MAGIC,
  KD_PACKED_LENGTH,
  KD_PACKED_ROWS,
  KD_PACKED_SEGMENTS,
  KD_PACKED_SEGMENT,
  KD_PACKED_SOURCE_ROWS,
} kd_packed_result;

const char *kd_packed_error(kd_packed_result result);

/* The four structs below are the wire format itself: their sizes are part of the contract. */
typedef struct {
  uint32_t magic, row_count, rows_position, segment_count, segments_position, bytes_position, block_length,
      packed_bytes;
  int64_t first_timestamp, last_timestamp;
  uint32_t zero[4];
} kd_input_header;

typedef struct {
  int64_t offset, timestamp;
  uint32_t position;
  int32_t key_length, value_length, headers_length;
} kd_input_row;

typedef struct {
  uint32_t partition_id, epoch, first_row, row_count;
  int64_t first_offset, last_offset;
  uint32_t kind;
  int32_t error_code;
  uint32_t text_position, text_length;
} kd_segment;

typedef struct {
  uint32_t magic, row_count, rows_position, first_source_row, source_row_count, bytes_position, block_length,
      flags;
  uint32_t identity_topic, packed_bytes, lowest_unfinished_row, highest_started_row, progress;
  uint32_t zero[3];
} kd_output_header;

typedef struct {
  uint32_t source_row;
  uint16_t topic, flags;
  int32_t partition;
  uint32_t zero;
  int64_t timestamp;
  uint32_t key_position;
  int32_t key_length;
  uint32_t value_position;
  int32_t value_length;
  uint32_t headers_position;
  int32_t headers_length;
} kd_output_row;

_Static_assert(sizeof(kd_input_header) == KD_HEADER_BYTES, "input header");
_Static_assert(sizeof(kd_input_row) == KD_INPUT_ROW_BYTES, "input row");
_Static_assert(sizeof(kd_segment) == KD_SEGMENT_BYTES, "segment");
_Static_assert(sizeof(kd_output_header) == KD_HEADER_BYTES, "output header");
_Static_assert(sizeof(kd_output_row) == KD_OUTPUT_ROW_BYTES, "output row");

/* ---- packing an input batch ---- */

typedef struct {
  uint8_t *block;
  uint32_t length;
  uint32_t row_count;
  uint32_t rows_end;
  uint32_t bytes_position;
  /* The lowest and the highest timestamp of the rows; -1: none has one. */
  int64_t first_timestamp, last_timestamp;
  /* Segments are kept here until the batch is closed: they follow the rows, whose number is not known
   * before. */
  kd_segment *segments;
  uint32_t segment_count;
  uint32_t segments_max;
} kd_packer;

/* One record in the client library's memory. data == NULL: null; headers are already packed. */
typedef struct {
  int64_t offset, timestamp;
  const void *key, *value;
  size_t key_length, value_length;
  /* -1: no headers. */
  int64_t headers_length;
} kd_record;

void kd_packer_begin(kd_packer *packer, uint8_t *block, uint32_t length);
/* Length of a block in which a record with this many payload bytes would just fit alone. */
uint64_t kd_packer_bytes_alone(uint64_t payload_bytes);
/* Header, rows, segments and payload so far. */
uint32_t kd_packer_packed_bytes(const kd_packer *packer);
/*
 * Adds a row of (partition_id, epoch); false: it does not fit. `headers_at` receives where the caller has to
 * write record->headers_length bytes; may be NULL when there are no headers.
 */
bool kd_packer_add(kd_packer *packer, const kd_record *record, uint32_t partition_id, uint32_t epoch,
                   uint8_t **headers_at);
/* Adds a fault after all rows; its text is cut to what fits. False: not even the segment fits. */
bool kd_packer_fault(kd_packer *packer, const kd_segment *fault, const char *text, size_t text_length);
/* Writes header and segments. Returns packed bytes. */
uint32_t kd_packer_close(kd_packer *packer);

/* ---- packed headers ---- */

typedef struct {
  const uint8_t *next;
  uint32_t left;
} kd_headers_cursor;

typedef struct {
  const uint8_t *name;
  uint32_t name_length;
  const uint8_t *value;
  /* -1: null. */
  int32_t value_length;
} kd_header;

#define KD_HEADER_PREFIX_BYTES 8u

/* 1: `header` is set, 0: no more, -1: malformed. */
int kd_headers_next(kd_headers_cursor *cursor, kd_header *header);
/* Writes one packed header to `to` and returns the position after it. value == NULL: null. */
uint8_t *kd_headers_put(uint8_t *to, const void *name, uint32_t name_length, const void *value,
                        uint32_t value_length);

/* ---- reading ---- */

typedef struct {
  const uint8_t *block;
  uint32_t length;
  uint32_t row_count;
  uint32_t rows_position;
  /* A private, checked copy. */
  kd_segment *segments;
  uint32_t segment_count;
  uint32_t segments_max;
} kd_input_view;

/* A row in local variables; pointers stay inside the block. NULL: null. */
typedef struct {
  int64_t offset, timestamp;
  const uint8_t *key, *value, *headers;
  uint32_t key_length, value_length, headers_length;
} kd_input_record;

/* The view owns its copy of the segments: start from a zeroed one, reuse it for any number of blocks, free
 * it at the end. */
kd_packed_result kd_input_open(kd_input_view *view, const uint8_t *block, size_t length);
void kd_input_free(kd_input_view *view);
bool kd_input_record_at(const kd_input_view *view, uint32_t row, kd_input_record *record);
/* The segment of a row; `hint` is the segment found last. Never fails for row < row_count of an opened
 * view. */
const kd_segment *kd_input_segment_of(const kd_input_view *view, uint32_t row, uint32_t *hint);

typedef struct {
  const uint8_t *block;
  uint32_t length;
  uint32_t row_count;
  uint32_t rows_position;
  uint32_t first_source_row;
  uint32_t source_row_count;
  uint32_t flags;
  uint32_t identity_topic;
} kd_output_view;

typedef struct {
  uint32_t source_row;
  uint16_t topic, flags;
  int32_t partition;
  int64_t timestamp;
  const uint8_t *key, *value, *headers;
  uint32_t key_length, value_length, headers_length;
} kd_output_record;

kd_packed_result kd_output_open(kd_output_view *view, const uint8_t *block, size_t length);
/* Fields that the flags take from the source are left NULL. */
bool kd_output_record_at(const kd_output_view *view, uint32_t row, kd_output_record *record);

/* The hash of Kafka's default partitioner (Java). */
uint32_t kd_murmur2(const void *data, size_t length);
static inline int32_t kd_murmur2_partition(const void *key, size_t length, int32_t partition_count) {
  return (int32_t)((kd_murmur2(key, length) & 0x7fffffffu) % (uint32_t)partition_count);
}

#endif

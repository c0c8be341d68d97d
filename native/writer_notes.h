/* What became of the rows of a part, for receipts: kept per row until the part settles, then reported by topic
 * and partition. Off by default. */
#ifndef KD_WRITER_NOTES_H
#define KD_WRITER_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record_hash.h"

/* Topics and segments that fit into a note's `place`. */
#define KD_NOTE_SEGMENT_BITS 20u
#define KD_NOTE_SEGMENTS_MAX (1u << KD_NOTE_SEGMENT_BITS)

typedef struct {
  /* Of the content, until the acknowledgement adds the timestamp. */
  kd_hash hash;
  /* KD_NOTE_NONE until it is acknowledged. */
  int64_t offset;
  uint32_t partition;
  /* Topic and segment of the source row. */
  uint32_t place;
} kd_note;

_Static_assert(sizeof(kd_note) == 32, "two notes share a cache line");

enum { KD_NOTE_NONE = -1, KD_NOTE_UNPLACED = -2 };

typedef struct {
  kd_note *rows;
  uint32_t rows_max;
  /* 0: nothing is noted of this part. */
  uint32_t row_count;
  /* Number of the first row: opaques of identity batches carry source rows. */
  uint32_t first_row;
  uint32_t segment_count;
  uint8_t *report;
  size_t report_length;
} kd_notes;

/* The header of a report; docs/WIRE.md has the layout. */
typedef struct {
  uint32_t group_count, segment_count;
  /* Acknowledged, but the broker named no offset: it knew the batch as a duplicate. */
  uint32_t unplaced, zero;
} kd_notes_header;

typedef struct {
  uint32_t topic, partition, records, run_count;
  kd_hash sum;
  uint32_t runs_position, marks_position;
} kd_notes_group;

_Static_assert(sizeof(kd_notes_group) == 40, "group");

/* Consecutive offsets. */
typedef struct {
  double first, count;
} kd_notes_run;

/* Call it before the first row of a part is sent. */
void kd_notes_begin(kd_notes *notes, uint32_t first_row, uint32_t row_count, uint32_t segment_count);
/* Call it when the last row is settled. The report belongs to the notes. */
void kd_notes_report(kd_notes *notes);
void kd_notes_forget_report(kd_notes *notes);
void kd_notes_free(kd_notes *notes);

/* NULL: no such row. */
static inline kd_note *kd_notes_at(kd_notes *notes, uint32_t row) {
  uint32_t index = row - notes->first_row;
  return index < notes->row_count ? &notes->rows[index] : NULL;
}

static inline void kd_notes_sent(kd_notes *notes, uint32_t row, kd_hash content, uint32_t topic,
                                 uint32_t partition, uint32_t segment) {
  kd_note *note = kd_notes_at(notes, row);
  if (!note) return;
  if (segment >= KD_NOTE_SEGMENTS_MAX) segment = KD_NOTE_SEGMENTS_MAX - 1;
  note->hash = content;
  note->partition = partition;
  note->place = topic << KD_NOTE_SEGMENT_BITS | segment;
}

/* Runs on librdkafka's threads. */
static inline void kd_notes_acknowledged(kd_notes *notes, uint32_t row, int64_t offset, int64_t timestamp) {
  kd_note *note = kd_notes_at(notes, row);
  if (!note) return;
  note->hash = kd_hash_record(note->hash, timestamp);
  note->offset = offset < 0 ? KD_NOTE_UNPLACED : offset;
}

#endif

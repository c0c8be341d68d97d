/* The fate of the rows of a part, for receipts: kept per row until the part settles, then reported by
 * topic and partition. Off by default. */
#ifndef KD_WRITER_NOTES_H
#define KD_WRITER_NOTES_H

#include <stdatomic.h>
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
  /* Once acknowledged its offset (below 0: not known), before that the timestamp of the source. */
  int64_t offset;
  /* With KD_NOTE_ACKNOWLEDGED. */
  uint32_t partition;
  /* Topic and segment of the source row. */
  uint32_t place;
} kd_note;

_Static_assert(sizeof(kd_note) == 32, "two notes share a cache line");

#define KD_NOTE_ACKNOWLEDGED 0x80000000u

typedef struct {
  kd_note *rows;
  uint32_t rows_max;
  /* 0: nothing is noted of this part. */
  uint32_t row_count;
  /* Number of the first row: opaques of identity batches carry source rows. */
  uint32_t first_row;
  uint32_t segment_count;
  /* The rows are those of the input, so their hashes are, too, unless another timestamp was written. */
  bool identity;
  _Atomic bool other_timestamps;
  uint8_t *report;
  size_t report_length;
} kd_notes;

/* The header of a report; docs/WIRE.md has the layout. */
typedef struct {
  uint32_t group_count, segment_count;
  /* Acknowledged, but the broker named no offset: it knew the batch as a duplicate. */
  uint32_t unplaced;
  /* Of the input's marks, one per row of the part; the segments' sums are directly before the groups. 0: they
   * are not the same as the output's. */
  uint32_t input_marks_position;
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
void kd_notes_begin(kd_notes *notes, uint32_t first_row, uint32_t row_count, uint32_t segment_count,
                    bool identity);
/* Call it when the last row is settled. The report belongs to the notes. */
void kd_notes_report(kd_notes *notes);
void kd_notes_forget_report(kd_notes *notes);
void kd_notes_free(kd_notes *notes);

/* NULL: no such row. */
static inline kd_note *kd_notes_at(kd_notes *notes, uint32_t row) {
  uint32_t index = row - notes->first_row;
  return index < notes->row_count ? &notes->rows[index] : NULL;
}

/* Every row is either sent or not: nothing is known of the others. */
static inline void kd_notes_not_sent(kd_notes *notes, uint32_t row) {
  kd_note *note = kd_notes_at(notes, row);
  if (note) note->partition = 0;
}

static inline void kd_notes_sent(kd_notes *notes, uint32_t row, kd_hash content, int64_t timestamp,
                                 uint32_t topic, uint32_t partition, uint32_t segment) {
  kd_note *note = kd_notes_at(notes, row);
  if (!note) return;
  if (segment >= KD_NOTE_SEGMENTS_MAX) segment = KD_NOTE_SEGMENTS_MAX - 1;
  note->hash = content;
  note->offset = timestamp;
  note->partition = partition & ~KD_NOTE_ACKNOWLEDGED;
  note->place = topic << KD_NOTE_SEGMENT_BITS | segment;
}

/* Runs on librdkafka's threads. */
static inline void kd_notes_acknowledged(kd_notes *notes, uint32_t row, int64_t offset, int64_t timestamp) {
  kd_note *note = kd_notes_at(notes, row);
  if (!note) return;
  if (note->offset != timestamp) atomic_store_explicit(&notes->other_timestamps, true, memory_order_relaxed);
  note->hash = kd_hash_record(note->hash, timestamp);
  note->offset = offset;
  note->partition |= KD_NOTE_ACKNOWLEDGED;
}

#endif

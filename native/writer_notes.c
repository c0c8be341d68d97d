#include "writer_notes.h"

#include <stdlib.h>

#define CACHE_SLOTS 256u
#define GROUPS_FIRST 16u

/* A group while rows are counted and written. */
typedef struct {
  kd_notes_group group;
  int64_t last;
  kd_notes_run *runs;
  uint8_t *marks;
} counted_group;

typedef struct {
  counted_group *groups;
  uint32_t count, max;
  /* Index of a group by topic and partition, plus one. */
  uint32_t cache[CACHE_SLOTS];
} counting;

/* What was acknowledged and can't be noted would be missing from the receipt, so the process must end. */
static void *must(void *memory) {
  if (!memory) abort();
  return memory;
}

void kd_notes_begin(kd_notes *notes, uint32_t first_row, uint32_t row_count, uint32_t segment_count) {
  if (row_count > notes->rows_max) {
    free(notes->rows);
    notes->rows = must(malloc((size_t)row_count * sizeof *notes->rows));
    notes->rows_max = row_count;
  }
  for (uint32_t row = 0; row < row_count; row++) notes->rows[row].offset = KD_NOTE_NONE;
  notes->first_row = first_row;
  notes->row_count = row_count;
  notes->segment_count = segment_count < KD_NOTE_SEGMENTS_MAX ? segment_count : KD_NOTE_SEGMENTS_MAX;
}

static bool is_group(const counted_group *counted, uint32_t topic, uint32_t partition) {
  return counted->group.topic == topic && counted->group.partition == partition;
}

static uint32_t group_of(counting *counting, uint32_t topic, uint32_t partition) {
  uint32_t *cached = &counting->cache[(topic * 31 + partition) % CACHE_SLOTS];
  if (*cached && is_group(&counting->groups[*cached - 1], topic, partition)) return *cached - 1;
  uint32_t index = 0;
  while (index < counting->count && !is_group(&counting->groups[index], topic, partition)) index++;
  if (index == counting->count) {
    if (counting->count == counting->max) {
      counting->max = counting->max ? counting->max * 2 : GROUPS_FIRST;
      counting->groups = must(realloc(counting->groups, counting->max * sizeof *counting->groups));
    }
    counting->groups[counting->count++] =
        (counted_group){.group = {.topic = topic, .partition = partition}, .last = -2};
  }
  *cached = index + 1;
  return index;
}

/* Counts by group and by segment; a note's partition becomes the number of its group. */
static uint32_t count(kd_notes *notes, counting *counting, uint32_t *outputs) {
  uint32_t unplaced = 0;
  for (uint32_t row = 0; row < notes->row_count; row++) {
    kd_note *note = &notes->rows[row];
    if (note->offset == KD_NOTE_NONE) continue;
    uint32_t segment = note->place & (KD_NOTE_SEGMENTS_MAX - 1);
    if (segment < notes->segment_count) outputs[segment]++;
    if (note->offset == KD_NOTE_UNPLACED) {
      unplaced++;
      continue;
    }
    uint32_t index = group_of(counting, note->place >> KD_NOTE_SEGMENT_BITS, note->partition);
    counted_group *counted = &counting->groups[index];
    note->partition = index;
    counted->group.records++;
    counted->group.run_count += note->offset != counted->last + 1;
    counted->last = note->offset;
    kd_hash_add(&counted->group.sum, note->hash);
  }
  return unplaced;
}

static uint32_t aligned(uint32_t position) {
  return (position + 7u) & ~7u;
}

/* Where each group's runs and marks will be. Returns the report's length. */
static size_t lay_out(counting *counting, uint32_t position) {
  position += counting->count * (uint32_t)sizeof(kd_notes_group);
  for (uint32_t i = 0; i < counting->count; i++) {
    kd_notes_group *group = &counting->groups[i].group;
    group->runs_position = position;
    group->marks_position = position + group->run_count * (uint32_t)sizeof(kd_notes_run);
    position = aligned(group->marks_position + group->records);
  }
  return position;
}

static void write_rows(const kd_notes *notes, counting *counting, uint8_t *report) {
  for (uint32_t i = 0; i < counting->count; i++) {
    counted_group *counted = &counting->groups[i];
    /* One before the first run: the first record begins it. */
    counted->runs = (kd_notes_run *)(void *)(report + counted->group.runs_position) - 1;
    counted->marks = report + counted->group.marks_position;
    counted->last = -2;
  }
  for (uint32_t row = 0; row < notes->row_count; row++) {
    const kd_note *note = &notes->rows[row];
    if (note->offset < 0) continue;
    counted_group *counted = &counting->groups[note->partition];
    if (note->offset != counted->last + 1) *++counted->runs = (kd_notes_run){.first = (double)note->offset};
    counted->runs->count++;
    counted->last = note->offset;
    *counted->marks++ = kd_hash_mark(note->hash);
  }
}

void kd_notes_report(kd_notes *notes) {
  counting counting = {0};
  uint32_t *outputs = must(calloc(notes->segment_count + 1, sizeof *outputs));
  uint32_t unplaced = count(notes, &counting, outputs);
  uint32_t segments_bytes = notes->segment_count * (uint32_t)sizeof *outputs;
  uint32_t groups_position = aligned((uint32_t)sizeof(kd_notes_header) + segments_bytes);
  notes->report_length = lay_out(&counting, groups_position);
  notes->report = must(calloc(1, notes->report_length));
  kd_notes_header header = {
      .group_count = counting.count, .segment_count = notes->segment_count, .unplaced = unplaced};
  memcpy(notes->report, &header, sizeof header);
  memcpy(notes->report + sizeof header, outputs, segments_bytes);
  for (uint32_t i = 0; i < counting.count; i++)
    memcpy(notes->report + groups_position + i * sizeof(kd_notes_group), &counting.groups[i].group,
           sizeof(kd_notes_group));
  write_rows(notes, &counting, notes->report);
  free(outputs);
  free(counting.groups);
}

void kd_notes_forget_report(kd_notes *notes) {
  free(notes->report);
  notes->report = NULL;
  notes->report_length = 0;
  notes->row_count = 0;
}

void kd_notes_free(kd_notes *notes) {
  kd_notes_forget_report(notes);
  free(notes->rows);
  notes->rows = NULL;
  notes->rows_max = 0;
}

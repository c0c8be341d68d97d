#include "writer_notes.h"

#include <stdlib.h>

#define CACHE_SLOTS 256u
#define GROUPS_FIRST 16u
#define RUNS_FIRST 4u
#define NO_GROUP UINT32_MAX

/* A group while rows are counted. */
typedef struct {
  kd_notes_group group;
  int64_t last;
  kd_notes_run *runs;
  uint32_t runs_max;
  uint8_t *marks;
} counted_group;

typedef struct {
  counted_group *groups;
  uint32_t count, max;
  /* Index of a group by topic and partition, plus one. */
  uint32_t cache[CACHE_SLOTS];
  /* By segment. */
  uint32_t *outputs;
  kd_hash *sums;
  /* By row; NO_GROUP: it is in none. */
  uint32_t *group_of_row;
  uint8_t *marks;
  uint32_t unplaced, acknowledged;
} counting;

/* What was acknowledged and can't be noted would be missing from the receipt, so the process must end. */
static void *must(void *memory) {
  if (!memory) abort();
  return memory;
}

void kd_notes_begin(kd_notes *notes, uint32_t first_row, uint32_t row_count, uint32_t segment_count,
                    bool identity) {
  if (row_count > notes->rows_max) {
    free(notes->rows);
    notes->rows = must(malloc((size_t)row_count * sizeof *notes->rows));
    notes->rows_max = row_count;
  }
  notes->first_row = first_row;
  notes->row_count = row_count;
  notes->segment_count = segment_count < KD_NOTE_SEGMENTS_MAX ? segment_count : KD_NOTE_SEGMENTS_MAX;
  notes->identity = identity;
  atomic_store_explicit(&notes->other_timestamps, false, memory_order_relaxed);
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

static void begin_run(counted_group *counted, int64_t offset) {
  if (counted->group.run_count == counted->runs_max) {
    counted->runs_max = counted->runs_max ? counted->runs_max * 2 : RUNS_FIRST;
    counted->runs = must(realloc(counted->runs, counted->runs_max * sizeof *counted->runs));
  }
  counted->runs[counted->group.run_count++] = (kd_notes_run){.first = (double)offset};
}

static void count_row(counting *counting, uint32_t row, const kd_note *note, uint32_t segment_count) {
  uint32_t segment = note->place & (KD_NOTE_SEGMENTS_MAX - 1);
  counting->acknowledged++;
  counting->marks[row] = kd_hash_mark(note->hash);
  if (segment < segment_count) {
    counting->outputs[segment]++;
    kd_hash_add(&counting->sums[segment], note->hash);
  }
  if (note->offset < 0) {
    counting->unplaced++;
    return;
  }
  uint32_t index =
      group_of(counting, note->place >> KD_NOTE_SEGMENT_BITS, note->partition & ~KD_NOTE_ACKNOWLEDGED);
  counted_group *counted = &counting->groups[index];
  counting->group_of_row[row] = index;
  if (note->offset != counted->last + 1) begin_run(counted, note->offset);
  counted->runs[counted->group.run_count - 1].count++;
  counted->last = note->offset;
  counted->group.records++;
  kd_hash_add(&counted->group.sum, note->hash);
}

static uint32_t aligned(uint32_t position) {
  return (position + 7u) & ~7u;
}

/* Where each group's runs and marks will be. Returns where the groups end. */
static uint32_t lay_out(counting *counting, uint32_t position) {
  position += counting->count * (uint32_t)sizeof(kd_notes_group);
  for (uint32_t i = 0; i < counting->count; i++) {
    kd_notes_group *group = &counting->groups[i].group;
    group->runs_position = position;
    group->marks_position = position + group->run_count * (uint32_t)sizeof(kd_notes_run);
    position = aligned(group->marks_position + group->records);
  }
  return position;
}

static void write_groups(const kd_notes *notes, counting *counting, uint8_t *report, uint32_t position) {
  for (uint32_t i = 0; i < counting->count; i++) {
    counted_group *counted = &counting->groups[i];
    const kd_notes_group *group = &counted->group;
    memcpy(report + position + i * sizeof *group, group, sizeof *group);
    memcpy(report + group->runs_position, counted->runs, group->run_count * sizeof *counted->runs);
    counted->marks = report + group->marks_position;
  }
  for (uint32_t row = 0; row < notes->row_count; row++)
    if (counting->group_of_row[row] != NO_GROUP)
      *counting->groups[counting->group_of_row[row]].marks++ = counting->marks[row];
}

static void write_report(kd_notes *notes, counting *counting) {
  /* All rows were written as they were read. */
  bool as_input = notes->identity && counting->acknowledged == notes->row_count &&
                  !atomic_load_explicit(&notes->other_timestamps, memory_order_relaxed);
  uint32_t outputs_bytes = notes->segment_count * (uint32_t)sizeof *counting->outputs;
  uint32_t sums_bytes = as_input ? notes->segment_count * (uint32_t)sizeof *counting->sums : 0;
  uint32_t sums_position = aligned((uint32_t)sizeof(kd_notes_header) + outputs_bytes);
  uint32_t groups_position = sums_position + sums_bytes;
  uint32_t end = lay_out(counting, groups_position);
  kd_notes_header header = {.group_count = counting->count,
                            .segment_count = notes->segment_count,
                            .unplaced = counting->unplaced,
                            .input_marks_position = as_input ? end : 0};
  notes->report_length = (size_t)end + (as_input ? notes->row_count : 0);
  uint8_t *report = notes->report = must(calloc(1, notes->report_length));
  memcpy(report, &header, sizeof header);
  memcpy(report + sizeof header, counting->outputs, outputs_bytes);
  memcpy(report + sums_position, counting->sums, sums_bytes);
  write_groups(notes, counting, report, groups_position);
  if (as_input) memcpy(report + end, counting->marks, notes->row_count);
}

void kd_notes_report(kd_notes *notes) {
  counting counting = {
      .outputs = must(calloc(notes->segment_count + 1, sizeof *counting.outputs)),
      .sums = must(calloc(notes->segment_count + 1, sizeof *counting.sums)),
      .group_of_row = must(malloc(notes->row_count * sizeof *counting.group_of_row + 1)),
      .marks = must(malloc(notes->row_count + 1)),
  };
  for (uint32_t row = 0; row < notes->row_count; row++) {
    const kd_note *note = &notes->rows[row];
    counting.group_of_row[row] = NO_GROUP;
    if (note->partition & KD_NOTE_ACKNOWLEDGED) count_row(&counting, row, note, notes->segment_count);
  }
  write_report(notes, &counting);
  for (uint32_t i = 0; i < counting.count; i++) free(counting.groups[i].runs);
  free(counting.groups);
  free(counting.outputs);
  free(counting.sums);
  free(counting.group_of_row);
  free(counting.marks);
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

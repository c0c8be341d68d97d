/* Learns the shape of a record. This is rare, so it scans the record again, in a copy that no other
 * thread can change. */
#include <stdlib.h>

#include "scalar.h"
#include "shape.h"

/* A record cut into steps and values. Positions count from its start, as the marks of `cells` do. */
typedef struct {
  const uint8_t *text, *at, *end;
  const int32_t *cells;
  uint32_t count;
  /* Where each step begins and ends; the last one ends the record. */
  uint32_t begins[KD_JSON_STEPS_MAX + 1], ends[KD_JSON_STEPS_MAX + 1];
  unsigned seen[KD_JSON_STEPS_MAX + 1];
} cut_record;

static bool is_blank(uint8_t c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const uint8_t *behind_blanks(const uint8_t *at, const uint8_t *end) {
  while (at < end && is_blank(*at)) at++;
  return at;
}

/* Returns the end of the scalar at `at`; NULL if there is none. */
static const uint8_t *behind_scalar(const uint8_t *at, const uint8_t *end) {
  kd_json_scalar value;
  return at < end ? kd_json_scalar_end(at, end, end, &value) : NULL;
}

/* Returns the end of the array at `at`; NULL if its values contain others. */
static const uint8_t *behind_flat_array(const uint8_t *at, const uint8_t *end) {
  at = behind_blanks(at + 1, end);
  if (at < end && *at == ']') return at + 1;
  while ((at = behind_scalar(at, end))) {
    at = behind_blanks(at, end);
    if (at == end || *at == ']') break;
    at = behind_blanks(at + 1, end);
  }
  return at && at < end ? at + 1 : NULL;
}

/* Returns the end of a value that belongs to a step; NULL if the bytes here are between values. */
static const uint8_t *behind_value(const uint8_t *at, const uint8_t *end) {
  if (*at == '[') return behind_flat_array(at, end);
  const uint8_t *behind = behind_scalar(at, end);
  if (!behind || *at != '"') return behind;
  const uint8_t *next = behind_blanks(behind, end);
  /* A key. */
  return next < end && *next == ':' ? NULL : behind;
}

/* The step ends here. */
static bool end_step(cut_record *record, uint32_t begin) {
  const uint32_t end = (uint32_t)(record->at - record->text), i = record->count;
  if (end == begin || end - begin > KD_JSON_STEP_BYTES) return false;
  record->begins[i] = begin;
  record->ends[i] = end;
  return true;
}

/* False: the record has too many values, or too much between two of them. */
static bool cut(cut_record *record) {
  uint32_t begin = (uint32_t)(record->at - record->text), depth = 0;
  while (record->at < record->end) {
    const uint8_t c = *record->at, *behind = behind_value(record->at, record->end);
    if (behind) {
      if (record->count == KD_JSON_STEPS_MAX || !end_step(record, begin)) return false;
      begin = (uint32_t)(behind - record->text);
      record->count++;
    } else if (c == '"') {
      behind = behind_scalar(record->at, record->end);
      for (const uint8_t *key = record->at; key < behind; key++)
        if (*key >= 0x80) record->seen[record->count] |= KD_JSON_SEEN_UTF8;
    } else {
      depth += c == '{' || c == '[';
      depth -= c == '}' || c == ']';
      if (depth > KD_JSON_LEARNED_DEPTH_MAX) return false;
      if (is_blank(c)) record->seen[record->count] |= KD_JSON_SEEN_LOOSE;
      behind = record->at + 1;
    }
    record->at = behind;
  }
  return end_step(record, begin);
}

/* ---- marks ---- */

/* Everything that has a position in a row, except values, is in a step or ends with it. */
static void mark(kd_json_shape *shape, const cut_record *record, const int32_t *cell) {
  uint32_t step = 0;
  while (step < record->count && (uint32_t)*cell > record->ends[step]) step++;
  shape->marks[shape->mark_count++] = (kd_json_mark){
      .cell = (uint32_t)(cell - record->cells),
      .step = step,
      .behind = *cell - (int32_t)record->begins[step],
  };
}

/* The step before the value that begins there; −1: it is part of a step itself. */
static int32_t step_of(const cut_record *record, int32_t start) {
  for (uint32_t i = 0; i < record->count; i++)
    if ((int32_t)record->ends[i] == start) return (int32_t)i;
  return -1;
}

static void mark_path(kd_json_shape *shape, const cut_record *record, const kd_json_path *path) {
  mark(shape, record, &path->key_start);
  mark(shape, record, &path->start);
  const int32_t step = step_of(record, path->start);
  if (step < 0)
    mark(shape, record, &path->end);
  else
    shape->marks[shape->mark_count++] = (kd_json_mark){
        .cell = (uint32_t)(&path->end - record->cells), .step = (uint32_t)step + 1, .behind = 0};
}

static const kd_json_path *paths_of(const cut_record *record) {
  return (const kd_json_path *)(const void *)(record->cells + KD_JSON_CELLS(kd_json_row));
}

static bool is_there(const kd_json_path *path) {
  return path->kind != KD_JSON_ABSENT && path->kind != KD_JSON_BLOCKED;
}

static void mark_all(kd_json_shape *shape, const cut_record *record, const kd_json_scanner *scanner) {
  const kd_json_path *paths = paths_of(record);
  for (int32_t i = 0; i < scanner->path_count; i++)
    if (is_there(&paths[i])) mark_path(shape, record, &paths[i]);
  const kd_json_object *objects = (const kd_json_object *)(const void *)(paths + scanner->path_count);
  for (int32_t i = 0; i < scanner->object_count; i++)
    if (objects[i].close > 0) {
      mark(shape, record, &objects[i].start);
      mark(shape, record, &objects[i].close);
    }
}

/* ---- the tree ---- */

static int32_t path_of(const cut_record *record, const kd_json_scanner *scanner, uint32_t step) {
  const kd_json_path *paths = paths_of(record);
  for (int32_t i = 0; i < scanner->path_count; i++)
    if (is_there(&paths[i]) && (uint32_t)paths[i].start == record->ends[step]) return i;
  return -1;
}

static bool is_step(const kd_json_step *step, const cut_record *record, uint32_t i, bool is_last) {
  const uint32_t length = record->ends[i] - record->begins[i];
  return (step->shape >= 0) == is_last && step->length == length &&
         memcmp(step->bytes, record->text + record->begins[i], length) == 0;
}

/* Adds what the tree does not have yet. */
static void plant(kd_json_scanner *scanner, const cut_record *record, int32_t shape) {
  struct kd_json_shapes *shapes = scanner->shapes;
  int32_t *link = &shapes->first;
  for (uint32_t i = 0; i <= record->count; i++) {
    const bool is_last = i == record->count;
    while (*link >= 0 && !is_step(&shapes->steps[*link], record, i, is_last))
      link = &shapes->steps[*link].other;
    if (*link < 0) {
      *link = (int32_t)shapes->step_count++;
      kd_json_step *step = &shapes->steps[*link];
      *step = (kd_json_step){
          .length = record->ends[i] - record->begins[i],
          .path = is_last ? -1 : path_of(record, scanner, i),
          .shape = is_last ? shape : -1,
          .next = -1,
          .other = -1,
          .seen = record->seen[i],
      };
      memcpy(step->bytes, record->text + record->begins[i], step->length);
    }
    link = &shapes->steps[*link].next;
  }
}

static void add_shape(kd_json_scanner *scanner, const cut_record *record) {
  struct kd_json_shapes *shapes = scanner->shapes;
  if (shapes->shape_count == KD_JSON_SHAPES_MAX || shapes->step_count + record->count + 1 > KD_JSON_TREE_MAX)
    return;
  kd_json_shape *shape = &shapes->shapes[shapes->shape_count];
  const size_t stride = kd_json_stride(scanner);
  *shape = (kd_json_shape){.cells = malloc(stride * sizeof *shape->cells),
                           .marks = malloc(stride * sizeof *shape->marks)};
  if (!shape->cells || !shape->marks) {
    free(shape->cells);
    free(shape->marks);
    return;
  }
  memcpy(shape->cells, record->cells, stride * sizeof *shape->cells);
  mark_all(shape, record, scanner);
  plant(scanner, record, (int32_t)shapes->shape_count++);
}

void kd_json_learn(kd_json_scanner *scanner, const uint8_t *text, size_t length) {
  struct kd_json_shapes *shapes = scanner->shapes;
  if (length > KD_JSON_LEARNED_BYTES_MAX) return;
  /* One byte more, so that no position is 0. */
  uint8_t *copy = malloc(length + 1);
  int32_t *cells = malloc(kd_json_stride(scanner) * sizeof *cells);
  double *numbers = malloc(((size_t)scanner->path_count + 1) * sizeof *numbers);
  cut_record *record = calloc(1, sizeof *record);
  if (copy && cells && numbers && record) {
    copy[0] = ' ';
    memcpy(copy + 1, text, length);
    kd_json_tables tables = {.cells = cells, .numbers = numbers};
    /* Not to learn while learning. */
    scanner->shapes = NULL;
    kd_json_scan_value(scanner, copy, 0, (uint32_t)length + 1, (uint32_t)length + 1, &tables);
    scanner->shapes = shapes;
    record->text = record->at = copy;
    record->at++;
    record->end = copy + length + 1;
    record->cells = cells;
    if (cells[0] == KD_JSON_SAFE && cut(record)) add_shape(scanner, record);
  }
  free(copy);
  free(cells);
  free(numbers);
  free(record);
}

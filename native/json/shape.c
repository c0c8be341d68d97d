/* Reads records whose shape is known. */
#include "shape.h"

#include <stdlib.h>

#include "scalar.h"

/* A value on a path, as it was read. */
typedef struct {
  kd_json_kind kind;
  int32_t items, count;
} found_value;

/* The steps of a record: where each begins, and the value that follows it. */
typedef struct {
  int32_t places[KD_JSON_STEPS_MAX + 1], paths[KD_JSON_STEPS_MAX];
  found_value found[KD_JSON_STEPS_MAX];
  uint32_t count;
  /* KD_JSON_SEEN_… of all of them. */
  unsigned seen;
  const uint8_t *end;
} trail;

KD_JSON_INLINE const uint8_t *behind_blanks(const uint8_t *at, const uint8_t *end, unsigned *seen) {
  for (; at < end && *at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'); at++)
    *seen |= KD_JSON_SEEN_LOOSE;
  return at;
}

KD_JSON_INLINE bool is_here(const kd_json_scan *s, const uint8_t *at, const kd_json_step *step) {
  if ((size_t)(s->end - at) < step->length) return false;
  if ((size_t)(s->limit - at) < KD_JSON_STEP_BYTES) return memcmp(at, step->bytes, step->length) == 0;
  return kd_json_is_equal(at, step->bytes, step->length);
}

/* The step whose bytes are at `at`; the last one of a record only if nothing but blanks follows. */
KD_JSON_INLINE const kd_json_step *step_here(const kd_json_scan *s, const uint8_t *at, int32_t number) {
  const kd_json_step *steps = s->scanner->shapes->steps;
  for (; number >= 0; number = steps[number].other) {
    const kd_json_step *step = &steps[number];
    unsigned seen = 0;
    if (is_here(s, at, step) &&
        (step->shape < 0 || behind_blanks(at + step->length, s->end, &seen) == s->end))
      return step;
  }
  return NULL;
}

/* Returns the end of an array of values that contain no others; NULL if it is not one. */
static const uint8_t *flat_array_end(const kd_json_scan *s, const uint8_t *at, bool are_noted,
                                     found_value *found, unsigned *seen) {
  const uint32_t first = s->tables->item_count;
  const uint8_t *end = s->end;
  int32_t count = 0;
  at = behind_blanks(at + 1, end, seen);
  if (at < end && *at == ']')
    at++;
  else
    for (bool is_more = true; is_more;) {
      kd_json_scalar value;
      const uint8_t *start = at;
      if (at == end || !(at = kd_json_scalar_end(at, end, s->limit, &value))) return NULL;
      *seen |= value.seen;
      count++;
      if (are_noted)
        are_noted = kd_json_note_item(s->tables, kd_json_position(s, start), kd_json_position(s, at), &value);
      at = behind_blanks(at, end, seen);
      if (at == end || (*at != ',' && *at != ']')) return NULL;
      is_more = *at++ == ',';
      if (is_more) at = behind_blanks(at, end, seen);
    }
  *found = (found_value){
      .kind = KD_JSON_ARRAY, .items = are_noted ? (int32_t)first + 1 : 0, .count = are_noted ? count : 0};
  return at;
}

KD_JSON_INLINE const uint8_t *step_value_end(const kd_json_scan *s, const uint8_t *at, int32_t path,
                                             found_value *found, unsigned *seen) {
  if (at == s->end) return NULL;
  if (*at == '[') return flat_array_end(s, at, path >= 0, found, seen);
  kd_json_scalar value;
  at = kd_json_scalar_end(at, s->end, s->limit, &value);
  *seen |= value.seen;
  *found = (found_value){.kind = value.kind};
  if (path >= 0) s->numbers[path] = value.number;
  return at;
}

/* Reads on to the end of the record and returns its shape; −1: the shape is not known. */
KD_JSON_INLINE int32_t read_steps(const kd_json_scan *s, trail *trail) {
  const uint8_t *at = s->at;
  int32_t number = s->scanner->shapes->first;
  unsigned seen = 0;
  /* No branch of the tree has more steps. */
  for (uint32_t i = 0;; i++) {
    const kd_json_step *step = step_here(s, at, number);
    if (!step) return -1;
    trail->places[i] = kd_json_position(s, at);
    at += step->length;
    seen |= step->seen;
    if (step->shape >= 0) {
      trail->count = i;
      trail->seen = seen;
      trail->end = at;
      return step->shape;
    }
    trail->paths[i] = step->path;
    at = step_value_end(s, at, step->path, &trail->found[i], &seen);
    if (!at) return -1;
    number = step->next;
  }
}

static inline void write_row(kd_json_scan *s, const kd_json_shape *shape, const trail *trail, bool has_bom) {
  const size_t stride = kd_json_stride(s->scanner);
  int32_t *cells = s->tables->cells;
  for (size_t i = KD_JSON_CELLS(kd_json_row); i < stride; i++) cells[i] = shape->cells[i];
  for (uint32_t i = 0; i < shape->mark_count; i++) {
    const kd_json_mark *mark = &shape->marks[i];
    cells[mark->cell] = trail->places[mark->step] + mark->behind;
  }
  for (uint32_t i = 0; i < trail->count; i++) {
    if (trail->paths[i] < 0) continue;
    kd_json_path *path = &s->paths[trail->paths[i]];
    path->kind = (int32_t)trail->found[i].kind;
    path->items = trail->found[i].items;
    path->count = trail->found[i].count;
  }
  const kd_json_row *learned = (const kd_json_row *)(const void *)shape->cells;
  const unsigned unlike = KD_JSON_SEEN_ESCAPE | KD_JSON_SEEN_INEXACT | KD_JSON_SEEN_LOOSE;
  *s->row = (kd_json_row){
      .status = trail->seen & KD_JSON_SEEN_INEXACT ? KD_JSON_CLOSER : KD_JSON_SAFE,
      .flags = (has_bom ? KD_JSON_BOM : 0) | (trail->seen & KD_JSON_SEEN_UTF8 ? 0 : KD_JSON_ASCII) |
               (trail->seen & KD_JSON_SEEN_ESCAPE ? KD_JSON_ESCAPES : 0) |
               (trail->seen & unlike ? 0 : KD_JSON_CANONICAL) | (learned->flags & KD_JSON_IN_ORDER),
      .start = trail->places[0],
      .end = kd_json_position(s, trail->end),
      .keys = learned->keys,
      .kind = learned->kind,
  };
}

bool kd_json_follow(kd_json_scan *s, bool has_bom) {
  struct kd_json_shapes *shapes = s->scanner->shapes;
  if (!shapes || shapes->shape_count == 0) return false;
  trail trail;
  const uint32_t first_item = s->tables->item_count;
  const int32_t number = read_steps(s, &trail);
  if (number < 0) {
    s->tables->item_count = first_item;
    return false;
  }
  shapes->hits++;
  write_row(s, &shapes->shapes[number], &trail, has_bom);
  return true;
}

void kd_json_forget_shapes(kd_json_scanner *scanner) {
  struct kd_json_shapes *shapes = scanner->shapes;
  if (!shapes) return;
  for (uint32_t i = 0; i < shapes->shape_count; i++) {
    free(shapes->shapes[i].cells);
    free(shapes->shapes[i].marks);
  }
  shapes->shape_count = shapes->step_count = 0;
  shapes->hits = shapes->misses = 0;
  shapes->first = -1;
}

/* Shapes that fewer than half of the records have cost more than they save. */
bool kd_json_wants_shape(kd_json_scanner *scanner, const kd_json_row *row) {
  struct kd_json_shapes *shapes = scanner->shapes;
  if (!shapes || row->status != KD_JSON_SAFE) return false;
  if (shapes->pause_rows > 0) return --shapes->pause_rows == 0;
  if (++shapes->misses < KD_JSON_TRIAL_ROWS) return shapes->shape_count < KD_JSON_SHAPES_MAX;
  const bool are_rare = shapes->hits < shapes->misses;
  shapes->hits = shapes->misses = 0;
  if (!are_rare) return false;
  kd_json_forget_shapes(scanner);
  if (shapes->pauses < KD_JSON_PAUSES_MAX) shapes->pauses++;
  shapes->pause_rows = (uint64_t)KD_JSON_TRIAL_ROWS << shapes->pauses;
  return false;
}

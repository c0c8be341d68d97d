/* Shapes of records: most records of a topic are the same bytes between their values. The bytes between
 * values are compared with those of an earlier record, not read again; the values are always read. Shapes are
 * kept as a tree, so that those with the same beginning, such as records with and without a last member,
 * are told apart without reading anything twice. */
#ifndef KD_JSON_SHAPE_H
#define KD_JSON_SHAPE_H

#include "state.h"

/* Values of a record, and bytes between two of them. */
#define KD_JSON_STEPS_MAX 64u
#define KD_JSON_STEP_BYTES 64u
/* Maximum size of a record from which a shape is learned. */
#define KD_JSON_LEARNED_BYTES_MAX 4096u
#define KD_JSON_LEARNED_DEPTH_MAX 64u
/* In the tree. */
#define KD_JSON_TREE_MAX 512u
#define KD_JSON_SHAPES_MAX 16u
/* Rows after which the shapes are judged. */
#define KD_JSON_TRIAL_ROWS 512u
/* Shapes that do not help are forgotten; each time, twice as many rows pass until some are learned again. */
#define KD_JSON_PAUSES_MAX 12u

/* The bytes before a value, or after the last one. */
typedef struct {
  uint8_t bytes[KD_JSON_STEP_BYTES];
  uint32_t length;
  /* The path of the value; −1: none. */
  int32_t path;
  /* The shape of the record that ends with these bytes; −1: a value follows. */
  int32_t shape;
  /* The step that may follow, and the one that may be here instead; −1: none. */
  int32_t next, other;
  /* KD_JSON_SEEN_… */
  unsigned seen;
} kd_json_step;

/* A cell of a row that is a position: this many bytes after the end of the value before a step. */
typedef struct {
  uint32_t cell, step;
  int32_t behind;
} kd_json_mark;

typedef struct {
  /* The cells of a row of this shape: correct except for positions and values. */
  int32_t *cells;
  kd_json_mark *marks;
  uint32_t mark_count;
} kd_json_shape;

struct kd_json_shapes {
  int32_t first;
  uint32_t step_count, shape_count;
  uint64_t hits, misses, pause_rows;
  uint32_t pauses;
  kd_json_step steps[KD_JSON_TREE_MAX];
  kd_json_shape shapes[KD_JSON_SHAPES_MAX];
};

/* Reads the value that begins at the scan's position if its shape is known, and writes the row. False: it is
 * not; nothing has changed. */
bool kd_json_follow(kd_json_scan *s, bool has_bom);
/* Remembers the shape of a record. Not an error if that is not possible. */
void kd_json_learn(kd_json_scanner *scanner, const uint8_t *text, size_t length);
/* The row's shape is not known: whether to learn it. */
bool kd_json_wants_shape(kd_json_scanner *scanner, const kd_json_row *row);
void kd_json_forget_shapes(kd_json_scanner *scanner);

#endif

/* The state of one scan, and what reading keys and reading values share. */
#ifndef KD_JSON_STATE_H
#define KD_JSON_STATE_H

#include <string.h>

#include "internal.h"

typedef struct {
  kd_json_scanner *scanner;
  const uint8_t *block, *at, *end, *limit;
  kd_json_row *row;
  kd_json_path *paths;
  kd_json_object *objects;
  double *numbers;
  kd_json_tables *tables;
  uint32_t depth;
  /* Keys of open objects. */
  uint32_t hash_count;
  uint32_t key_count;
  /* The node that the next value belongs to, and the position of its key. */
  int32_t node;
  int32_t key_start;
  /* The node that was met last; all were met in order so far. */
  int32_t last_node;
  bool is_in_order;
  /* Every key so far was the expected one. */
  bool is_expected;
  bool is_closer, is_ascii, has_escapes, is_canonical;
  /* Depth of the array whose items are noted; 0: none. */
  uint32_t items_depth;
  uint32_t first_item;
} kd_json_scan;

static inline void kd_json_skip_blanks(kd_json_scan *s) {
  while (s->at < s->end && *s->at <= ' ' &&
         (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) {
    s->is_canonical = false;
    s->at++;
  }
}

/* Compares by words, the last of which may be read as a whole. Length: not 0. */
static inline bool kd_json_is_equal(const uint8_t *at, const uint8_t *wanted_bytes, uint32_t length) {
  uint64_t given, wanted, difference = 0;
  uint32_t from = 0;
  for (; from + 8 < length; from += 8) {
    memcpy(&given, at + from, sizeof given);
    memcpy(&wanted, wanted_bytes + from, sizeof wanted);
    difference |= given ^ wanted;
  }
  memcpy(&given, at + from, sizeof given);
  memcpy(&wanted, wanted_bytes + from, sizeof wanted);
  return (difference | (given ^ wanted) << (64 - 8 * (length - from))) == 0;
}

static inline int32_t kd_json_position(const kd_json_scan *s, const uint8_t *at) {
  return (int32_t)(at - s->block);
}

/* All paths of the node and below it. */
static inline void kd_json_mark_paths(kd_json_scan *s, int32_t first, int32_t end, kd_json_kind kind) {
  for (int32_t i = first; i < end; i++) {
    const int32_t path = s->scanner->nodes[i].path;
    if (path >= 0) s->paths[path] = (kd_json_path){.kind = (int32_t)kind};
  }
}

static inline void kd_json_note_value(kd_json_scan *s, int32_t node, kd_json_kind kind, const uint8_t *start,
                                      const uint8_t *end) {
  const kd_json_node *known = &s->scanner->nodes[node];
  if (known->path >= 0)
    s->paths[known->path] = (kd_json_path){
        .kind = (int32_t)kind,
        .key_start = s->key_start,
        .start = kd_json_position(s, start),
        .end = kd_json_position(s, end),
    };
  if (known->end > node + 1 && kind != KD_JSON_OBJECT)
    kd_json_mark_paths(s, node + 1, known->end, KD_JSON_BLOCKED);
}

/* The key of a node was met: false if it was met before in this row. */
static inline bool kd_json_meet(kd_json_scan *s, int32_t node) {
  if (s->scanner->met[node] == s->scanner->row) {
    kd_json_mark_paths(s, node, s->scanner->nodes[node].end, KD_JSON_DUPLICATE);
    s->is_closer = true;
    return false;
  }
  s->scanner->met[node] = s->scanner->row;
  if (node != ++s->last_node) s->is_in_order = false;
  return true;
}

/* False: there are too many to compare. */
static inline bool kd_json_has_room(const kd_json_scan *s, const kd_json_frame *frame) {
  return frame->is_compared && frame->members < KD_JSON_MEMBERS_MAX && s->hash_count < KD_JSON_HASHES_MAX;
}

static inline void kd_json_note_hash(kd_json_scan *s, kd_json_frame *frame, uint64_t hash) {
  frame->seen |= 1ull << (hash & 63);
  s->scanner->hashes[s->hash_count++] = hash;
}

/* Reads a key that is not the expected one. */
bool kd_json_other_key(kd_json_scan *s, kd_json_frame *frame);

#endif

/* One pass over a value: a loop with its own stack of open objects and arrays. */
#include <string.h>

#include "scalar.h"
#include "shape.h"

/* ---- keys ---- */

/* Every object and key before matched as well, so the key is new in its object. */
static inline const kd_json_expected *expected_key(const kd_json_scan *s, const kd_json_frame *frame) {
  if (!s->is_expected || s->key_count >= s->scanner->expected_count) return NULL;
  const kd_json_expected *expected = &s->scanner->expected[s->key_count];
  if (expected->depth != s->depth || expected->member != frame->members || expected->parent != frame->keys_of)
    return NULL;
  if ((size_t)(s->limit - s->at) < KD_JSON_EXPECTED_BYTES || (size_t)(s->end - s->at) < expected->length)
    return NULL;
  return kd_json_is_equal(s->at, expected->bytes, expected->length) ? expected : NULL;
}

/* Reads a key and its colon. */
static inline bool read_key(kd_json_scan *s) {
  kd_json_frame *frame = &s->scanner->frames[s->depth - 1];
  if (s->at == s->end || *s->at != '"') return false;
  s->key_start = kd_json_position(s, s->at);
  const kd_json_expected *expected = expected_key(s, frame);
  if (expected && kd_json_has_room(s, frame)) {
    s->at += expected->length;
    s->node = expected->node;
    s->is_ascii &= expected->is_ascii;
    kd_json_note_hash(s, frame, expected->hash);
  } else if (!kd_json_other_key(s, frame))
    return false;
  if (s->node == KD_JSON_NO_NODE)
    s->is_in_order &= frame->keys_of == KD_JSON_NO_NODE;
  else if (!kd_json_meet(s, s->node))
    s->node = KD_JSON_NO_NODE;
  frame->members++;
  s->key_count++;
  kd_json_skip_blanks(s);
  if (s->at == s->end || *s->at != ':') return false;
  s->at++;
  return true;
}

/* ---- values ---- */

static inline bool open_frame(kd_json_scan *s, bool is_object) {
  if (s->depth == KD_JSON_DEPTH_MAX) return false;
  const int32_t node = s->node;
  const bool has_paths = is_object && node != KD_JSON_NO_NODE && s->scanner->nodes[node].object >= 0;
  s->scanner->frames[s->depth++] = (kd_json_frame){
      .first_hash = s->hash_count,
      .node = node,
      .keys_of = has_paths ? node : KD_JSON_NO_NODE,
      .start = kd_json_position(s, s->at),
      .is_object = is_object,
      .is_compared = true,
  };
  /* Its end is noted when it is closed. */
  if (node != KD_JSON_NO_NODE)
    kd_json_note_value(s, node, is_object ? KD_JSON_OBJECT : KD_JSON_ARRAY, s->at, s->at);
  /* Values in an array are on no path. */
  s->node = KD_JSON_NO_NODE;
  s->at++;
  s->items_depth = 0;
  if (!is_object && node != KD_JSON_NO_NODE && s->scanner->nodes[node].path >= 0) {
    s->items_depth = s->depth;
    s->first_item = s->tables->item_count;
  }
  return true;
}

/* The value that was read belongs to a path, to a noted array, or is not needed. */
static inline void note_scalar(kd_json_scan *s, const uint8_t *start, const kd_json_scalar *value) {
  if (s->node != KD_JSON_NO_NODE) {
    kd_json_note_value(s, s->node, value->kind, start, s->at);
    const int32_t path = s->scanner->nodes[s->node].path;
    if (path >= 0) s->numbers[path] = value->number;
  } else if (s->items_depth != 0 && s->items_depth == s->depth &&
             !kd_json_note_item(s->tables, kd_json_position(s, start), kd_json_position(s, s->at), value))
    s->items_depth = 0;
}

static inline void close_frame(kd_json_scan *s) {
  const kd_json_frame *frame = &s->scanner->frames[--s->depth];
  s->hash_count = frame->first_hash;
  s->at++;
  if (frame->node == KD_JSON_NO_NODE) return;
  const kd_json_node *node = &s->scanner->nodes[frame->node];
  if (node->path >= 0) {
    kd_json_path *path = &s->paths[node->path];
    path->end = kd_json_position(s, s->at);
    if (s->items_depth == s->depth + 1) {
      path->items = (int32_t)s->first_item + 1;
      path->count = (int32_t)(s->tables->item_count - s->first_item);
    }
  }
  s->items_depth = 0;
  if (frame->keys_of != KD_JSON_NO_NODE)
    s->objects[node->object] = (kd_json_object){
        .start = frame->start, .close = kd_json_position(s, s->at) - 1, .members = (int32_t)frame->members};
}

static inline bool read_scalar(kd_json_scan *s) {
  kd_json_scalar value;
  const uint8_t *start = s->at;
  s->at = kd_json_scalar_end(start, s->end, s->limit, &value);
  if (!s->at) return false;
  s->is_ascii &= !(value.seen & KD_JSON_SEEN_UTF8);
  s->has_escapes |= (value.seen & KD_JSON_SEEN_ESCAPE) != 0;
  s->is_closer |= (value.seen & KD_JSON_SEEN_INEXACT) != 0;
  s->is_canonical &= !(value.seen & KD_JSON_SEEN_LOOSE);
  note_scalar(s, start, &value);
  return true;
}

/* Closes what ends here. True: another member or item follows, and its key was read. */
static inline bool next_value(kd_json_scan *s, bool *is_valid) {
  while (s->depth > 0) {
    kd_json_skip_blanks(s);
    const bool is_object = s->scanner->frames[s->depth - 1].is_object;
    if (s->at == s->end) break;
    if (*s->at == ',') {
      s->at++;
      kd_json_skip_blanks(s);
      s->node = KD_JSON_NO_NODE;
      return *is_valid = !is_object || read_key(s);
    }
    if (*s->at != (is_object ? '}' : ']')) break;
    close_frame(s);
  }
  *is_valid = s->depth == 0;
  return false;
}

/* Reads the first key or item of the object or array just opened. False: it is empty, or not valid. */
static inline bool first_value(kd_json_scan *s, bool is_object, bool *is_valid) {
  kd_json_skip_blanks(s);
  *is_valid = true;
  if (s->at < s->end && *s->at == (is_object ? '}' : ']')) return false;
  return !is_object || (*is_valid = read_key(s));
}

static bool read_value(kd_json_scan *s) {
  bool is_valid = true;
  for (;;) {
    kd_json_skip_blanks(s);
    if (s->at == s->end) return false;
    const bool is_object = *s->at == '{';
    if (is_object || *s->at == '[') {
      if (!open_frame(s, is_object)) return false;
      if (first_value(s, is_object, &is_valid)) continue;
    } else
      is_valid = read_scalar(s);
    if (!is_valid) return false;
    if (!next_value(s, &is_valid)) return is_valid;
  }
}

static kd_json_kind root_kind(const kd_json_scan *s, uint8_t first) {
  switch (first) {
  case '{': return KD_JSON_OBJECT;
  case '[': return KD_JSON_ARRAY;
  case '"':
    return s->has_escapes ? KD_JSON_STRING_ESCAPED : s->is_ascii ? KD_JSON_STRING : KD_JSON_STRING_UTF8;
  case 't': return KD_JSON_TRUE;
  case 'f': return KD_JSON_FALSE;
  case 'n': return KD_JSON_NULL;
  default: return KD_JSON_NUMBER_TEXT;
  }
}

static bool read_whole(kd_json_scan *s, bool has_bom) {
  const uint8_t *value = s->at;
  if (!read_value(s)) return false;
  const uint8_t *value_end = s->at;
  const bool is_canonical = s->is_canonical && !s->has_escapes && !s->is_closer;
  kd_json_skip_blanks(s);
  if (s->at != s->end) return false;
  *s->row = (kd_json_row){
      .status = s->is_closer ? KD_JSON_CLOSER : KD_JSON_SAFE,
      .flags =
          (has_bom ? KD_JSON_BOM : 0) | (s->is_ascii ? KD_JSON_ASCII : 0) |
          (s->has_escapes ? KD_JSON_ESCAPES : 0) | (is_canonical ? KD_JSON_CANONICAL : 0) |
          (s->is_in_order && (uint32_t)s->last_node == s->scanner->node_count - 1 ? KD_JSON_IN_ORDER : 0),
      .start = kd_json_position(s, value),
      .end = kd_json_position(s, value_end),
      .keys = (int32_t)s->key_count,
      .kind = (int32_t)root_kind(s, *value),
  };
  return true;
}

void kd_json_scan_value(kd_json_scanner *scanner, const uint8_t *block, uint32_t start, uint32_t end,
                        uint32_t limit, kd_json_tables *tables) {
  const bool has_bom = end - start >= 3 && memcmp(block + start, "\xef\xbb\xbf", 3) == 0;
  kd_json_scan s = {
      .scanner = scanner,
      .block = block,
      .at = block + start + (has_bom ? 3 : 0),
      .end = block + end,
      .limit = block + limit,
      .row = (kd_json_row *)(void *)tables->cells,
      .paths = (kd_json_path *)(void *)(tables->cells + KD_JSON_CELLS(kd_json_row)),
      .numbers = tables->numbers,
      .tables = tables,
      .is_in_order = true,
      .is_expected = true,
      .is_ascii = true,
  };
  s.objects = (kd_json_object *)(void *)(s.paths + scanner->path_count);
  kd_json_skip_blanks(&s);
  s.is_canonical = true;
  if (kd_json_follow(&s, has_bom)) return;
  memset(tables->cells, 0, kd_json_stride(scanner) * sizeof *tables->cells);
  scanner->row++;
  if (!read_whole(&s, has_bom))
    s.row->status = KD_JSON_INVALID;
  else if (kd_json_wants_shape(scanner, s.row))
    kd_json_learn(scanner, s.block + s.row->start, (size_t)(s.row->end - s.row->start));
}

/* One pass over a value: a loop with its own stack of open objects and arrays. */
#include "json_number.h"
#include "json_state.h"
#include "json_text.h"

/* ---- keys ---- */

static inline bool equal_bytes(const uint8_t *at, const kd_json_expected *expected) {
  uint64_t given, wanted, difference = 0;
  uint32_t from = 0;
  for (; from + 8 < expected->length; from += 8) {
    memcpy(&given, at + from, sizeof given);
    memcpy(&wanted, expected->bytes + from, sizeof wanted);
    difference |= given ^ wanted;
  }
  memcpy(&given, at + from, sizeof given);
  memcpy(&wanted, expected->bytes + from, sizeof wanted);
  return (difference | (given ^ wanted) << (64 - 8 * (expected->length - from))) == 0;
}

/* Every object and key before matched as well, so the key is new in its object. */
static inline const kd_json_expected *expected_key(const kd_json_scan *s, const kd_json_frame *frame) {
  if (!s->is_expected || s->key_count >= s->scanner->expected_count) return NULL;
  const kd_json_expected *expected = &s->scanner->expected[s->key_count];
  if (expected->depth != s->depth || expected->member != frame->members || expected->parent != frame->keys_of)
    return NULL;
  if ((size_t)(s->limit - s->at) < KD_JSON_EXPECTED_BYTES || (size_t)(s->end - s->at) < expected->length)
    return NULL;
  return equal_bytes(s->at, expected) ? expected : NULL;
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
  /* What is in an array is on no path. */
  s->node = KD_JSON_NO_NODE;
  s->at++;
  s->items_depth = 0;
  if (!is_object && node != KD_JSON_NO_NODE && s->scanner->nodes[node].path >= 0) {
    s->items_depth = s->depth;
    s->first_item = s->tables->item_count;
  }
  return true;
}

/* A value in the array whose items are noted. */
static inline void note_item(kd_json_scan *s, kd_json_kind kind, const uint8_t *start, double number) {
  kd_json_tables *tables = s->tables;
  if (tables->item_count == tables->items_max) {
    s->items_depth = 0;
    return;
  }
  tables->items[tables->item_count] = (kd_json_item){
      .kind = (int32_t)kind, .start = kd_json_position(s, start), .end = kd_json_position(s, s->at)};
  tables->item_numbers[tables->item_count++] = number;
}

/* What was read belongs to a path, to a noted array, or to nothing that is asked for. */
static inline void note_scalar(kd_json_scan *s, kd_json_kind kind, const uint8_t *start, double number) {
  if (s->node != KD_JSON_NO_NODE) {
    kd_json_note_value(s, s->node, kind, start, s->at);
    const int32_t path = s->scanner->nodes[s->node].path;
    if (path >= 0) s->numbers[path] = number;
  } else if (s->items_depth != 0 && s->items_depth == s->depth)
    note_item(s, kind, start, number);
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

static inline bool read_string(kd_json_scan *s) {
  kd_json_text text;
  const uint8_t *start = s->at;
  s->at = kd_json_string_end(start + 1, s->end, s->limit, &text);
  if (!s->at) return false;
  s->is_ascii &= text.is_ascii;
  s->has_escapes |= text.has_escapes;
  note_scalar(s,
              text.has_escapes ? KD_JSON_STRING_ESCAPED
              : text.is_ascii  ? KD_JSON_STRING
                               : KD_JSON_STRING_UTF8,
              start, 0);
  return true;
}

static inline bool read_number(kd_json_scan *s) {
  kd_json_number number;
  const uint8_t *start = s->at;
  s->at = kd_json_number_end(start, s->end, &number);
  if (!s->at) return false;
  s->is_closer |= !number.is_exact;
  s->is_canonical &= number.is_canonical;
  note_scalar(s, number.has_value ? KD_JSON_NUMBER : KD_JSON_NUMBER_TEXT, start,
              number.has_value ? number.value : 0);
  return true;
}

static bool read_literal(kd_json_scan *s, const char *text, size_t length, kd_json_kind kind) {
  const uint8_t *start = s->at;
  if ((size_t)(s->end - start) < length || memcmp(start, text, length) != 0) return false;
  s->at += length;
  note_scalar(s, kind, start, 0);
  return true;
}

/* A value that contains no others. */
static inline bool read_scalar(kd_json_scan *s) {
  switch (*s->at) {
  case '"': return read_string(s);
  case 't': return read_literal(s, "true", 4, KD_JSON_TRUE);
  case 'f': return read_literal(s, "false", 5, KD_JSON_FALSE);
  case 'n': return read_literal(s, "null", 4, KD_JSON_NULL);
  default: return (*s->at == '-' || kd_json_is_digit(*s->at)) && read_number(s);
  }
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

/* The first key or item of what was just opened. False: it is empty, or not valid. */
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

void kd_json_scan_value(kd_json_scanner *scanner, const uint8_t *block, uint32_t start, uint32_t end,
                        uint32_t limit, kd_json_tables *tables) {
  int32_t *cells = tables->cells;
  const bool has_bom = end - start >= 3 && memcmp(block + start, "\xef\xbb\xbf", 3) == 0;
  memset(cells, 0, kd_json_stride(scanner) * sizeof *cells);
  kd_json_scan s = {
      .scanner = scanner,
      .block = block,
      .at = block + start + (has_bom ? 3 : 0),
      .end = block + end,
      .limit = block + limit,
      .row = (kd_json_row *)(void *)cells,
      .paths = (kd_json_path *)(void *)(cells + KD_JSON_CELLS(kd_json_row)),
      .numbers = tables->numbers,
      .tables = tables,
      .is_in_order = true,
      .is_expected = true,
      .is_ascii = true,
  };
  s.objects = (kd_json_object *)(void *)(s.paths + scanner->path_count);
  scanner->row++;
  kd_json_skip_blanks(&s);
  const uint8_t *value = s.at;
  s.is_canonical = true;
  const uint8_t first = s.at < s.end ? *s.at : 0;
  s.row->status = KD_JSON_INVALID;
  if (!read_value(&s)) return;
  const uint8_t *value_end = s.at;
  const bool is_canonical = s.is_canonical && !s.has_escapes && !s.is_closer;
  kd_json_skip_blanks(&s);
  if (s.at != s.end) return;
  *s.row = (kd_json_row){
      .status = s.is_closer ? KD_JSON_CLOSER : KD_JSON_SAFE,
      .flags = (has_bom ? KD_JSON_BOM : 0) | (s.is_ascii ? KD_JSON_ASCII : 0) |
               (s.has_escapes ? KD_JSON_ESCAPES : 0) | (is_canonical ? KD_JSON_CANONICAL : 0) |
               (s.is_in_order && (uint32_t)s.last_node == scanner->node_count - 1 ? KD_JSON_IN_ORDER : 0),
      .start = kd_json_position(&s, value),
      .end = kd_json_position(&s, value_end),
      .keys = (int32_t)s.key_count,
      .kind = (int32_t)root_kind(&s, first),
  };
}

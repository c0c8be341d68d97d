/* Keys that were not expected: read, compared with the others of the object, looked up among the paths. */
#include <string.h>

#include "state.h"
#include "text.h"

/* False: perhaps the object has the key already. */
static bool is_new_key(kd_json_scan *s, kd_json_frame *frame, uint64_t hash) {
  if (!kd_json_has_room(s, frame)) return frame->is_compared = false;
  if (frame->seen >> (hash & 63) & 1)
    for (uint32_t i = frame->first_hash; i < s->hash_count; i++)
      if (s->scanner->hashes[i] == hash) return false;
  kd_json_note_hash(s, frame, hash);
  return true;
}

/* The next record probably has this key as well. */
static void expect(kd_json_scan *s, const kd_json_frame *frame, const uint8_t *start, uint64_t hash,
                   bool is_ascii) {
  const uint32_t length = (uint32_t)(s->at - start);
  if (s->key_count != s->scanner->expected_count || s->key_count >= KD_JSON_EXPECTED_MAX ||
      length > KD_JSON_EXPECTED_BYTES)
    return;
  kd_json_expected *expected = &s->scanner->expected[s->scanner->expected_count++];
  *expected = (kd_json_expected){
      .hash = hash,
      .length = length,
      .depth = s->depth,
      .member = frame->members,
      .parent = frame->keys_of,
      .node = s->node,
      .is_ascii = is_ascii,
  };
  memcpy(expected->bytes, start, length);
}

static bool is_proto(const uint8_t *name, size_t length) {
  return length == 9 && memcmp(name, "__proto__", 9) == 0;
}

/* Keys are equal if their characters are, however they are written. An escaped key is not compared with
 * the object's others. */
static void escaped_key(kd_json_scan *s, const kd_json_frame *frame, const uint8_t *name, size_t length) {
  uint8_t unescaped[KD_JSON_NAME_BYTES_MAX + 4];
  length = kd_json_unescape(name, name + length, unescaped, sizeof unescaped);
  s->has_escapes = s->is_closer = true;
  s->node =
      frame->keys_of == KD_JSON_NO_NODE || length > sizeof unescaped
          ? KD_JSON_NO_NODE
          : kd_json_find(s->scanner, frame->keys_of, unescaped, length, kd_json_hash(unescaped, length));
}

bool kd_json_other_key(kd_json_scan *s, kd_json_frame *frame) {
  kd_json_text text;
  const uint8_t *start = s->at, *name = start + 1;
  if (s->is_expected && s->key_count < s->scanner->expected_count) s->scanner->expected_count = s->key_count;
  s->is_expected = false;
  s->at = kd_json_string_end(name, s->end, s->limit, &text);
  if (!s->at) return false;
  const size_t length = (size_t)(s->at - name) - 1;
  s->is_ascii &= text.is_ascii;
  if (text.has_escapes) {
    escaped_key(s, frame, name, length);
    return true;
  }
  const uint64_t hash = kd_json_hash(name, length);
  s->node = frame->keys_of == KD_JSON_NO_NODE ? KD_JSON_NO_NODE
                                              : kd_json_find(s->scanner, frame->keys_of, name, length, hash);
  if (is_proto(name, length) || !is_new_key(s, frame, hash))
    s->is_closer = true;
  else
    expect(s, frame, start, hash, text.is_ascii);
  return true;
}

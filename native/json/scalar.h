/* Values that contain no others. */
#ifndef KD_JSON_SCALAR_H
#define KD_JSON_SCALAR_H

#include "number.h"
#include "state.h"
#include "text.h"

/* Features of a value that matter for the whole record. */
enum {
  KD_JSON_SEEN_UTF8 = 1,
  KD_JSON_SEEN_ESCAPE = 2,
  /* A number that a double may not hold. */
  KD_JSON_SEEN_INEXACT = 4,
  /* JavaScript writes it in another way. */
  KD_JSON_SEEN_LOOSE = 8,
};

typedef struct {
  kd_json_kind kind;
  unsigned seen;
  double number;
} kd_json_scalar;

KD_JSON_INLINE const uint8_t *kd_json_literal_end(const uint8_t *at, const uint8_t *end, const char *text,
                                                  size_t length) {
  return (size_t)(end - at) >= length && memcmp(at, text, length) == 0 ? at + length : NULL;
}

KD_JSON_INLINE const uint8_t *kd_json_text_end(const uint8_t *at, const uint8_t *end, const uint8_t *limit,
                                               kd_json_scalar *to) {
  kd_json_text text;
  at = kd_json_string_end(at + 1, end, limit, &text);
  to->kind = text.has_escapes ? KD_JSON_STRING_ESCAPED : text.is_ascii ? KD_JSON_STRING : KD_JSON_STRING_UTF8;
  to->seen = (text.is_ascii ? 0 : KD_JSON_SEEN_UTF8) | (text.has_escapes ? KD_JSON_SEEN_ESCAPE : 0);
  return at;
}

/* Returns the end of the value at `at`, where there is a byte; NULL: not valid. Bytes up to `limit` may
 * be read. */
KD_JSON_INLINE const uint8_t *kd_json_scalar_end(const uint8_t *at, const uint8_t *end, const uint8_t *limit,
                                                 kd_json_scalar *to) {
  *to = (kd_json_scalar){0};
  switch (*at) {
  case '"': return kd_json_text_end(at, end, limit, to);
  case 't': to->kind = KD_JSON_TRUE; return kd_json_literal_end(at, end, "true", 4);
  case 'f': to->kind = KD_JSON_FALSE; return kd_json_literal_end(at, end, "false", 5);
  case 'n': to->kind = KD_JSON_NULL; return kd_json_literal_end(at, end, "null", 4);
  default: break;
  }
  if (*at != '-' && !kd_json_is_digit(*at)) return NULL;
  kd_json_number number;
  at = kd_json_number_end(at, end, limit, &number);
  if (!at) return NULL;
  to->kind = number.has_value ? KD_JSON_NUMBER : KD_JSON_NUMBER_TEXT;
  to->number = number.has_value ? number.value : 0;
  to->seen = (number.is_exact ? 0 : KD_JSON_SEEN_INEXACT) | (number.is_canonical ? 0 : KD_JSON_SEEN_LOOSE);
  return at;
}

/* A value in an array whose items are noted. False: there is no room. */
static inline bool kd_json_note_item(kd_json_tables *tables, int32_t start, int32_t end,
                                     const kd_json_scalar *value) {
  if (tables->item_count == tables->items_max) return false;
  tables->items[tables->item_count] =
      (kd_json_item){.kind = (int32_t)value->kind, .start = start, .end = end};
  tables->item_numbers[tables->item_count++] = value->number;
  return true;
}

#endif

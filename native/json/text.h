/* String literals: finds their end, checks UTF-8 and escapes. 16 bytes at a time with SSE2, otherwise 8. */
#ifndef KD_JSON_TEXT_H
#define KD_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "internal.h"

#if defined(__SSE2__) && !defined(KD_JSON_PORTABLE)
#include <emmintrin.h>
#define KD_JSON_STEP 16u
/* A bit for each byte that ends a run of plain characters: a quote, a backslash, a control character, or the
 * start of a character that is not ASCII. */
static inline unsigned kd_json_special(const uint8_t *at) {
  const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i slashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  /* Signed: bytes from 0x80 on are negative. */
  const __m128i others = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, slashes), others));
}
static inline unsigned kd_json_first(unsigned special) {
  return (unsigned)__builtin_ctz(special);
}
#else
#define KD_JSON_STEP 8u
#define KD_JSON_BYTES(byte) (0x0101010101010101ull * (byte))
/* The highest bit of the first such byte is set; bits of later bytes may be wrong. */
static inline uint64_t kd_json_special(const uint8_t *at) {
  uint64_t bytes;
  memcpy(&bytes, at, sizeof bytes);
  const uint64_t quotes = bytes ^ KD_JSON_BYTES('"'), slashes = bytes ^ KD_JSON_BYTES('\\');
  const uint64_t found =
      (quotes - KD_JSON_BYTES(1)) | (slashes - KD_JSON_BYTES(1)) | (bytes - KD_JSON_BYTES(0x20)) | bytes;
  return found & KD_JSON_BYTES(0x80);
}
static inline unsigned kd_json_first(uint64_t special) {
  return (unsigned)__builtin_ctzll(special) >> 3;
}
#endif

/* The first byte in [at, end) that is not a plain character of a string; `end` if all are. */
static inline const uint8_t *kd_json_plain_end(const uint8_t *at, const uint8_t *end, const uint8_t *limit) {
  while (at < end && (size_t)(limit - at) >= KD_JSON_STEP) {
    const __auto_type special = kd_json_special(at);
    if (special) {
      at += kd_json_first(special);
      return at < end ? at : end;
    }
    at += KD_JSON_STEP;
  }
  while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\') at++;
  return at < end ? at : end;
}

/* Returns the end of a run of characters that are not ASCII; NULL if they are not UTF-8. */
static inline const uint8_t *kd_json_utf8_end(const uint8_t *at, const uint8_t *end) {
  while (at < end && *at >= 0x80) {
    const uint8_t first = *at;
    const size_t left = (size_t)(end - at);
    if (first >= 0xc2 && first < 0xe0) {
      if (left < 2 || (at[1] & 0xc0) != 0x80) return NULL;
      at += 2;
    } else if ((first & 0xf0) == 0xe0) {
      if (left < 3 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80) return NULL;
      /* Not in the shortest form, or half a surrogate pair. */
      if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] >= 0xa0)) return NULL;
      at += 3;
    } else if (first >= 0xf0 && first < 0xf5) {
      if (left < 4 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80 || (at[3] & 0xc0) != 0x80) return NULL;
      if ((first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] >= 0x90)) return NULL;
      at += 4;
    } else
      return NULL;
  }
  return at;
}

static inline bool kd_json_is_hex(uint8_t c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Returns the end of the escape that begins at the backslash; NULL if there is no such escape. */
static inline const uint8_t *kd_json_escape_end(const uint8_t *at, const uint8_t *end) {
  if (end - at < 2) return NULL;
  switch (at[1]) {
  case '"':
  case '\\':
  case '/':
  case 'b':
  case 'f':
  case 'n':
  case 'r':
  case 't': return at + 2;
  case 'u':
    if (end - at < 6) return NULL;
    for (int i = 2; i < 6; i++)
      if (!kd_json_is_hex(at[i])) return NULL;
    return at + 6;
  default: return NULL;
  }
}

typedef struct {
  bool is_ascii, has_escapes;
} kd_json_text;

/* Returns the position after the closing quote; `at` is after the opening one. NULL: not a valid literal. */
KD_JSON_INLINE const uint8_t *kd_json_string_end(const uint8_t *at, const uint8_t *end, const uint8_t *limit,
                                                 kd_json_text *text) {
  text->is_ascii = true;
  text->has_escapes = false;
  for (;;) {
    at = kd_json_plain_end(at, end, limit);
    if (at >= end) return NULL;
    if (*at == '"') return at + 1;
    if (*at == '\\') {
      text->has_escapes = true;
      at = kd_json_escape_end(at, end);
    } else {
      if (*at < 0x20) return NULL;
      text->is_ascii = false;
      at = kd_json_utf8_end(at, end);
    }
    if (!at) return NULL;
  }
}

#endif

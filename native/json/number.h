/* Number literals, and whether a double is certain to hold them exactly (rules:
 * src/formats/json-numbers.ts). */
#ifndef KD_JSON_NUMBER_H
#define KD_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "internal.h"

/* A number with at most this many significant digits survives conversion to a double and back. */
#define KD_JSON_DIGITS_EXACT 15u
#define KD_JSON_SAFE_INTEGER 9007199254740991ull
/* The number of digits that always fit into 64 bits. */
#define KD_JSON_DIGITS_KEPT 19u
/* 10 to the power of this is the largest one that a double holds exactly. */
#define KD_JSON_POWER_MAX 22
/* Between 10^-270 and 10^270 no number of up to 15 digits is near the ends of a double's range. */
#define KD_JSON_EXPONENT_SAFE 270
/* JavaScript writes smaller numbers with an exponent. */
#define KD_JSON_PLAIN_MIN 1e-6
/* Larger exponents need not be told apart. */
#define KD_JSON_EXPONENT_MAX 100000

typedef struct {
  double value;
  /* `value` is the number. */
  bool has_value;
  /* The double is certainly equal to the literal. */
  bool is_exact;
  /* JavaScript writes the number like this. */
  bool is_canonical;
} kd_json_number;

static inline bool kd_json_is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}

static const double KD_JSON_POWERS[KD_JSON_POWER_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

typedef struct {
  uint64_t digits;
  /* Significant digits: from the first one that is not 0. */
  uint64_t count;
} kd_json_digits;

static inline const uint8_t *kd_json_single_digits_end(const uint8_t *at, const uint8_t *end,
                                                       kd_json_digits *to) {
  while (at < end && kd_json_is_digit(*at)) {
    if (to->count < KD_JSON_DIGITS_KEPT) to->digits = to->digits * 10 + (uint64_t)(*at - '0');
    to->count += to->digits != 0;
    at++;
  }
  return at;
}

static const uint64_t KD_JSON_POWERS_WHOLE[9] = {1,      10,      100,      1000,     10000,
                                                 100000, 1000000, 10000000, 100000000};

/* The number of eight digits, one in each byte, the first in the lowest. */
static inline uint64_t kd_json_eight_digits(uint64_t digits) {
  digits = digits * 10 + (digits >> 8);
  return ((digits & 0x000000ff000000ffull) * 0x000f424000000064ull +
          (digits >> 16 & 0x000000ff000000ffull) * 0x0000271000000001ull) >>
         32;
}

/* Returns the end of the digits at `at`. Reads up to eight at a time while there are bytes up to `limit`. */
KD_JSON_INLINE const uint8_t *kd_json_digits_end(const uint8_t *at, const uint8_t *end, const uint8_t *limit,
                                                 kd_json_digits *to) {
  uint32_t length = 8;
  while (length == 8 && at < end && limit - at >= 8 && to->count + 8 <= KD_JSON_DIGITS_KEPT) {
    uint64_t digits;
    memcpy(&digits, at, sizeof digits);
    digits ^= 0x3030303030303030ull;
    /* The highest bit of the first byte that is not a digit is set; bits of later bytes may be wrong. */
    const uint64_t others = ((digits + 0x7676767676767676ull) | digits) & 0x8080808080808080ull;
    if (others) length = (uint32_t)__builtin_ctzll(others) >> 3;
    if (length > end - at) length = (uint32_t)(end - at);
    if (length == 0) return at;
    digits <<= 64 - 8 * length;
    const uint64_t value = kd_json_eight_digits(digits);
    if (to->digits != 0)
      to->count += length;
    else if (value != 0)
      to->count += 8 - ((uint32_t)__builtin_ctzll(digits) >> 3);
    to->digits = to->digits * KD_JSON_POWERS_WHOLE[length] + value;
    at += length;
  }
  return length < 8 ? at : kd_json_single_digits_end(at, end, to);
}

KD_JSON_INLINE void kd_json_judge(kd_json_number *number, const kd_json_digits *digits, bool is_integer,
                                  int64_t exponent) {
  const double significant = (double)digits->digits;
  if (is_integer) {
    number->has_value = number->is_exact =
        digits->count <= KD_JSON_DIGITS_EXACT + 1 && digits->digits <= KD_JSON_SAFE_INTEGER;
    number->value = significant;
    number->is_canonical = number->is_exact;
    return;
  }
  const bool is_short = digits->count <= KD_JSON_DIGITS_EXACT;
  const int64_t size = exponent < 0 ? -exponent : exponent;
  number->is_exact = is_short && (size <= KD_JSON_EXPONENT_SAFE || digits->digits == 0);
  number->has_value = is_short && (size <= KD_JSON_POWER_MAX || digits->digits == 0);
  number->value = significant;
  /* Both operands are exact, so the result is the nearest double: one rounding. */
  if (number->has_value && digits->digits != 0)
    number->value = exponent < 0 ? significant / KD_JSON_POWERS[size] : significant * KD_JSON_POWERS[size];
}

/* Returns the end of the exponent whose `e` is at `at`; NULL if it is not valid. */
static inline const uint8_t *kd_json_exponent_end(const uint8_t *at, const uint8_t *end, int64_t *exponent) {
  bool is_negative = false;
  int64_t value = 0;
  at++;
  if (at < end && (*at == '+' || *at == '-')) is_negative = *at++ == '-';
  if (at == end || !kd_json_is_digit(*at)) return NULL;
  for (; at < end && kd_json_is_digit(*at); at++)
    if (value < KD_JSON_EXPONENT_MAX) value = value * 10 + (*at - '0');
  *exponent += is_negative ? -value : value;
  return at;
}

/* Returns the end of the number literal at `at`, which begins with a digit or a minus; NULL: not valid.
 * Bytes up to `limit` may be read. */
KD_JSON_INLINE const uint8_t *kd_json_number_end(const uint8_t *at, const uint8_t *end, const uint8_t *limit,
                                                 kd_json_number *number) {
  const bool is_negative = *at == '-';
  kd_json_digits digits = {0};
  int64_t exponent = 0;
  bool is_integer = true, is_plain = false;
  at += is_negative;
  if (at == end || !kd_json_is_digit(*at)) return NULL;
  if (*at == '0') {
    at++;
    if (at < end && kd_json_is_digit(*at)) return NULL;
  } else
    at = kd_json_digits_end(at, end, limit, &digits);
  if (at < end && *at == '.') {
    const uint8_t *fraction = ++at;
    at = kd_json_digits_end(at, end, limit, &digits);
    if (at == fraction) return NULL;
    exponent = -(at - fraction);
    is_integer = false;
    is_plain = at[-1] != '0';
  }
  if (at < end && (*at | 0x20) == 'e') {
    at = kd_json_exponent_end(at, end, &exponent);
    if (!at) return NULL;
    is_integer = is_plain = false;
  }
  kd_json_judge(number, &digits, is_integer, exponent);
  if (!is_integer) number->is_canonical = is_plain && number->has_value && number->value >= KD_JSON_PLAIN_MIN;
  if (is_negative) {
    number->value = -number->value;
    number->is_canonical &= digits.digits != 0;
  }
  return at;
}

#endif

/* The hash by which receipts compare records: 128 bits over key, value, headers and timestamp. It finds
 * accidents (a changed, lost or doubled record); it is not a cryptographic hash. Hashes of records are added
 * up modulo 2^128, so that a sum does not depend on their order. */
#ifndef KD_RECORD_HASH_H
#define KD_RECORD_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "packed.h"

/* `low` and `high` form one number. */
typedef struct {
  uint64_t low, high;
} kd_hash;

/* A record's content without its timestamp. NULL is null, which is not the same as empty; no headers and
 * an empty list of headers are the same. `headers` are packed. */
kd_hash kd_hash_content(const uint8_t *key, uint32_t key_length, const uint8_t *value, uint32_t value_length,
                        const uint8_t *headers, uint32_t headers_length);
/* The same without the headers that describe a dead letter's death (`kd-…`): two copies of one dead letter
 * differ in them. */
uint64_t kd_hash_twin(const kd_input_record *record);

static inline kd_hash kd_hash_round(kd_hash state, uint64_t a, uint64_t b) {
  uint64_t x = state.low ^ a, y = state.high ^ b;
  unsigned __int128 product =
      (unsigned __int128)(x ^ 0x9e3779b97f4a7c15u) * (unsigned __int128)(y ^ 0xc2b2ae3d27d4eb4fu);
  return (kd_hash){y ^ (uint64_t)product, ((x << 32) | (x >> 32)) + (uint64_t)(product >> 64)};
}

/* The hash of the record itself. */
static inline kd_hash kd_hash_record(kd_hash content, int64_t timestamp) {
  kd_hash state = kd_hash_round(content, (uint64_t)timestamp, 0x165667b19e3779f9u);
  state = kd_hash_round(state, 0x27d4eb2f165667c5u, 0x85ebca77c2b2ae63u);
  return kd_hash_round(state, 0xd6e8feb86659fd93u, 0xa0761d6478bd642fu);
}

/* One byte of it: enough to find the place of a difference that the sums have shown. */
static inline uint8_t kd_hash_mark(kd_hash hash) {
  return (uint8_t)(hash.low >> 56);
}

static inline void kd_hash_add(kd_hash *sum, kd_hash hash) {
  sum->low += hash.low;
  sum->high += hash.high + (sum->low < hash.low);
}

static inline kd_hash kd_hash_input(const kd_input_record *record) {
  kd_hash content = kd_hash_content(record->key, record->key_length, record->value, record->value_length,
                                    record->headers, record->headers_length);
  return kd_hash_record(content, record->timestamp);
}

#endif

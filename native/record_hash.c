#include "record_hash.h"

static inline uint64_t eight(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return word;
}

static inline uint64_t four(const uint8_t *at) {
  uint32_t word;
  memcpy(&word, at, 4);
  return word;
}

/* The lengths are part of the initial state, so bytes that are taken twice or padded can't be confused. */
static inline kd_hash absorb(kd_hash state, const uint8_t *at, uint32_t length) {
  uint32_t left = length;
  for (; left > 16; at += 16, left -= 16) state = kd_hash_round(state, eight(at), eight(at + 8));
  if (left == 0) return state;
  if (length >= 16) return kd_hash_round(state, eight(at + left - 16), eight(at + left - 8));
  if (left >= 8) return kd_hash_round(state, eight(at), eight(at + left - 8));
  if (left >= 4) return kd_hash_round(state, four(at), four(at + left - 4));
  return kd_hash_round(state, at[0], (uint64_t)at[left / 2] << 8 | at[left - 1]);
}

static inline uint64_t nullable(const uint8_t *bytes, uint32_t length) {
  return bytes ? (uint64_t)length + 1 : 0;
}

kd_hash kd_hash_content(const uint8_t *key, uint32_t key_length, const uint8_t *value, uint32_t value_length,
                        const uint8_t *headers, uint32_t headers_length) {
  uint64_t header_bytes = headers ? headers_length : 0;
  kd_hash state = {0x2d358dccaa6c78a5u ^ nullable(key, key_length) ^ nullable(value, value_length) << 32,
                   0x8bb84b93962eacc9u ^ header_bytes};
  if (key) state = absorb(state, key, key_length);
  if (value) state = absorb(state, value, value_length);
  if (header_bytes) state = absorb(state, headers, headers_length);
  return state;
}

static bool describes_death(const kd_header *header) {
  return header->name_length >= 3 && memcmp(header->name, "kd-", 3) == 0;
}

uint64_t kd_hash_twin(const kd_input_record *record) {
  kd_hash state =
      kd_hash_content(record->key, record->key_length, record->value, record->value_length, NULL, 0);
  kd_headers_cursor cursor = {.next = record->headers, .left = record->headers ? record->headers_length : 0};
  kd_header header;
  while (kd_headers_next(&cursor, &header) == 1) {
    if (describes_death(&header)) continue;
    uint32_t value_length = header.value ? (uint32_t)header.value_length : 0;
    kd_hash one = kd_hash_content(header.name, header.name_length, header.value, value_length, NULL, 0);
    state = kd_hash_round(state, one.low, one.high);
  }
  return kd_hash_record(state, 0).low;
}

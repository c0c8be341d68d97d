/* Shared by the files of the JSON scanner. */
#ifndef KD_JSON_INTERNAL_H
#define KD_JSON_INTERNAL_H

#include "scan.h"

/* Keys of all open objects together; in larger values, JavaScript looks for duplicate keys. */
#define KD_JSON_HASHES_MAX 4096u
/* Per object; limits the cost of comparing hashes. */
#define KD_JSON_MEMBERS_MAX 64u
/* Keys of a record that the next one probably has as well, and their maximum length with quotes. */
#define KD_JSON_EXPECTED_MAX 64u
#define KD_JSON_EXPECTED_BYTES 32u

/* What a scan knows stays in registers where these are inlined. */
#define KD_JSON_INLINE static inline __attribute__((always_inline))

#define KD_JSON_NO_NODE (-1)

/* A key on a path. */
typedef struct {
  uint64_t hash;
  uint32_t name_position, name_length;
  int32_t parent;
  /* −1: none. */
  int32_t path, object;
  /* Nodes below it are [own number + 1, end). */
  int32_t end;
} kd_json_node;

/* A key of an earlier record. Most records of a topic have the same keys in the same order, so comparing the
 * bytes with those of the last record replaces reading, hashing and looking up the key. */
typedef struct {
  uint8_t bytes[KD_JSON_EXPECTED_BYTES];
  uint64_t hash;
  uint32_t length;
  /* The depth of its object, its index among the members, the node of the object, the node of the key. */
  uint32_t depth, member;
  int32_t parent, node;
  bool is_ascii;
} kd_json_expected;

/* An open object or array. */
typedef struct {
  /* One bit for each hash of its keys. */
  uint64_t seen;
  uint32_t members;
  uint32_t first_hash;
  /* The node it is the value of, and the node whose keys its members may have. */
  int32_t node, keys_of;
  int32_t start;
  /* Its keys were all compared. */
  bool is_object, is_compared;
} kd_json_frame;

struct kd_json_scanner {
  kd_json_node *nodes;
  uint8_t *names;
  /* The row in which each node was last seen. */
  uint64_t *met;
  /* Open addressing by parent and hash; −1: free. */
  int32_t *table;
  uint32_t table_mask;
  uint32_t node_count, names_length;
  int32_t path_count, object_count;
  uint64_t row;
  /* NULL: none are learned. */
  struct kd_json_shapes *shapes;
  uint32_t expected_count;
  kd_json_expected expected[KD_JSON_EXPECTED_MAX];
  kd_json_frame frames[KD_JSON_DEPTH_MAX];
  uint64_t hashes[KD_JSON_HASHES_MAX];
};

uint64_t kd_json_hash(const uint8_t *bytes, size_t length);
/* The node of a key below a node, or KD_JSON_NO_NODE. */
int32_t kd_json_find(const kd_json_scanner *scanner, int32_t parent, const uint8_t *name, size_t length,
                     uint64_t hash);
/* Writes the characters of a valid string literal without its quotes; lone surrogates take three bytes.
 * Returns the length, or `size` + 1 if there is no room. */
size_t kd_json_unescape(const uint8_t *at, const uint8_t *end, uint8_t *to, size_t size);

#endif

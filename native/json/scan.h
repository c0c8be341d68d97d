/* The scanner of JSON records in packed blocks: one pass over each value checks it completely and notes where
 * the members of some paths are. It makes no JavaScript values and holds no state of the process: every
 * thread has scanners of its own. */
#ifndef KD_JSON_SCAN_H
#define KD_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As deep as src/formats/limits.ts allows. */
#define KD_JSON_DEPTH_MAX 1000u
/* Rows of one call. */
#define KD_JSON_ROWS_MAX 64u
#define KD_JSON_PATHS_MAX 256u
/* The root, and each key on a path. */
#define KD_JSON_NODES_MAX 2048u
#define KD_JSON_NAME_BYTES_MAX 1024u
/* Items of arrays that one call notes. */
#define KD_JSON_ITEMS_MAX 1024u

enum {
  /* Not valid; the decoder in JavaScript reports why. */
  KD_JSON_INVALID = 0,
  /* Valid: no key twice, no `__proto__`, every number is held exactly by a double. */
  KD_JSON_SAFE = 1,
  /* Valid, but may have a key twice, `__proto__` or an inexact number. */
  KD_JSON_CLOSER = 2,
};

/* CANONICAL: byte for byte what JSON.stringify writes for the value, unless a key looks like an index. */
enum {
  KD_JSON_BOM = 1,
  KD_JSON_ASCII = 2,
  KD_JSON_ESCAPES = 4,
  KD_JSON_IN_ORDER = 8,
  KD_JSON_CANONICAL = 16,
};

typedef enum {
  KD_JSON_ABSENT = 0,
  KD_JSON_NULL,
  KD_JSON_FALSE,
  KD_JSON_TRUE,
  /* Its value is in `numbers`. */
  KD_JSON_NUMBER,
  /* Its text must be read in JavaScript. */
  KD_JSON_NUMBER_TEXT,
  /* ASCII without escapes. */
  KD_JSON_STRING,
  /* Other characters, without escapes. */
  KD_JSON_STRING_UTF8,
  KD_JSON_STRING_ESCAPED,
  KD_JSON_ARRAY,
  KD_JSON_OBJECT,
  /* The path's key, or one of its parents', is there twice. */
  KD_JSON_DUPLICATE,
  /* A parent on the path is not an object. */
  KD_JSON_BLOCKED,
} kd_json_kind;

/* The cells of a row: these, then those of each path, then those of each object. All positions count from the
 * start of the block; ends are exclusive. */
typedef struct {
  int32_t status, flags, start, end, keys, kind;
} kd_json_row;

/* `items`: 1 + the number of its first item, if it is an array of values that contain no others, and there
 * was room. */
typedef struct {
  int32_t kind, key_start, start, end, items, count;
} kd_json_path;

/* start 0: there is no such object. */
typedef struct {
  int32_t start, close, members;
} kd_json_object;

typedef struct {
  int32_t kind, start, end;
} kd_json_item;

/* Where the results of a call go. */
typedef struct {
  /* A row after the other. */
  int32_t *cells;
  /* The numbers of all paths of a row, then those of the next row. */
  double *numbers;
  kd_json_item *items;
  double *item_numbers;
  uint32_t items_max, item_count;
} kd_json_tables;

#define KD_JSON_CELLS(type) (sizeof(type) / sizeof(int32_t))

typedef struct kd_json_scanner kd_json_scanner;

/* NULL: out of memory. Node 0 is the root. */
kd_json_scanner *kd_json_create(void);
void kd_json_free(kd_json_scanner *scanner);
/* Writes UTF-16 as kd_json_add wants names, at most three bytes for each unit; lone surrogates are kept. */
size_t kd_json_utf16(const uint16_t *units, size_t count, uint8_t *to);
/* Adds a key below a node. Nodes come depth first: the parent is the last node or one of its parents. `path`:
 * its number, or −1 for a key that only leads to others; numbers rise by one. Returns the number of the
 * node; −1: out of memory, out of place, or too many. */
int32_t kd_json_add(kd_json_scanner *scanner, uint32_t parent, const uint8_t *name, size_t length,
                    int32_t path);
/* After the last node, before the first scan. False: out of memory. */
bool kd_json_seal(kd_json_scanner *scanner);

/* Cells of one row. */
size_t kd_json_stride(const kd_json_scanner *scanner);
size_t kd_json_path_count(const kd_json_scanner *scanner);

/* Scans block[start, end); bytes up to `limit` may be read. The first row of the tables is written, and items
 * from `item_count` on. */
void kd_json_scan_value(kd_json_scanner *scanner, const uint8_t *block, uint32_t start, uint32_t end,
                        uint32_t limit, kd_json_tables *tables);

/* Scans the values of rows [first_row, end_row) of an input block, as many as it has, at most
 * KD_JSON_ROWS_MAX; null values are KD_JSON_INVALID. Returns how many rows were scanned; 0: the block has no
 * such rows. */
uint32_t kd_json_scan_rows(kd_json_scanner *scanner, const uint8_t *block, size_t length, uint32_t first_row,
                           uint32_t end_row, kd_json_tables *tables);

#endif

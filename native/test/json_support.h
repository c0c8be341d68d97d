/* A scanner with some paths, and one text scanned by it. Every text is in memory of its own size, so that
 * ASan sees a read past its end. */
#ifndef KD_JSON_SUPPORT_H
#define KD_JSON_SUPPORT_H

#include "../json/scan.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

#define PATHS 6
#define CELLS 256
#define ITEMS_MAX 4
/* Positions are never 0. */
#define OFFSET 8u

enum { AMOUNT, USER, USER_NAME, ADDRESS_CITY, ADDRESS_ZIP, UMLAUT };

typedef struct {
  int32_t cells[CELLS];
  double numbers[PATHS];
  kd_json_item items[ITEMS_MAX];
  double item_numbers[ITEMS_MAX];
} result;

static inline kd_json_tables tables_of(result *r) {
  return (kd_json_tables){.cells = r->cells,
                          .numbers = r->numbers,
                          .items = r->items,
                          .item_numbers = r->item_numbers,
                          .items_max = ITEMS_MAX};
}

static inline void add(kd_json_scanner *scanner, uint32_t parent, const char *name, int32_t path,
                       int32_t node) {
  CHECK(kd_json_add(scanner, parent, (const uint8_t *)name, strlen(name), path) == node);
}

/* amount, user, user.name, user.address.{city, zip}, ü. */
static inline kd_json_scanner *create(void) {
  kd_json_scanner *scanner = kd_json_create();
  CHECK(scanner);
  add(scanner, 0, "amount", AMOUNT, 1);
  add(scanner, 0, "user", USER, 2);
  add(scanner, 2, "name", USER_NAME, 3);
  add(scanner, 2, "address", -1, 4);
  add(scanner, 4, "city", ADDRESS_CITY, 5);
  add(scanner, 4, "zip", ADDRESS_ZIP, 6);
  add(scanner, 0, "\xc3\xbc", UMLAUT, 7);
  CHECK(kd_json_seal(scanner));
  CHECK(kd_json_stride(scanner) < CELLS && kd_json_path_count(scanner) == PATHS);
  return scanner;
}

static inline const kd_json_row *row_of(const result *r) {
  return (const void *)r->cells;
}
static inline const kd_json_path *path_of(const result *r, int path) {
  return (const kd_json_path *)(const void *)(r->cells + KD_JSON_CELLS(kd_json_row)) + path;
}
static inline const kd_json_object *object_of(const result *r, int object) {
  return (const kd_json_object *)(const void *)path_of(r, PATHS) + object;
}

/* Whatever the bytes are, positions are in order and inside. */
static inline void check_positions(const result *r, int32_t start, int32_t end) {
  const kd_json_row *row = row_of(r);
  CHECK(row->status >= KD_JSON_INVALID && row->status <= KD_JSON_CLOSER);
  if (row->status == KD_JSON_INVALID) return;
  CHECK(start <= row->start && row->start < row->end && row->end <= end && row->keys >= 0);
  for (int i = 0; i < PATHS; i++) {
    const kd_json_path *path = path_of(r, i);
    CHECK(path->kind >= KD_JSON_ABSENT && path->kind <= KD_JSON_BLOCKED);
    if (path->kind == KD_JSON_ABSENT || path->kind >= KD_JSON_DUPLICATE) continue;
    CHECK(row->start < path->key_start && path->key_start < path->start && path->start < path->end &&
          path->end < row->end);
    CHECK(path->items == 0 || path->kind == KD_JSON_ARRAY);
    for (int32_t item = 0; path->items > 0 && item < path->count; item++) {
      CHECK(path->items + item <= ITEMS_MAX);
      const kd_json_item *at = &r->items[path->items - 1 + item];
      CHECK(path->start < at->start && at->start < at->end && at->end < path->end);
    }
  }
  for (int i = 0; i < 3; i++) {
    const kd_json_object *object = object_of(r, i);
    if (object->start == 0) continue;
    CHECK(row->start <= object->start && object->start < object->close && object->close < row->end);
    CHECK(object->members <= row->keys);
  }
}

static inline int scan_bytes(kd_json_scanner *scanner, const void *text, size_t length, result *r) {
  uint8_t *bytes = malloc(length + OFFSET);
  CHECK(bytes);
  memset(bytes, '"', OFFSET);
  if (length) memcpy(bytes + OFFSET, text, length);
  memset(r, 0x55, sizeof *r);
  const uint32_t end = (uint32_t)length + OFFSET;
  kd_json_tables tables = tables_of(r);
  kd_json_scan_value(scanner, bytes, OFFSET, end, end, &tables);
  CHECK(tables.item_count <= ITEMS_MAX);
  free(bytes);
  check_positions(r, OFFSET, (int32_t)end);
  return row_of(r)->status;
}

static inline int scan_text(kd_json_scanner *scanner, const char *text, result *r) {
  return scan_bytes(scanner, text, strlen(text), r);
}

static inline bool is_span(const char *text, int32_t start, int32_t end, const char *wanted) {
  return (size_t)(end - start) == strlen(wanted) &&
         memcmp(text + start - OFFSET, wanted, strlen(wanted)) == 0;
}

#endif

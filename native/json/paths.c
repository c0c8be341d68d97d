/* The paths that a scanner looks for, as a tree of keys. */
#include "shape.h"

#include <stdlib.h>
#include <string.h>

uint64_t kd_json_hash(const uint8_t *bytes, size_t length) {
  const uint64_t factor = 0x9e3779b97f4a7c15ull;
  uint64_t hash = length * factor, word;
  for (; length >= 8; bytes += 8, length -= 8) {
    memcpy(&word, bytes, 8);
    hash = (hash ^ word) * factor;
    hash ^= hash >> 32;
  }
  if (length > 0) {
    word = 0;
    for (size_t i = 0; i < length; i++) word = word << 8 | bytes[i];
    hash = (hash ^ word) * factor;
  }
  return hash ^ hash >> 29;
}

static int32_t number_object(kd_json_scanner *scanner, int32_t node) {
  if (scanner->nodes[node].object < 0) scanner->nodes[node].object = scanner->object_count++;
  return scanner->nodes[node].object;
}

kd_json_scanner *kd_json_create(void) {
  kd_json_scanner *scanner = calloc(1, sizeof *scanner);
  if (!scanner) return NULL;
  scanner->nodes = calloc(KD_JSON_NODES_MAX, sizeof *scanner->nodes);
  if (!scanner->nodes) {
    kd_json_free(scanner);
    return NULL;
  }
  scanner->node_count = 1;
  scanner->nodes[0] = (kd_json_node){.parent = KD_JSON_NO_NODE, .path = -1, .object = -1};
  number_object(scanner, 0);
  return scanner;
}

void kd_json_free(kd_json_scanner *scanner) {
  if (!scanner) return;
  kd_json_forget_shapes(scanner);
  free(scanner->shapes);
  free(scanner->nodes);
  free(scanner->names);
  free(scanner->met);
  free(scanner->table);
  free(scanner);
}

/* The parent is the last node or one of its parents. */
static bool is_in_place(const kd_json_scanner *scanner, uint32_t parent) {
  int32_t node = (int32_t)scanner->node_count - 1;
  while (node >= 0 && (uint32_t)node != parent) node = scanner->nodes[node].parent;
  return node >= 0;
}

int32_t kd_json_add(kd_json_scanner *scanner, uint32_t parent, const uint8_t *name, size_t length,
                    int32_t path) {
  if (scanner->node_count == KD_JSON_NODES_MAX || length > KD_JSON_NAME_BYTES_MAX ||
      !is_in_place(scanner, parent))
    return -1;
  if (path != -1 && (path != scanner->path_count || path >= (int32_t)KD_JSON_PATHS_MAX)) return -1;
  uint8_t *names = realloc(scanner->names, scanner->names_length + length + 1);
  if (!names) return -1;
  scanner->names = names;
  memcpy(names + scanner->names_length, name, length);
  const int32_t node = (int32_t)scanner->node_count++;
  scanner->nodes[node] = (kd_json_node){
      .hash = kd_json_hash(name, length),
      .name_position = scanner->names_length,
      .name_length = (uint32_t)length,
      .parent = (int32_t)parent,
      .path = path,
      .object = -1,
  };
  scanner->names_length += (uint32_t)length;
  if (path >= 0) scanner->path_count++;
  return node;
}

static uint32_t place_of(const kd_json_scanner *scanner, int32_t parent, uint64_t hash) {
  return (uint32_t)((hash ^ (uint64_t)parent * 0x9e3779b97f4a7c15ull) >> 20) & scanner->table_mask;
}

bool kd_json_seal(kd_json_scanner *scanner) {
  uint32_t size = 8;
  while (size < 2 * scanner->node_count) size *= 2;
  scanner->table = malloc(size * sizeof *scanner->table);
  scanner->met = calloc(scanner->node_count, sizeof *scanner->met);
  scanner->shapes = calloc(1, sizeof *scanner->shapes);
  if (!scanner->table || !scanner->met || !scanner->shapes) return false;
  scanner->shapes->first = -1;
  scanner->table_mask = size - 1;
  for (uint32_t i = 0; i < size; i++) scanner->table[i] = KD_JSON_NO_NODE;
  for (uint32_t i = 0; i < scanner->node_count; i++) scanner->nodes[i].end = (int32_t)i + 1;
  for (int32_t i = (int32_t)scanner->node_count - 1; i > 0; i--) {
    kd_json_node *parent = &scanner->nodes[scanner->nodes[i].parent];
    if (parent->end < scanner->nodes[i].end) parent->end = scanner->nodes[i].end;
  }
  for (int32_t i = 1; i < (int32_t)scanner->node_count; i++) {
    number_object(scanner, scanner->nodes[i].parent);
    uint32_t place = place_of(scanner, scanner->nodes[i].parent, scanner->nodes[i].hash);
    while (scanner->table[place] != KD_JSON_NO_NODE) place = (place + 1) & scanner->table_mask;
    scanner->table[place] = i;
  }
  return true;
}

int32_t kd_json_find(const kd_json_scanner *scanner, int32_t parent, const uint8_t *name, size_t length,
                     uint64_t hash) {
  uint32_t place = place_of(scanner, parent, hash);
  for (int32_t i = scanner->table[place]; i != KD_JSON_NO_NODE; i = scanner->table[place]) {
    const kd_json_node *node = &scanner->nodes[i];
    if (node->parent == parent && node->hash == hash && node->name_length == length &&
        memcmp(scanner->names + node->name_position, name, length) == 0)
      return i;
    place = (place + 1) & scanner->table_mask;
  }
  return KD_JSON_NO_NODE;
}

size_t kd_json_stride(const kd_json_scanner *scanner) {
  return KD_JSON_CELLS(kd_json_row) + (size_t)scanner->path_count * KD_JSON_CELLS(kd_json_path) +
         (size_t)scanner->object_count * KD_JSON_CELLS(kd_json_object);
}

size_t kd_json_path_count(const kd_json_scanner *scanner) {
  return (size_t)scanner->path_count;
}

/* ---- keys with escapes ---- */

static uint32_t hex4(const uint8_t *at) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) {
    const uint8_t c = at[i];
    value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

static uint8_t short_escape(uint8_t c) {
  switch (c) {
  case 'b': return '\b';
  case 'f': return '\f';
  case 'n': return '\n';
  case 'r': return '\r';
  case 't': return '\t';
  default: return c;
  }
}

static size_t put_character(uint8_t *to, uint32_t c) {
  if (c < 0x80) {
    to[0] = (uint8_t)c;
    return 1;
  }
  const size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const uint8_t FIRST[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = length - 1; i > 0; i--, c >>= 6) to[i] = (uint8_t)(0x80 | (c & 0x3f));
  to[0] = (uint8_t)(FIRST[length] | c);
  return length;
}

size_t kd_json_unescape(const uint8_t *at, const uint8_t *end, uint8_t *to, size_t size) {
  size_t length = 0;
  /* Other threads may write to the block, so even checked bytes are read with care. */
  while (at < end) {
    if (size - length < 4) return size + 1;
    if (*at != '\\' || end - at < 2)
      to[length++] = *at++;
    else if (at[1] != 'u' || end - at < 6) {
      to[length++] = short_escape(at[1]);
      at += 2;
    } else {
      uint32_t c = hex4(at + 2);
      at += 6;
      if (c >= 0xd800 && c < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        const uint32_t low = hex4(at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
          c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
          at += 6;
        }
      }
      length += put_character(to + length, c);
    }
  }
  return length;
}

size_t kd_json_utf16(const uint16_t *units, size_t count, uint8_t *to) {
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t c = units[i];
    if (c >= 0xd800 && c < 0xdc00 && i + 1 < count && units[i + 1] >= 0xdc00 && units[i + 1] < 0xe000)
      c = 0x10000 + ((c - 0xd800) << 10) + (units[++i] - 0xdc00u);
    length += put_character(to + length, c);
  }
  return length;
}

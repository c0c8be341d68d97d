/* Tests the memory of shapes: with it, every text gives the same row as without it, whatever was read
 * before. */
#include "../json/shape.h"

#include <stdio.h>

#include "json_support.h"

#ifdef KD_TEST_SLOW
#define ROUNDS 1000u
#else
#define ROUNDS 30000u
#endif
#define TEXT_BYTES_MAX 8192u

typedef struct {
  char bytes[TEXT_BYTES_MAX];
  size_t length;
} document;

static unsigned seed = 17;

static unsigned below(unsigned limit) {
  return next_random(&seed) % limit;
}

static void put(document *to, const char *text) {
  const size_t length = strlen(text);
  if (to->length + length >= TEXT_BYTES_MAX) return;
  memcpy(to->bytes + to->length, text, length + 1);
  to->length += length;
}

#define PICK(texts) texts[below(sizeof texts / sizeof *texts)]

static void put_blank(document *to, unsigned blanks) {
  static const char *const BLANKS[] = {"", " ", "\n  ", "\t"};
  if (blanks) put(to, blanks == 1 ? " " : PICK(BLANKS));
}

static void put_scalar(document *to) {
  static const char *const SCALARS[] = {"0",
                                        "7",
                                        "12345678",
                                        "1700000000000",
                                        "-12.5",
                                        "1e3",
                                        "true",
                                        "null",
                                        "\"a\"",
                                        "\"\xc3\xbc\"",
                                        "\"\\u00e9\"",
                                        "\"0123456789abcdef0123\"",
                                        "-0",
                                        "9007199254740993",
                                        "1.0",
                                        "0.000000000000001",
                                        "12345678901234567",
                                        "1234567.12345678",
                                        "false",
                                        "\"\"",
                                        "\":{}[],\"",
                                        "-1234567890123.25"};
  /* The first ones are exact; a shape is learned only where all are. */
  put(to, SCALARS[below(8) ? below(12) : below(sizeof SCALARS / sizeof *SCALARS)]);
}

/* The same shape gives the same document except for its values. */
static void put_value(document *to, unsigned *shape, unsigned depth, unsigned blanks) {
  static const char *const KEYS[] = {"amount", "user",     "name",         "address", "city",
                                     "zip",    "\xc3\xbc", "am\\u006funt", "x"};
  const unsigned kind = depth == 0 ? 6 + next_random(shape) % 3 : next_random(shape) % (depth > 3 ? 5 : 9),
                 count = next_random(shape) % 5, first = next_random(shape), strange = next_random(shape) % 8;
  if (kind < 4)
    put_scalar(to);
  else if (kind < 6) {
    /* An array of values, as many as there happen to be. */
    put(to, "[");
    put_blank(to, blanks);
    for (unsigned i = below(4); i > 0; i--) {
      put_scalar(to);
      put_blank(to, blanks);
      if (i > 1) put(to, ",");
    }
    put(to, "]");
  } else {
    put(to, kind == 6 ? "[" : "{");
    for (unsigned i = 0; i < count; i++) {
      if (i > 0) put(to, ",");
      put_blank(to, blanks);
      if (kind != 6) {
        put(to, "\"");
        put(to, KEYS[strange ? (first + i) % 7 : next_random(shape) % 9]);
        put(to, "\":");
        put_blank(to, blanks);
      }
      put_value(to, shape, depth + 1, blanks);
    }
    put_blank(to, blanks);
    put(to, kind == 6 ? "]" : "}");
  }
}

static void make(document *to, unsigned shape) {
  const unsigned blanks = shape % 3;
  to->length = 0;
  to->bytes[0] = 0;
  if (shape % 16 == 0) put(to, "\xef\xbb\xbf");
  if (shape % 5 == 0) put(to, " ");
  put_value(to, &shape, 0, blanks);
  if (shape % 7 == 0) put(to, "\n ");
}

/* ---- the same row ---- */

static void check_items(const result *one, const kd_json_path *a, const result *other,
                        const kd_json_path *b) {
  CHECK((a->items > 0) == (b->items > 0) && a->count == b->count);
  for (int32_t i = 0; a->items > 0 && i < a->count; i++) {
    const int32_t x = a->items - 1 + i, y = b->items - 1 + i;
    CHECK(memcmp(&one->items[x], &other->items[y], sizeof one->items[x]) == 0);
    CHECK(memcmp(&one->item_numbers[x], &other->item_numbers[y], sizeof(double)) == 0);
  }
}

static void check_same(const result *one, const result *other, size_t stride) {
  CHECK(row_of(one)->status == row_of(other)->status);
  if (row_of(one)->status == KD_JSON_INVALID) return;
  CHECK(memcmp(row_of(one), row_of(other), sizeof(kd_json_row)) == 0);
  for (int i = 0; i < PATHS; i++) {
    const kd_json_path *a = path_of(one, i), *b = path_of(other, i);
    CHECK(a->kind == b->kind && a->key_start == b->key_start && a->start == b->start && a->end == b->end);
    check_items(one, a, other, b);
    if (a->kind == KD_JSON_NUMBER) CHECK(memcmp(&one->numbers[i], &other->numbers[i], sizeof(double)) == 0);
  }
  const size_t objects = KD_JSON_CELLS(kd_json_row) + PATHS * KD_JSON_CELLS(kd_json_path);
  CHECK(memcmp(one->cells + objects, other->cells + objects, (stride - objects) * sizeof(int32_t)) == 0);
}

/* A scanner that has seen nothing before, and that learns nothing. */
static void check_document(kd_json_scanner *scanner, const document *given) {
  result known, fresh;
  kd_json_scanner *other = create();
  free(other->shapes);
  other->shapes = NULL;
  scan_bytes(scanner, given->bytes, given->length, &known);
  scan_bytes(other, given->bytes, given->length, &fresh);
  check_same(&known, &fresh, kd_json_stride(other));
  kd_json_free(other);
}

/* Few shapes at a time, so that most are known; each document also with a byte changed, and cut. */
static void check_random(void) {
  static const char ALPHABET[] = "{}[]\",:\\u00e19.-+ \n\xc3\xbctrfnals";
  document given;
  uint64_t hits = 0;
  for (unsigned epoch = 0; epoch < ROUNDS / 100; epoch++) {
    kd_json_scanner *scanner = create();
    const unsigned first = next_random(&seed), shapes = 1 + below(6);
    for (unsigned i = 0; i < 100; i++) {
      make(&given, first + below(shapes));
      check_document(scanner, &given);
      if (given.length == 0) continue;
      if (below(2))
        given.bytes[below((unsigned)given.length)] =
            below(2) ? (char)next_random(&seed) : ALPHABET[below(sizeof ALPHABET - 1)];
      else
        given.length = below((unsigned)given.length);
      check_document(scanner, &given);
    }
    hits += scanner->shapes->hits;
    kd_json_free(scanner);
  }
  /* Otherwise this would test nothing. */
  CHECK(hits > ROUNDS / 2);
}

/* ---- what is remembered ---- */

static uint64_t hits_of(kd_json_scanner *scanner, const char *text, unsigned times) {
  result r;
  const uint64_t before = scanner->shapes->hits;
  for (unsigned i = 0; i < times; i++) CHECK(scan_text(scanner, text, &r) == KD_JSON_SAFE);
  return scanner->shapes->hits - before;
}

/* Shapes in turns, members that are missing, and a beginning that several share. */
static void check_turns(void) {
  static const char *const TEXTS[] = {
      "{\"amount\":1,\"x\":\"a\"}",
      "{\"amount\":1.5,\"x\":\"b\",\"y\":[1,2,3]}",
      "{\"amount\":1.5,\"x\":\"b\",\"y\":[]}",
      "{\"user\":{\"name\":null,\"address\":{\"city\":\"Ulm\"}}}",
      "{\"user\":{\"name\":7,\"address\":{\"city\":\"Ulm\",\"zip\":\"1\"}}}",
      "{\"user\":{\"name\":7,\"address\":{\"city\":\"Ulm\",\"zip\":\"1\"}}} \n",
      "{}",
  };
  kd_json_scanner *scanner = create();
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) hits_of(scanner, TEXTS[i], 1);
  /* The third and the sixth are of the shape before them. */
  CHECK(scanner->shapes->shape_count == 5 && scanner->shapes->hits == 2);
  for (int round = 0; round < 100; round++)
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) CHECK(hits_of(scanner, TEXTS[i], 1) == 1);
  kd_json_free(scanner);
}

/* So many values, bytes between two, levels, and bytes of a record are remembered, and no more. */
static void check_limits(void) {
  document given;
  for (unsigned more = 0; more < 2; more++) {
    kd_json_scanner *scanner = create();
    given.length = 0;
    put(&given, "[{}");
    for (unsigned i = 0; i < KD_JSON_STEPS_MAX + more; i++) put(&given, ",1");
    put(&given, "]");
    CHECK((hits_of(scanner, given.bytes, 3) == 2) == (more == 0));
    given.length = 0;
    put(&given, "{\"");
    while (given.length < KD_JSON_STEP_BYTES - 2 + more) put(&given, "k");
    put(&given, "\":1}");
    CHECK((hits_of(scanner, given.bytes, 3) == 2) == (more == 0));
    given.length = 0;
    for (unsigned i = 0; i < KD_JSON_LEARNED_DEPTH_MAX - 1 + more; i++) put(&given, "[");
    put(&given, "{}");
    for (unsigned i = 0; i < KD_JSON_LEARNED_DEPTH_MAX - 1 + more; i++) put(&given, "]");
    CHECK(hits_of(scanner, given.bytes, 3) == 0);
    given.length = 0;
    put(&given, "{\"a\":\"");
    while (given.length < KD_JSON_LEARNED_BYTES_MAX - 2 + more) put(&given, "v");
    put(&given, "\"}");
    CHECK((hits_of(scanner, given.bytes, 3) == 2) == (more == 0));
    kd_json_free(scanner);
  }
}

/* Records without a common shape are no longer learned, and after a pause they are again. */
static void check_forgetting(void) {
  kd_json_scanner *scanner = create();
  char text[64];
  result r;
  CHECK(hits_of(scanner, "{\"amount\":1}", 3) == 2);
  for (unsigned i = 0; i < KD_JSON_TRIAL_ROWS; i++) {
    snprintf(text, sizeof text, "{\"key%u\":1}", i);
    CHECK(scan_text(scanner, text, &r) == KD_JSON_SAFE);
  }
  CHECK(scanner->shapes->shape_count == 0 && scanner->shapes->pause_rows > 0);
  const unsigned pause = (unsigned)scanner->shapes->pause_rows;
  CHECK(hits_of(scanner, "{\"amount\":1}", pause) == 0);
  CHECK(hits_of(scanner, "{\"amount\":1}", 10) == 10);
  kd_json_free(scanner);
}

/* What a known record has behind it is no part of it: a shape never reads on into the next one. */
static void check_ends(void) {
  static const char BLOCK[] =
      "########{\"amount\":12,\"x\":\"y\"}34,\"x\":\"y\"}                                "
      "                                                                ";
  kd_json_scanner *scanner = create();
  result r;
  kd_json_tables tables = tables_of(&r);
  hits_of(scanner, "{\"amount\":12,\"x\":\"y\"}", 2);
  for (uint32_t end = 8; end < sizeof BLOCK - 1; end++) {
    tables.item_count = 0;
    kd_json_scan_value(scanner, (const uint8_t *)BLOCK, 8, end, sizeof BLOCK - 1, &tables);
    CHECK(row_of(&r)->status == (end == 29 ? KD_JSON_SAFE : KD_JSON_INVALID));
  }
  kd_json_free(scanner);
}

int main(void) {
  check_turns();
  check_limits();
  check_forgetting();
  check_ends();
  check_random();
  return 0;
}

/* Random documents, one after another, with one scanner, which remembers keys and shapes of earlier ones.
 * What it says must not depend on them, must be right about keys that are there twice, and no change of a
 * byte may do harm. Built twice: with SSE2 and without. */
#include <stdio.h>
#include <string.h>

#include "json_support.h"

#ifdef KD_TEST_SLOW
#define ROUNDS 1500u
#else
#define ROUNDS 40000u
#endif
#define TEXT_BYTES_MAX 65536u
#define DEPTH_MAX 4u
#define MEMBERS_MAX 6u
/* Documents that are alike follow each other. */
#define ALIKE 8u
/* Documents that one scanner reads. */
#define AGE_MAX 64u

/* Keys are compared with the expected ones only in front of so many bytes. */
#define BLANKS "                                                                "

static const char *const KEYS[] = {
    "amount", "user", "name", "address", "city", "zip", "\xc3\xbc", "x", "amounts", "", "0123456789abcdef0",
};
#define KEY_COUNT (sizeof KEYS / sizeof *KEYS)
static const char *const SCALARS[] = {
    "0",  "-1.5",    "12345678",        "true",  "null",
    "[]", "\"Ulm\"", "\"\xc3\xb6\\n\"", "[1,2]", "\"0123456789abcdef 0123456789abcdef\"",
};
#define SCALAR_COUNT (sizeof SCALARS / sizeof *SCALARS)

typedef struct {
  char text[TEXT_BYTES_MAX];
  size_t length;
  /* What keys there are, and how they are nested. */
  unsigned keys, shape;
  unsigned last_key;
  bool has_twin;
} document;

static void put(document *d, const char *text) {
  const size_t length = strlen(text);
  CHECK(d->length + length < sizeof d->text);
  memcpy(d->text + d->length, text, length);
  d->length += length;
}

static unsigned below(unsigned *random, unsigned limit) {
  return next_random(random) % limit;
}

static void put_value(document *d, unsigned depth) {
  const unsigned kind = depth == DEPTH_MAX ? 0 : depth == 0 ? 1 : below(&d->shape, 4);
  const unsigned count = below(&d->shape, MEMBERS_MAX);
  unsigned seen = 0;
  if (kind != 1 && kind != 2) {
    put(d, SCALARS[below(&d->shape, SCALAR_COUNT)]);
    return;
  }
  put(d, kind == 1 ? "{" : "[");
  for (unsigned i = 0; i < count; i++) {
    if (i > 0) put(d, ",");
    if (kind == 1) {
      /* Sometimes the last one again: it is there twice only if it is in the same object. */
      if (below(&d->keys, 8)) d->last_key = (d->last_key + 1 + below(&d->keys, 2)) % KEY_COUNT;
      const unsigned key = d->last_key;
      d->has_twin |= seen >> key & 1;
      seen |= 1u << key;
      put(d, "\"");
      put(d, KEYS[key]);
      put(d, "\":");
    }
    put_value(d, depth + 1);
  }
  put(d, kind == 1 ? "}" : "]");
}

/* Documents with the same seed of keys have the same ones in the same order, whatever their nesting is. */
static void make(document *d, unsigned keys, unsigned shape) {
  d->length = 0;
  d->has_twin = false;
  d->last_key = 0;
  d->keys = keys;
  d->shape = shape;
  put_value(d, 0);
  if (shape % 4) put(d, BLANKS);
}

/* Items are noted only where there is room, which those of other arrays may have taken. */
static bool are_same_items(const result *one, const kd_json_path *a, const result *other,
                           const kd_json_path *b) {
  if (a->items == 0 || b->items == 0) return true;
  const int32_t first = a->items - 1, second = b->items - 1;
  if (a->count != b->count) return false;
  for (int32_t i = 0; i < a->count; i++)
    if (memcmp(&one->items[first + i], &other->items[second + i], sizeof *one->items) != 0 ||
        one->item_numbers[first + i] != other->item_numbers[second + i])
      return false;
  return true;
}

static bool are_same(result *one, result *other, size_t stride) {
  for (int i = 0; i < PATHS; i++) {
    kd_json_path *a = (kd_json_path *)path_of(one, i), *b = (kd_json_path *)path_of(other, i);
    if (a->kind == KD_JSON_NUMBER && one->numbers[i] != other->numbers[i]) return false;
    if (!are_same_items(one, a, other, b)) return false;
    a->items = b->items = a->count = b->count = 0;
  }
  return memcmp(one->cells, other->cells, stride * sizeof *one->cells) == 0;
}

static void check_same(kd_json_scanner *warm, const char *text, size_t length) {
  result one, other;
  kd_json_scanner *fresh = create();
  const int status = scan_bytes(warm, text, length, &one);
  if (scan_bytes(fresh, text, length, &other) != status ||
      (status != KD_JSON_INVALID && !are_same(&one, &other, kd_json_stride(fresh)))) {
    fprintf(stderr, "not the same as with a fresh scanner: %.*s\n", (int)length, text);
    exit(1);
  }
  kd_json_free(fresh);
}

/* The same keys in the same order, nested in another way: after each of them, each other one. */
static void check_nesting(kd_json_scanner *warm) {
  static const struct {
    const char *text;
    int status;
  } CASES[] = {
      {"[{\"x\":1},{\"x\":2}]" BLANKS, KD_JSON_SAFE},   {"[{\"x\":1,\"x\":2}]" BLANKS, KD_JSON_CLOSER},
      {"[{\"x\":{\"x\":2}}]" BLANKS, KD_JSON_SAFE},     {"[{\"x\":[{\"x\":2}]}]" BLANKS, KD_JSON_SAFE},
      {"[[{\"x\":1}],{\"x\":2}]" BLANKS, KD_JSON_SAFE}, {"[[{\"x\":1,\"x\":2}]]" BLANKS, KD_JSON_CLOSER},
      {"{\"x\":1,\"x\":2}" BLANKS, KD_JSON_CLOSER},     {"{\"x\":{\"x\":2}}" BLANKS, KD_JSON_SAFE},
  };
  const size_t count = sizeof CASES / sizeof *CASES;
  result r;
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++) {
      CHECK(scan_text(warm, CASES[i].text, &r) == CASES[i].status);
      CHECK(scan_text(warm, CASES[i].text, &r) == CASES[i].status);
      CHECK(scan_text(warm, CASES[j].text, &r) == CASES[j].status);
    }
}

int main(void) {
  static document d;
  static char changed[TEXT_BYTES_MAX];
  kd_json_scanner *warm = create();
  unsigned random = 17, twins = 0;
  result r;
  check_nesting(warm);
  for (unsigned round = 0; round < ROUNDS; round++) {
    /* One that has met too many kinds of records stops learning. */
    if (round % AGE_MAX == 0) {
      kd_json_free(warm);
      warm = create();
    }
    const unsigned group = round / ALIKE + 1, other = next_random(&random);
    make(&d, group, round % 3 ? other : group);
    const int wanted = d.has_twin ? KD_JSON_CLOSER : KD_JSON_SAFE;
    if (scan_bytes(warm, d.text, d.length, &r) != wanted) {
      fprintf(stderr, "round %u: not status %d: %.*s\n", round, wanted, (int)d.length, d.text);
      exit(1);
    }
    twins += d.has_twin;
    check_same(warm, d.text, d.length);
    memcpy(changed, d.text, d.length);
    for (unsigned changes = 1 + next_random(&random) % 3; changes > 0; changes--)
      changed[next_random(&random) % d.length] = "{}[]\",:\\u0e.-\xc3\xbc\x1f"[next_random(&random) % 17];
    check_same(warm, changed, d.length);
    check_same(warm, d.text, next_random(&random) % d.length);
  }
  CHECK(twins > ROUNDS / 50 && twins < ROUNDS / 2);
  kd_json_free(warm);
  printf("json: all as it should be (%u documents, %u with a key twice)\n", ROUNDS, twins);
  return 0;
}

/* Tests the JSON scanner alone: what is JSON and what is not, where members are, and random, changed and cut
 * bytes. */
#include "../packed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_support.h"
#include "json_texts.h"

#ifdef KD_TEST_SLOW
#define ROUNDS 3000u
#else
#define ROUNDS 100000u
#endif
#define TEXT_BYTES_MAX 8192u

static void check_all(kd_json_scanner *scanner, const char *const *texts, size_t count, int status) {
  result r;
  /* Twice: the second time the keys are the expected ones. */
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < count; i++)
      for (int again = 0; again < 2; again++)
        if (scan_text(scanner, texts[i], &r) != status) {
          fprintf(stderr, "%s: status %d instead of %d\n", texts[i], row_of(&r)->status, status);
          exit(1);
        }
}
#define CHECK_ALL(scanner, texts, status) check_all(scanner, texts, sizeof texts / sizeof *texts, status)

/* A zero byte is not the end of a value. */
static void check_zero_bytes(kd_json_scanner *scanner) {
  result r;
  CHECK(scan_bytes(scanner, "1\0", 2, &r) == KD_JSON_INVALID);
  CHECK(scan_bytes(scanner, "\"a\0b\"", 5, &r) == KD_JSON_INVALID);
  CHECK(scan_bytes(scanner, "\0", 1, &r) == KD_JSON_INVALID);
}

static void check_depth(kd_json_scanner *scanner) {
  static char text[2 * KD_JSON_DEPTH_MAX + 2];
  result r;
  for (uint32_t depth = KD_JSON_DEPTH_MAX - 1; depth <= KD_JSON_DEPTH_MAX + 1; depth++) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    CHECK(scan_bytes(scanner, text, 2 * depth, &r) ==
          (depth > KD_JSON_DEPTH_MAX ? KD_JSON_INVALID : KD_JSON_SAFE));
  }
}

static void check_members(kd_json_scanner *scanner) {
  const char *text =
      "{\"x\" : [{\"amount\":9}], \"amount\": -1.5 ,\"user\":{\"name\":\"\xc3\xb6\",\"address\":"
      "{\"zip\":\"1\\n\",\"city\":\"Ulm\"} },\"\xc3\xbc\":true}";
  result r;
  for (int round = 0; round < 3; round++) {
    CHECK(scan_text(scanner, text, &r) == KD_JSON_SAFE);
    const kd_json_row *row = row_of(&r);
    CHECK(row->keys == 9 && row->kind == KD_JSON_OBJECT && row->flags == KD_JSON_ESCAPES);
    const kd_json_path *amount = path_of(&r, AMOUNT), *user = path_of(&r, USER),
                       *city = path_of(&r, ADDRESS_CITY);
    CHECK(amount->kind == KD_JSON_NUMBER && r.numbers[AMOUNT] == -1.5);
    CHECK(is_span(text, amount->start, amount->end, "-1.5"));
    CHECK(is_span(text, amount->key_start, amount->key_start + 8, "\"amount\""));
    CHECK(user->kind == KD_JSON_OBJECT && text[user->start - OFFSET] == '{' &&
          text[user->end - 1 - OFFSET] == '}');
    CHECK(city->kind == KD_JSON_STRING && is_span(text, city->start, city->end, "\"Ulm\""));
    CHECK(path_of(&r, USER_NAME)->kind == KD_JSON_STRING_UTF8);
    CHECK(path_of(&r, ADDRESS_ZIP)->kind == KD_JSON_STRING_ESCAPED);
    CHECK(path_of(&r, UMLAUT)->kind == KD_JSON_TRUE);
    const kd_json_object *root = object_of(&r, 0), *address = object_of(&r, 2);
    CHECK(root->start == row->start && root->close == row->end - 1 && root->members == 4);
    CHECK(object_of(&r, 1)->start == user->start && object_of(&r, 1)->close == user->end - 1);
    CHECK(address->members == 2 && text[address->close - OFFSET] == '}' &&
          text[address->close + 1 - OFFSET] == ' ');
  }
}

static void check_kinds(kd_json_scanner *scanner) {
  result r;
  CHECK(scan_text(scanner, "{}", &r) == KD_JSON_SAFE && path_of(&r, USER)->kind == KD_JSON_ABSENT);
  CHECK(object_of(&r, 0)->members == 0 && object_of(&r, 1)->start == 0);
  CHECK(scan_text(scanner, "[]", &r) == KD_JSON_SAFE && path_of(&r, USER_NAME)->kind == KD_JSON_BLOCKED);
  CHECK(object_of(&r, 0)->start == 0 && row_of(&r)->kind == KD_JSON_ARRAY);
  CHECK(scan_text(scanner, "{\"user\":[{\"name\":1}]}", &r) == KD_JSON_SAFE);
  CHECK(path_of(&r, USER)->kind == KD_JSON_ARRAY && path_of(&r, USER_NAME)->kind == KD_JSON_BLOCKED);
  CHECK(path_of(&r, ADDRESS_ZIP)->kind == KD_JSON_BLOCKED && path_of(&r, AMOUNT)->kind == KD_JSON_ABSENT);
  CHECK(scan_text(scanner, "{\"user\":{\"address\":null}}", &r) == KD_JSON_SAFE);
  CHECK(path_of(&r, ADDRESS_CITY)->kind == KD_JSON_BLOCKED && path_of(&r, USER_NAME)->kind == KD_JSON_ABSENT);
  CHECK(scan_text(scanner, "{\"user\":{\"name\":1},\"user\":{}}", &r) == KD_JSON_CLOSER);
  CHECK(path_of(&r, USER)->kind == KD_JSON_DUPLICATE && path_of(&r, USER_NAME)->kind == KD_JSON_DUPLICATE);
  CHECK(scan_text(scanner, "{\"amount\":1,\"am\\u006funt\":2}", &r) == KD_JSON_CLOSER);
  CHECK(path_of(&r, AMOUNT)->kind == KD_JSON_DUPLICATE);
  CHECK(scan_text(scanner, "{\"\\u00fc\":12345678901234567,\"\\u0061m\\u006Funt\":null}", &r) ==
        KD_JSON_CLOSER);
  CHECK(path_of(&r, UMLAUT)->kind == KD_JSON_NUMBER_TEXT && path_of(&r, AMOUNT)->kind == KD_JSON_NULL);
}

static void check_order(kd_json_scanner *scanner) {
  static const char *const TEXTS[] = {
      "{\"amount\":1,\"user\":{\"name\":1,\"address\":{\"city\":1,\"zip\":[{\"q\":1}]}},\"\xc3\xbc\":{\"z\":"
      "1}}",
      "{\"amount\":1,\"user\":{\"name\":1,\"address\":{\"zip\":1,\"city\":1}},\"\xc3\xbc\":1}",
      "{\"amount\":1,\"user\":{\"name\":1,\"address\":{\"city\":1,\"zip\":1}},\"\xc3\xbc\":1,\"z\":1}",
      "{\"amount\":1,\"user\":{\"name\":1,\"address\":{\"city\":1,\"zip\":1}}}",
      "{\"amount\":1,\"user\":{\"name\":1,\"address\":[]},\"\xc3\xbc\":1}",
      "{\"user\":{\"name\":1,\"address\":{\"city\":1,\"zip\":1}},\"\xc3\xbc\":1}",
      "{\"amount\":1,\"user\":{\"name\":1,\"x\":2,\"address\":{\"city\":1,\"zip\":1}},\"\xc3\xbc\":1}",
  };
  result r;
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
      CHECK(scan_text(scanner, TEXTS[i], &r) == KD_JSON_SAFE);
      CHECK(((row_of(&r)->flags & KD_JSON_IN_ORDER) != 0) == (i == 0));
    }
}

static void check_items(kd_json_scanner *scanner) {
  static const char TEXT[] =
      "{\"amount\":[1, \"x\",-2.5],\"user\":{\"name\":[[1]],\"address\":{\"city\":[],\"zip\":"
      "[null,true]}}}";
  result r;
  CHECK(scan_text(scanner, TEXT, &r) == KD_JSON_SAFE);
  const kd_json_path *amount = path_of(&r, AMOUNT), *city = path_of(&r, ADDRESS_CITY);
  CHECK(amount->items == 1 && amount->count == 3);
  CHECK(r.items[0].kind == KD_JSON_NUMBER && r.item_numbers[0] == 1);
  CHECK(r.items[1].kind == KD_JSON_STRING && is_span(TEXT, r.items[1].start, r.items[1].end, "\"x\""));
  CHECK(r.items[2].kind == KD_JSON_NUMBER && r.item_numbers[2] == -2.5);
  CHECK(path_of(&r, USER_NAME)->kind == KD_JSON_ARRAY && path_of(&r, USER_NAME)->items == 0);
  CHECK(city->items == 4 && city->count == 0);
  /* There is no room for both items. */
  CHECK(path_of(&r, ADDRESS_ZIP)->kind == KD_JSON_ARRAY && path_of(&r, ADDRESS_ZIP)->items == 0);
}

static void check_canonical(kd_json_scanner *scanner) {
  static const char *const YES[] = {"{\"a\":[1,-1.5,\"\xc3\xbc\",null,true,{}],\"b\":{\"c\":[]}}", "0.000001",
                                    " 7 ", "9007199254740991", "123456789.25"};
  static const char *const NO[] = {
      "{\"a\": 1}", "[1 ]", "[ ]",       "\"\\n\"",           "-0",         "1.50",
      "1.0",        "1e3",  "0.0000001", "12345678901234567", "{\"a\" :1}", "{\"a\":1,\"a\":1}",
      "0.0",        "-0.0"};
  result r;
  for (size_t i = 0; i < sizeof YES / sizeof *YES; i++)
    CHECK(scan_text(scanner, YES[i], &r) == KD_JSON_SAFE && (row_of(&r)->flags & KD_JSON_CANONICAL));
  for (size_t i = 0; i < sizeof NO / sizeof *NO; i++)
    CHECK(scan_text(scanner, NO[i], &r) != KD_JSON_INVALID && !(row_of(&r)->flags & KD_JSON_CANONICAL));
}

/* As many members as are compared, and one more. */
static void check_many_members(kd_json_scanner *scanner) {
  static char text[TEXT_BYTES_MAX];
  result r;
  for (int count = 63; count <= 66; count++) {
    size_t length = 0;
    for (int i = 0; i < count; i++)
      length += (size_t)snprintf(text + length, sizeof text - length, "%c\"k%d\":%d", i ? ',' : '{', i, i);
    memcpy(text + length, "}", 2);
    for (int again = 0; again < 2; again++) {
      CHECK(scan_text(scanner, text, &r) == (count <= 64 ? KD_JSON_SAFE : KD_JSON_CLOSER));
      CHECK(row_of(&r)->keys == count);
    }
  }
}

/* The same text, keys and all, with one key repeated: never safe, whatever was expected. */
static void check_changed_keys(kd_json_scanner *scanner) {
  char text[64];
  result r;
  unsigned random = 7;
  for (unsigned round = 0; round < ROUNDS; round++) {
    const unsigned a = next_random(&random) % 4, b = next_random(&random) % 4, c = next_random(&random) % 4;
    const bool nested = next_random(&random) % 2;
    snprintf(text, sizeof text, nested ? "{\"%c\":{\"%c\":1},\"%c\":2}" : "{\"%c\":1,\"%c\":{},\"%c\":2}",
             'a' + a, 'a' + b, 'a' + c);
    const bool twice = a == c || (!nested && (a == b || b == c));
    CHECK(scan_text(scanner, text, &r) == (twice ? KD_JSON_CLOSER : KD_JSON_SAFE));
  }
}

static void check_numbers(kd_json_scanner *scanner) {
  unsigned random = 11;
  char text[64], number[40];
  result r;
  for (unsigned round = 0; round < ROUNDS; round++) {
    const unsigned digits = 1 + next_random(&random) % 15, point = next_random(&random) % (digits + 1);
    size_t length = 0;
    if (next_random(&random) % 2) number[length++] = '-';
    for (unsigned i = 0; i < digits; i++) {
      if (i == point && i > 0) number[length++] = '.';
      number[length++] = (char)('0' + (i == 0 ? 1 + next_random(&random) % 9 : next_random(&random) % 10));
    }
    number[length] = 0;
    if (next_random(&random) % 2)
      snprintf(number + length, sizeof number - length, "e%d", (int)(next_random(&random) % 80) - 40);
    snprintf(text, sizeof text, "{\"amount\":%s}", number);
    const double value = strtod(number, NULL);
    const bool is_integer = !strpbrk(number, ".e");
    CHECK(scan_text(scanner, text, &r) == KD_JSON_SAFE);
    CHECK(!is_integer || path_of(&r, AMOUNT)->kind == KD_JSON_NUMBER);
    if (path_of(&r, AMOUNT)->kind == KD_JSON_NUMBER) CHECK(r.numbers[AMOUNT] == value);
  }
  CHECK(scan_text(scanner, "{\"amount\":-0}", &r) == KD_JSON_SAFE && signbit(r.numbers[AMOUNT]));
}

/* Cut anywhere, a value in brackets is not valid; changed or random bytes do no harm. */
static void fuzz(kd_json_scanner *scanner) {
  static const char *const SEEDS[] = {
      "{\"amount\":12.5,\"user\":{\"name\":\"J\xc3\xb6rg "
      "\\ud83d\\ude00\",\"address\":{\"city\":\"\",\"zip\":null}}}",
      "[1,-2.5e3,\"\xf0\x9f\x98\x80\",{\"\xc3\xbc\":[true,false,null]},{\"am\\u006funt\":{}}]",
      "\xef\xbb\xbf{\"user\":[[[{\"name\":\"\\u0000\\\\\"}]]],\"amount\":0.1e-10}",
  };
  static const char ALPHABET[] = "{}[]\",:\\u00e19.-+ \n\xc3\xbctrfnals";
  char text[256];
  result r;
  unsigned random = 3;
  for (size_t i = 0; i < sizeof SEEDS / sizeof *SEEDS; i++) {
    CHECK(scan_text(scanner, SEEDS[i], &r) != KD_JSON_INVALID);
    for (size_t length = 0; length < strlen(SEEDS[i]); length++)
      CHECK(scan_bytes(scanner, SEEDS[i], length, &r) == KD_JSON_INVALID);
  }
  for (unsigned round = 0; round < ROUNDS; round++) {
    const char *seed = SEEDS[next_random(&random) % 3];
    size_t length = strlen(seed);
    memcpy(text, seed, length);
    for (unsigned changes = next_random(&random) % 4; changes > 0; changes--)
      text[next_random(&random) % length] = next_random(&random) % 2
                                                ? (char)next_random(&random)
                                                : ALPHABET[next_random(&random) % (sizeof ALPHABET - 1)];
    scan_bytes(scanner, text, length, &r);
    length = next_random(&random) % 24;
    for (size_t i = 0; i < length; i++) text[i] = ALPHABET[next_random(&random) % (sizeof ALPHABET - 1)];
    scan_bytes(scanner, text, length, &r);
  }
}

/* Blocks whose header and rows are overwritten at random. */
static void fuzz_rows(kd_json_scanner *scanner) {
  static int32_t cells[KD_JSON_ROWS_MAX * CELLS];
  static double numbers[KD_JSON_ROWS_MAX * PATHS];
  kd_json_tables tables = {.cells = cells, .numbers = numbers};
  uint8_t *block = malloc(4096), *copy = malloc(4096);
  CHECK(block && copy);
  kd_segment segments[4];
  kd_packer packer = {.segments = segments, .segments_max = 4};
  kd_packer_begin(&packer, block, 4096);
  const char *text = "{\"amount\":1}";
  for (int64_t i = 0; i < 70; i++) {
    const kd_record record = {.offset = i,
                              .key = "k",
                              .key_length = 1,
                              .value = i % 7 ? text : NULL,
                              .value_length = i % 7 ? strlen(text) : 0,
                              .headers_length = -1};
    CHECK(kd_packer_add(&packer, &record, 0, 1, NULL));
  }
  kd_packer_close(&packer);
  CHECK(kd_json_scan_rows(scanner, block, 4096, 0, 70, &tables) == KD_JSON_ROWS_MAX);
  for (int i = 0; i < 64; i++)
    CHECK(cells[(size_t)i * kd_json_stride(scanner)] == (i % 7 ? KD_JSON_SAFE : KD_JSON_INVALID));
  CHECK(kd_json_scan_rows(scanner, block, 4096, 64, 70, &tables) == 6);
  CHECK(kd_json_scan_rows(scanner, block, 4096, 64, 99, &tables) == 6);
  CHECK(kd_json_scan_rows(scanner, block, 4096, 70, 71, &tables) == 0);
  CHECK(kd_json_scan_rows(scanner, block, 4096, 5, 5, &tables) == 0);
  CHECK(kd_json_scan_rows(scanner, block, 63, 0, 1, &tables) == 0);
  unsigned random = 5;
  for (unsigned round = 0; round < ROUNDS / 10; round++) {
    memcpy(copy, block, 4096);
    for (unsigned changes = 1 + next_random(&random) % 8; changes > 0; changes--)
      copy[next_random(&random) % (KD_HEADER_BYTES + 70 * KD_INPUT_ROW_BYTES)] =
          (uint8_t)next_random(&random);
    const uint32_t first = next_random(&random) % 72;
    kd_json_scan_rows(scanner, copy, 4096, first, next_random(&random) % 72, &tables);
  }
  free(block);
  free(copy);
}

static void check_building(void) {
  kd_json_scanner *scanner = kd_json_create();
  CHECK(scanner && kd_json_add(scanner, 1, (const uint8_t *)"a", 1, 0) == -1);
  add(scanner, 0, "a", 0, 1);
  CHECK(kd_json_add(scanner, 0, (const uint8_t *)"b", 1, 2) == -1);
  add(scanner, 0, "b", -1, 2);
  CHECK(kd_json_add(scanner, 1, (const uint8_t *)"c", 1, -1) == -1);
  for (int32_t i = 3; i < (int32_t)KD_JSON_NODES_MAX; i++) add(scanner, 2, "c", -1, i);
  CHECK(kd_json_add(scanner, 2, (const uint8_t *)"d", 1, -1) == -1);
  CHECK(kd_json_seal(scanner));
  kd_json_free(scanner);
  kd_json_free(NULL);
}

int main(void) {
  kd_json_scanner *scanner = create();
  check_building();
  CHECK_ALL(scanner, SAFE, KD_JSON_SAFE);
  CHECK_ALL(scanner, CLOSER, KD_JSON_CLOSER);
  CHECK_ALL(scanner, INVALID, KD_JSON_INVALID);
  check_zero_bytes(scanner);
  check_depth(scanner);
  check_members(scanner);
  check_kinds(scanner);
  check_order(scanner);
  check_items(scanner);
  check_canonical(scanner);
  check_many_members(scanner);
  check_changed_keys(scanner);
  check_numbers(scanner);
  fuzz(scanner);
  fuzz_rows(scanner);
  kd_json_free(scanner);
  return 0;
}

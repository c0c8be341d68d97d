/* The hash of records and the notes of a part, without a broker. Meant for ASan. */
#include <stdlib.h>

#include "../receipt_rows.h"
#include "../writer_notes.h"
#include "check.h"

static uint8_t bytes[4096];

static kd_hash hash_of(const char *key, const char *value, const char *headers, uint32_t headers_length) {
  return kd_hash_content((const uint8_t *)key, key ? (uint32_t)strlen(key) : 0, (const uint8_t *)value,
                         value ? (uint32_t)strlen(value) : 0, (const uint8_t *)headers, headers_length);
}

static bool same(kd_hash a, kd_hash b) {
  return a.low == b.low && a.high == b.high;
}

static void test_nothing_is_confused(void) {
  CHECK(same(hash_of("a", "b", NULL, 0), hash_of("a", "b", NULL, 0)));
  CHECK(!same(hash_of(NULL, "b", NULL, 0), hash_of("", "b", NULL, 0)));
  CHECK(!same(hash_of("b", NULL, NULL, 0), hash_of("b", "", NULL, 0)));
  CHECK(!same(hash_of("ab", "c", NULL, 0), hash_of("a", "bc", NULL, 0)));
  CHECK(!same(hash_of("a", "b", NULL, 0), hash_of("b", "a", NULL, 0)));
  CHECK(!same(hash_of("a", "b", "0000000012", 10), hash_of("a", "b", "0000000021", 10)));
  CHECK(same(hash_of("a", "b", NULL, 0), hash_of("a", "b", "", 0)));
  kd_hash content = hash_of("a", "b", NULL, 0);
  CHECK(!same(kd_hash_record(content, 1), kd_hash_record(content, 2)));
}

/* Every bit of a record, wherever it is, changes about half of the bits of both halves. */
static void test_every_bit_counts(void) {
  unsigned random = 7;
  for (uint32_t length = 1; length <= 70; length++) {
    uint8_t *exact = malloc(length);
    for (uint32_t i = 0; i < length; i++) exact[i] = (uint8_t)next_random(&random);
    kd_hash before = kd_hash_record(kd_hash_content(NULL, 0, exact, length, NULL, 0), 5);
    unsigned changed = 0;
    for (uint32_t bit = 0; bit < length * 8; bit++) {
      exact[bit / 8] ^= (uint8_t)(1u << bit % 8);
      kd_hash after = kd_hash_record(kd_hash_content(NULL, 0, exact, length, NULL, 0), 5);
      exact[bit / 8] ^= (uint8_t)(1u << bit % 8);
      unsigned low = (unsigned)__builtin_popcountll(before.low ^ after.low);
      unsigned high = (unsigned)__builtin_popcountll(before.high ^ after.high);
      CHECK(low >= 8 && high >= 8);
      changed += low + high;
    }
    CHECK(changed > length * 8 * 58 && changed < length * 8 * 70);
    free(exact);
  }
}

static int by_number(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Records that differ in a counter, the most common kind, collide in neither half. */
static void test_counters_do_not_collide(void) {
  enum { COUNT = 100000 };
  uint64_t *low = malloc(COUNT * sizeof *low), *high = malloc(COUNT * sizeof *high);
  for (uint64_t i = 0; i < COUNT; i++) {
    memcpy(bytes + i % 40, &i, 8);
    kd_hash hash = kd_hash_record(kd_hash_content(bytes, 8, bytes, 48, NULL, 0), (int64_t)i);
    low[i] = hash.low;
    high[i] = hash.high;
    memset(bytes, 0, 64);
  }
  qsort(low, COUNT, sizeof *low, by_number);
  qsort(high, COUNT, sizeof *high, by_number);
  for (uint32_t i = 1; i < COUNT; i++) CHECK(low[i] != low[i - 1] && high[i] != high[i - 1]);
  free(low);
  free(high);
}

static kd_input_view packed(uint8_t *block, uint32_t length, uint32_t rows) {
  kd_segment segments[2];
  kd_packer packer = {.segments = segments, .segments_max = 2};
  kd_packer_begin(&packer, block, length);
  for (uint32_t i = 0; i < rows; i++) {
    char text[16];
    kd_record record = {.offset = i, .timestamp = 1000 + i, .value = text, .headers_length = -1};
    record.value_length = (size_t)snprintf(text, sizeof text, "value %u", i);
    CHECK(kd_packer_add(&packer, &record, 1, 1, NULL));
  }
  kd_packer_close(&packer);
  kd_input_view view = {0};
  CHECK(kd_input_open(&view, block, length) == KD_PACKED_OK);
  return view;
}

static void test_rows_add_up(void) {
  uint8_t *block = malloc(sizeof bytes);
  uint8_t all[sizeof(kd_hash) + 10], left[sizeof(kd_hash)], right[sizeof(kd_hash)];
  kd_hash records[10], sum = {0, 0}, whole;
  kd_input_view view = packed(block, sizeof bytes, 10);
  CHECK(kd_receipt_rows(&view, 0, 10, KD_RECEIPT_MARKS, all));
  CHECK(kd_receipt_rows(&view, 0, 10, KD_RECEIPT_RECORDS, (uint8_t *)records));
  CHECK(kd_receipt_rows(&view, 0, 4, KD_RECEIPT_SUM, left) &&
        kd_receipt_rows(&view, 4, 6, KD_RECEIPT_SUM, right));
  for (int i = 9; i >= 0; i--) {
    kd_hash_add(&sum, records[i]);
    CHECK(all[sizeof sum + (size_t)i] == kd_hash_mark(records[i]));
  }
  memcpy(&whole, all, sizeof whole);
  CHECK(same(whole, sum));
  kd_hash half;
  memcpy(&sum, left, sizeof sum);
  memcpy(&half, right, sizeof half);
  kd_hash_add(&sum, half);
  CHECK(same(whole, sum));
  CHECK(!kd_receipt_rows(&view, 4, 7, KD_RECEIPT_SUM, left));
  CHECK(!kd_receipt_rows(&view, UINT32_MAX, 2, KD_RECEIPT_SUM, left));
  /* A row that points outside its block. */
  uint32_t far = UINT32_MAX - 2;
  memcpy(block + KD_HEADER_BYTES + 3 * KD_INPUT_ROW_BYTES + 16, &far, 4);
  CHECK(!kd_receipt_rows(&view, 0, 10, KD_RECEIPT_SUM, left));
  kd_input_free(&view);
  free(block);
}

/* Two copies of a dead letter are twins, although their deaths differ. */
static void test_twins(void) {
  uint8_t first[256], second[256];
  uint8_t *end = kd_headers_put(first, "trace", 5, "1", 1);
  uint32_t first_length = (uint32_t)(kd_headers_put(end, "kd-time", 7, "10:00", 5) - first);
  end = kd_headers_put(second, "trace", 5, "1", 1);
  uint32_t second_length = (uint32_t)(kd_headers_put(end, "kd-time", 7, "10:01", 5) - second);
  kd_input_record a = {.timestamp = 1, .headers = first, .headers_length = first_length};
  kd_input_record b = {.timestamp = 2, .headers = second, .headers_length = second_length};
  CHECK(kd_hash_twin(&a) == kd_hash_twin(&b));
  second[8 + 5] = '2';
  CHECK(kd_hash_twin(&a) != kd_hash_twin(&b));
}

static void test_notes(void) {
  kd_notes notes = {0};
  kd_notes_begin(&notes, 100, 8, 2, false);
  for (uint32_t row = 100; row < 108; row++) {
    kd_notes_sent(&notes, row, (kd_hash){row, 0}, 9, 3, row % 2, row < 104 ? 0 : 1);
    /* Partition 0: 50, 51, 52, 60. Partition 1: 7, none, refused, 8. */
    if (row == 103 || row == 105) continue;
    static const int64_t OFFSETS[] = {50, 7, 51, 0, 52, 0, 60, 8};
    kd_notes_acknowledged(&notes, row, OFFSETS[row - 100], 9);
  }
  kd_notes_acknowledged(&notes, 103, -1001, 9);
  kd_notes_acknowledged(&notes, 99, 1, 9);
  kd_notes_acknowledged(&notes, 108, 1, 9);
  kd_notes_report(&notes);
  kd_notes_header header;
  kd_notes_group group;
  uint32_t outputs[2];
  kd_notes_run run;
  memcpy(&header, notes.report, sizeof header);
  memcpy(outputs, notes.report + sizeof header, sizeof outputs);
  CHECK(header.group_count == 2 && header.segment_count == 2 && header.unplaced == 1);
  CHECK(outputs[0] == 4 && outputs[1] == 3);
  memcpy(&group, notes.report + 24, sizeof group);
  CHECK(group.topic == 3 && group.partition == 0 && group.records == 4 && group.run_count == 2);
  memcpy(&run, notes.report + group.runs_position, sizeof run);
  CHECK(run.first == 50 && run.count == 3);
  memcpy(&run, notes.report + group.runs_position + sizeof run, sizeof run);
  CHECK(run.first == 60 && run.count == 1);
  kd_hash last = kd_hash_record((kd_hash){106, 0}, 9);
  CHECK(notes.report[group.marks_position + 3] == kd_hash_mark(last));
  memcpy(&group, notes.report + 24 + sizeof group, sizeof group);
  CHECK(group.partition == 1 && group.records == 2 && group.run_count == 1);
  kd_notes_forget_report(&notes);
  /* Used again for a part in which nothing was acknowledged, over many topics afterwards. */
  kd_notes_begin(&notes, 0, 2, 0, true);
  kd_notes_not_sent(&notes, 0);
  kd_notes_not_sent(&notes, 1);
  kd_notes_report(&notes);
  memcpy(&header, notes.report, sizeof header);
  CHECK(header.group_count == 0 && notes.report_length == sizeof header);
  kd_notes_forget_report(&notes);
  kd_notes_begin(&notes, 0, 3000, 1, false);
  for (uint32_t row = 0; row < 3000; row++) {
    kd_notes_sent(&notes, row, (kd_hash){row, 0}, 0, row % 3, row % 700, 0);
    kd_notes_acknowledged(&notes, row, row, 0);
  }
  kd_notes_report(&notes);
  memcpy(&header, notes.report, sizeof header);
  CHECK(header.group_count == 2100);
  kd_notes_free(&notes);
}

/* What passes through unchanged is hashed once: the notes have the input's sums and marks, too. */
static void test_notes_of_the_input(void) {
  kd_notes notes = {0};
  kd_hash sums[2] = {{0, 0}, {0, 0}}, found[2];
  kd_notes_header header;
  for (int round = 0; round < 3; round++) {
    kd_notes_begin(&notes, 10, 6, 2, true);
    memset(sums, 0, sizeof sums);
    for (uint32_t row = 10; row < 16; row++) {
      kd_notes_sent(&notes, row, (kd_hash){row, row}, 1000 + row, 0, row % 3, row < 13 ? 0 : 1);
      kd_hash_add(&sums[row < 13 ? 0 : 1], kd_hash_record((kd_hash){row, row}, 1000 + row));
    }
    for (uint32_t row = 10; row < 16; row++) {
      /* In the second round the broker sets a timestamp, in the third it refuses a record. */
      if (round == 2 && row == 12) continue;
      kd_notes_acknowledged(&notes, row, row, round == 1 && row == 15 ? 5 : 1000 + row);
    }
    kd_notes_report(&notes);
    memcpy(&header, notes.report, sizeof header);
    CHECK((header.input_marks_position != 0) == (round == 0));
    if (round == 0) {
      memcpy(found, notes.report + 24, sizeof found);
      CHECK(same(found[0], sums[0]) && same(found[1], sums[1]));
      CHECK(header.input_marks_position + 6 == notes.report_length);
      kd_hash third = kd_hash_record((kd_hash){12, 12}, 1012);
      CHECK(notes.report[header.input_marks_position + 2] == kd_hash_mark(third));
    }
    kd_notes_forget_report(&notes);
  }
  kd_notes_free(&notes);
}

int main(void) {
  test_nothing_is_confused();
  test_every_bit_counts();
  test_counters_do_not_collide();
  test_rows_add_up();
  test_twins();
  test_notes();
  test_notes_of_the_input();
  return 0;
}

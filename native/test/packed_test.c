/* Tests the codec alone: exact round trips, and blocks with flipped bytes, cut ends and random numbers in
 * every place that is read. Meant for ASan. */
#include "../packed.h"

#include "check.h"

#ifdef KD_TEST_SLOW
#define ROUNDS 3000u
#else
#define ROUNDS 60000u
#endif
#define BLOCK_BYTES 4096u

/* Touches every byte that a row points to, so that ASan sees a position outside the block. */
static volatile unsigned sink;
static void touch(const uint8_t *data, uint32_t length) {
  for (uint32_t i = 0; data && i < length; i++) sink += data[i];
}

static void walk_headers(const uint8_t *headers, uint32_t length) {
  kd_headers_cursor cursor = {.next = headers, .left = headers ? length : 0};
  kd_header header;
  while (kd_headers_next(&cursor, &header) == 1) {
    touch(header.name, header.name_length);
    touch(header.value, header.value ? (uint32_t)header.value_length : 0);
  }
}

static void walk_input(kd_input_view *view, const uint8_t *block, size_t length) {
  if (kd_input_open(view, block, length) != KD_PACKED_OK) return;
  uint32_t hint = 0;
  for (uint32_t row = 0; row < view->row_count; row++) {
    kd_input_record record;
    const kd_segment *segment = kd_input_segment_of(view, row, &hint);
    CHECK(row >= segment->first_row && row - segment->first_row < segment->row_count);
    if (!kd_input_record_at(view, row, &record)) continue;
    touch(record.key, record.key_length);
    touch(record.value, record.value_length);
    walk_headers(record.headers, record.headers_length);
  }
}

static void walk_output(const uint8_t *block, size_t length) {
  kd_output_view view;
  if (kd_output_open(&view, block, length) != KD_PACKED_OK) return;
  for (uint32_t row = 0; row < view.row_count; row++) {
    kd_output_record record;
    if (!kd_output_record_at(&view, row, &record)) continue;
    touch(record.key, record.key_length);
    touch(record.value, record.value_length);
    walk_headers(record.headers, record.headers_length);
  }
}

/* A batch of random records, as the reader would pack it. */
static uint32_t pack_random(uint8_t *block, unsigned *random, kd_segment *segments) {
  static uint8_t bytes[512];
  kd_packer packer = {.segments = segments, .segments_max = 128};
  kd_packer_begin(&packer, block, BLOCK_BYTES);
  uint32_t wanted = next_random(random) % 60;
  for (uint32_t i = 0; i < wanted; i++) {
    uint8_t header[128];
    uint8_t *at = kd_headers_put(header, "name", next_random(random) % 5,
                                 next_random(random) % 2 ? "value" : NULL, next_random(random) % 6);
    kd_record record = {.offset = i,
                        .timestamp = -1,
                        .key = next_random(random) % 3 ? bytes : NULL,
                        .key_length = next_random(random) % 40,
                        .value = next_random(random) % 5 ? bytes : NULL,
                        .value_length = next_random(random) % 200,
                        .headers_length = next_random(random) % 2 ? at - header : -1};
    uint8_t *headers_at;
    if (!kd_packer_add(&packer, &record, next_random(random) % 3, 1 + next_random(random) % 2, &headers_at))
      break;
    if (record.headers_length > 0) memcpy(headers_at, header, (size_t)record.headers_length);
  }
  if (next_random(random) % 3 == 0) {
    kd_segment fault = {
        .partition_id = 1, .epoch = 1, .first_offset = 7, .last_offset = 7, .error_code = -199};
    kd_packer_fault(&packer, &fault, "a text", 6);
  }
  uint32_t packed = kd_packer_close(&packer);
  CHECK(packed <= BLOCK_BYTES);
  return packer.row_count;
}

static void make_output(uint8_t *block, unsigned *random) {
  uint32_t rows = next_random(random) % 40, sources = 40;
  uint32_t position = (KD_HEADER_BYTES + sources + 7) & ~7u;
  kd_output_header header = {.magic = KD_OUTPUT_MAGIC,
                             .row_count = rows,
                             .rows_position = position,
                             .source_row_count = sources,
                             .bytes_position = BLOCK_BYTES,
                             .block_length = BLOCK_BYTES,
                             .flags = next_random(random) % 8 == 0};
  memcpy(block, &header, sizeof header);
  for (uint32_t i = 0; i < rows; i++) {
    kd_output_row row = {.source_row = i,
                         .flags = (uint16_t)(next_random(random) % 64),
                         .partition = -1,
                         .key_position = BLOCK_BYTES - 100,
                         .key_length = 100,
                         .value_position = BLOCK_BYTES - 200,
                         .value_length = (int32_t)(next_random(random) % 200),
                         .headers_position = BLOCK_BYTES - 300,
                         .headers_length = (int32_t)(next_random(random) % 100)};
    memcpy(block + position + i * KD_OUTPUT_ROW_BYTES, &row, sizeof row);
  }
}

static void damage(uint8_t *block, unsigned *random) {
  uint32_t times = 1 + next_random(random) % 4;
  for (uint32_t i = 0; i < times; i++) {
    /* Lengths are in headers and tables, so most corruptions go there. */
    uint32_t at = next_random(random) % (next_random(random) % 2 ? KD_HEADER_BYTES : 1024u) & ~3u;
    static const uint32_t NUMBERS[] = {0,           1,           0x7fffffffu, 0x80000000u,
                                       0xffffffffu, 0xfffffff8u, BLOCK_BYTES, BLOCK_BYTES - 1};
    uint32_t number = next_random(random) % 2 ? NUMBERS[next_random(random) % 8] : next_random(random);
    memcpy(block + at, &number, 4);
  }
}

static void fuzz(void) {
  unsigned random = 20250101;
  kd_segment segments[128];
  kd_input_view view = {0};
  for (uint32_t round = 0; round < ROUNDS; round++) {
    size_t length = next_random(&random) % 4 ? BLOCK_BYTES : next_random(&random) % BLOCK_BYTES + 1;
    uint8_t *whole = malloc(BLOCK_BYTES), *exact = malloc(length);
    memset(whole, 0xaa, BLOCK_BYTES);
    uint32_t rows = pack_random(whole, &random, segments);
    CHECK(kd_input_open(&view, whole, BLOCK_BYTES) == KD_PACKED_OK && view.row_count == rows);
    walk_input(&view, whole, BLOCK_BYTES);
    damage(whole, &random);
    memcpy(exact, whole, length);
    walk_input(&view, exact, length);
    make_output(whole, &random);
    walk_output(whole, BLOCK_BYTES);
    damage(whole, &random);
    memcpy(exact, whole, length);
    walk_output(exact, length);
    walk_headers(exact, (uint32_t)length);
    free(whole);
    free(exact);
  }
  kd_input_free(&view);
}

static void round_trip(void) {
  uint8_t block[512];
  kd_segment segments[8];
  kd_packer packer = {.segments = segments, .segments_max = 8};
  kd_input_view view = {0};
  kd_input_record read;
  uint8_t *headers_at;
  uint32_t hint = 0;
  kd_packer_begin(&packer, block, sizeof block);
  kd_record empty = {.offset = 5, .timestamp = 9, .key = "", .value = "", .headers_length = 0};
  kd_record null = {.offset = 6, .timestamp = -1, .headers_length = -1};
  kd_record full = {.offset = 7,
                    .timestamp = 1,
                    .key = "key",
                    .key_length = 3,
                    .value = "value",
                    .value_length = 5,
                    .headers_length = 3};
  CHECK(kd_packer_add(&packer, &empty, 1, 1, &headers_at) &&
        kd_packer_add(&packer, &null, 1, 1, &headers_at) && kd_packer_add(&packer, &full, 2, 1, &headers_at));
  memcpy(headers_at, "hdr", 3);
  kd_packer_close(&packer);
  CHECK(kd_input_open(&view, block, sizeof block) == KD_PACKED_OK && view.row_count == 3 &&
        view.segment_count == 2);
  CHECK(kd_input_record_at(&view, 0, &read) && read.key && read.key_length == 0 && read.value &&
        read.value_length == 0 && read.headers && read.headers_length == 0);
  CHECK(kd_input_record_at(&view, 1, &read) && !read.key && !read.value && !read.headers &&
        read.timestamp == -1);
  CHECK(kd_input_record_at(&view, 2, &read) && read.key_length == 3 &&
        memcmp(read.key, "keyvaluehdr", 11) == 0 && read.offset == 7);
  CHECK(kd_input_segment_of(&view, 2, &hint)->partition_id == 2 &&
        kd_input_segment_of(&view, 0, &hint)->partition_id == 1);
  CHECK(!kd_input_record_at(&view, 3, &read));
  kd_input_free(&view);
}

/* A record of exactly the announced size fits alone, one byte more does not. */
static void sizes(void) {
  static uint8_t payload[1000];
  kd_segment segments[2];
  uint8_t *headers_at;
  for (uint32_t bytes = 0; bytes < 300; bytes++) {
    uint32_t length = (uint32_t)kd_packer_bytes_alone(bytes);
    uint8_t *block = malloc(length);
    kd_packer packer = {.segments = segments, .segments_max = 2};
    kd_record record = {.value = payload, .value_length = bytes, .headers_length = -1};
    kd_packer_begin(&packer, block, length);
    CHECK(kd_packer_add(&packer, &record, 0, 1, &headers_at));
    CHECK(!kd_packer_add(&packer, &record, 0, 1, &headers_at));
    CHECK(kd_packer_close(&packer) <= length);
    kd_packer_begin(&packer, block, length - 8);
    CHECK(!kd_packer_add(&packer, &record, 0, 1, &headers_at));
    free(block);
  }
}

static void murmur(void) {
  static const struct {
    const char *text;
    int32_t hash;
  } JAVA[] = {{"21", -973932308},
              {"foobar", -790332482},
              {"a-little-bit-long-string", -985981536},
              {"a-little-bit-longer-string", -1486304829},
              {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
              {"abc", 479470107}};
  for (size_t i = 0; i < sizeof JAVA / sizeof *JAVA; i++)
    CHECK((int32_t)kd_murmur2(JAVA[i].text, strlen(JAVA[i].text)) == JAVA[i].hash);
}

int main(void) {
  murmur();
  round_trip();
  sizes();
  fuzz();
  printf("packed codec: all as it should be (%u rounds)\n", ROUNDS);
  return 0;
}

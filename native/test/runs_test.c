/* Rows that are routed: several runs are open at once, each for another topic and partition. Whatever happens
 * between their rows, each row ends exactly once and those of one topic and partition arrive in order. */
#define _GNU_SOURCE
#include "runs_support.h"

enum { PARTS = 3 };

/* ---- what arrived ---- */

static int seen[PARTS * ROWS];

static const char *place_of(const rd_kafka_message_t *message, char *place, size_t size) {
  snprintf(place, size, "%s/%d", rd_kafka_topic_name(message->rkt), message->partition);
  return place;
}

static void check_arrived(const rd_kafka_message_t *message, plan plan, uint32_t rows, int64_t *last) {
  char place[64], planned[64], text[8] = {0};
  memcpy(text, message->payload, 6);
  uint32_t number = (uint32_t)atoi(text);
  if (number == 999999) return;
  CHECK(message->len == 6 && number < PARTS * ROWS && seen[number]++ == 0);
  row_plan at = plan(number % rows);
  snprintf(planned, sizeof planned, "-%d/%d", at.topic, at.partition);
  const char *found = place_of(message, place, sizeof place);
  CHECK(strstr(found, planned) && strlen(strstr(found, planned)) == strlen(planned));
  CHECK(*last < (int64_t)number);
  *last = number;
  CHECK(rd_kafka_message_timestamp(message, NULL) == FIRST_TIMESTAMP + (int64_t)number);
  rd_kafka_headers_t *headers = NULL;
  bool has_some = rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
  CHECK(has_some == (at.kind == WITH_HEADERS));
}

static void assign_all(rd_kafka_t *consumer, const bench *of) {
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(TOPICS * TARGETS);
  for (int topic = 0; topic < TOPICS; topic++)
    for (int32_t partition = 0; partition < (int32_t)TARGETS; partition++)
      rd_kafka_topic_partition_list_add(list, of->names[topic], partition)->offset = 0;
  CHECK(rd_kafka_assign(consumer, list) == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_topic_partition_list_destroy(list);
}

/* Reads both topics: `count` rows of the parts and the first row, each once, in the order of each
 * partition. */
static void expect_arrived(const bench *of, plan plan, uint32_t rows, uint32_t count) {
  int64_t last[TOPICS][TARGETS], until_ms = kd_now_ms() + WAIT_MS;
  uint32_t arrived = 0;
  rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, NULL);
  rd_kafka_message_t *message;
  memset(seen, 0, sizeof seen);
  memset(last, 0xff, sizeof last);
  assign_all(consumer, of);
  /* Once all are there nothing follows. */
  while ((message = rd_kafka_consumer_poll(consumer, arrived > count ? 20 : 100)) || arrived <= count) {
    CHECK(kd_now_ms() < until_ms);
    if (message && !message->err) {
      const char *topic = rd_kafka_topic_name(message->rkt);
      check_arrived(message, plan, rows, &last[strcmp(topic, of->names[0]) != 0][message->partition]);
      arrived++;
    }
    if (message) rd_kafka_message_destroy(message);
  }
  CHECK(arrived == count + 1);
  assign(consumer, "", 0);
  rd_kafka_destroy(consumer);
}

/* ---- everything that can happen to a row, through a queue that is too small ---- */

/* More topics and partitions than runs, some of them often, and stretches of one target. */
static row_plan mixed(uint32_t row) {
  static const row_kind KINDS[] = {WITH_HEADERS,  BAD_HEADERS,       OVER_TOPIC_LIMIT, OVER_CLIENT_LIMIT,
                                   NO_SUCH_TOPIC, NO_SUCH_PARTITION, WITH_HEADERS};
  unsigned random = (row / (row % 1000 < 200 ? 40 : 1) + 1) * 2654435761u;
  next_random(&random);
  row_plan planned = {.topic = (int)(random % TOPICS), .kind = PLAIN};
  planned.partition = (int32_t)(random / 7 % (random % 3 ? TARGETS : 2));
  if (row % 17 == 5) planned.kind = KINDS[row / 17 % 7];
  if (planned.kind == OVER_TOPIC_LIMIT) planned.topic = 0;
  if (planned.kind == OVER_CLIENT_LIMIT) planned.topic = 1;
  return planned;
}

/* 0: it is delivered. */
static int32_t code_of(const row_plan *planned) {
  switch (planned->kind) {
  case BAD_HEADERS:
  case NO_SUCH_TOPIC: return KD_CODE_BAD_ROW;
  case OVER_TOPIC_LIMIT:
  case OVER_CLIENT_LIMIT: return KD_CODE_TOO_LARGE;
  /* The second topic's count is wrong, so that its rows get as far as librdkafka. */
  case NO_SUCH_PARTITION:
    return planned->topic == 0 ? KD_CODE_NO_PARTITION : RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
  default: return 0;
  }
}

static uint32_t expect_failures(const kd_writer_event *settled, plan plan, uint32_t rows) {
  uint32_t failed = 0;
  uint8_t *found = calloc(rows, 1);
  for (uint32_t i = 0; i < settled->failure_count; i++) {
    const int32_t *failure = &settled->failures[i * KD_FAILURE_FIELDS];
    row_plan planned = plan((uint32_t)failure[0]);
    CHECK(code_of(&planned) == failure[1] && !found[failure[0]]);
    found[failure[0]] = 1;
  }
  for (uint32_t i = 0; i < rows; i++) {
    row_plan planned = plan(i);
    CHECK((code_of(&planned) != 0) == (found[i] == 1));
    failed += found[i];
  }
  free(found);
  CHECK(settled->acknowledged == rows - failed && settled->stale == 0);
  return settled->acknowledged;
}

static void expect_notes(const kd_writer_event *settled) {
  kd_notes_header header;
  kd_notes_group group;
  uint32_t noted = 0;
  memcpy(&header, settled->notes, sizeof header);
  size_t at = sizeof header + (header.segment_count + 1) / 2 * 8;
  for (uint32_t i = 0; i < header.group_count; i++, at += sizeof group) {
    memcpy(&group, settled->notes + at, sizeof group);
    CHECK(group.topic < TOPICS && group.partition < TARGETS);
    noted += group.records;
  }
  CHECK(noted == settled->acknowledged);
}

static int half_of_a_call(int number, int count) {
  return number * 7 % (count + 1);
}

static void mixed_rows(const char *name, bool receipts, int (*hook)(int, int)) {
  uint32_t acknowledged = 0;
  blocks used[PARTS];
  bench of = open_bench(name, receipts);
  warm_up(&of);
  before_call = hook;
  kd_writer_set_batch_limit(of.writer, 0, 3000);
  CHECK(kd_writer_set_partition_count(of.writer, 1, 100));
  for (uint32_t part = 0; part < PARTS; part++)
    used[part] = start_part(&of, mixed, ROWS, ROWS / 2 + 100, part * ROWS);
  for (uint32_t part = 0; part < PARTS; part++) {
    kd_writer_event settled = settled_part();
    acknowledged += expect_failures(&settled, mixed, ROWS);
    if (receipts) expect_notes(&settled);
    end_part(&of, &settled, used[part]);
  }
  kd_writer_stats stats = kd_writer_read_stats(of.writer);
  CHECK(stats.queue_full_waits > 0 && stats.acknowledged == acknowledged + 1);
  CHECK(stats.acknowledged + stats.failed == PARTS * ROWS + 1 && stats.stale == 0);
  expect_arrived(&of, mixed, ROWS, acknowledged);
  close_bench(&of);
}

/* ---- what ends while runs are open ---- */

static row_plan in_turns(uint32_t row) {
  return (row_plan){(int)(row % TOPICS), (int32_t)(row / TOPICS % TARGETS), PLAIN};
}

static bench ending;
enum { ENDS_BEFORE = 4 };

static int epoch_ends(int number, int count) {
  if (number == ENDS_BEFORE) atomic_store(&kd_table_at(ending.table, ending.ids[0])->epoch, EPOCH + 1);
  return count;
}

static int is_purged(int number, int count) {
  if (number == ENDS_BEFORE) kd_writer_purge(ending.writer);
  return count;
}

static int stops(int number, int count) {
  if (number == ENDS_BEFORE) kd_writer_stop(ending.writer);
  return count;
}

/* Everything is in open runs when it ends: only what had been sent is delivered. */
static void epoch_that_ends(void) {
  uint32_t sent = 0;
  ending = open_bench("epoch", false);
  warm_up(&ending);
  before_call = epoch_ends;
  blocks used = start_part(&ending, in_turns, 200, 200, 0);
  kd_writer_event settled = settled_part();
  CHECK(call_count == ENDS_BEFORE);
  for (int i = 0; i < call_count; i++) sent += (uint32_t)calls[i].count;
  CHECK(settled.acknowledged == sent && settled.stale == 200 - sent && settled.failure_count == 0);
  end_part(&ending, &settled, used);
  expect_arrived(&ending, in_turns, 200, sent);
  close_bench(&ending);
}

static void part_that_is_given_up(const char *name, int (*hook)(int, int), bool stopped) {
  uint8_t found[200] = {0};
  ending = open_bench(name, false);
  warm_up(&ending);
  before_call = hook;
  blocks used = start_part(&ending, in_turns, 200, 200, 0);
  kd_writer_event settled = settled_part();
  CHECK(call_count == ENDS_BEFORE && settled.stale == 0);
  CHECK(settled.acknowledged + settled.failure_count == 200 && settled.failure_count >= 200 - 4 * 13);
  for (uint32_t i = 0; i < settled.failure_count; i++) {
    const int32_t *failure = &settled.failures[i * KD_FAILURE_FIELDS];
    CHECK(failure[1] == RD_KAFKA_RESP_ERR__PURGE_QUEUE || failure[1] == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT);
    CHECK(!found[failure[0]]);
    found[failure[0]] = 1;
  }
  end_part(&ending, &settled, used);
  if (stopped) CHECK(next_event().writer.kind == KD_WRITER_STOPPED);
  if (stopped) {
    CHECK(kd_writer_free(ending.writer));
    rd_kafka_destroy(ending.producer);
    kd_table_release(ending.table);
  } else {
    close_bench(&ending);
  }
}

/* ---- which calls are made ---- */

static void calls_of(const char *name, plan plan, uint32_t rows, uint32_t stretch) {
  bench of = open_bench(name, false);
  warm_up(&of);
  blocks used = start_part(&of, plan, rows, stretch, 0);
  kd_writer_event settled = settled_part();
  CHECK(settled.acknowledged == rows);
  end_part(&of, &settled, used);
  expect_arrived(&of, plan, rows, rows);
  close_bench(&of);
}

static void expect_call(int number, int topic, int32_t partition, int count, uint32_t row) {
  const char *name = calls[number].topic;
  CHECK(number < call_count && name[strlen(name) - 1] - '0' == topic);
  CHECK(calls[number].partition == partition && calls[number].count == count && calls[number].row == row);
}

static row_plan one_target(uint32_t row) {
  (void)row;
  return (row_plan){1, 2, PLAIN};
}

static row_plan two_topics(uint32_t row) {
  return (row_plan){(int)(row % 2), 2, PLAIN};
}

/* As many targets as there are runs, the sixth again, and one more target. */
static row_plan one_too_many(uint32_t row) {
  const uint32_t target = row < KD_WRITER_RUNS_MAX ? row : row == KD_WRITER_RUNS_MAX ? 5 : row - 1;
  return (row_plan){target < TARGETS ? 0 : 1, (int32_t)(target % TARGETS), PLAIN};
}

static row_plan headers_between(uint32_t row) {
  return (row_plan){(int)(row % 2), 2, row == 6 ? WITH_HEADERS : PLAIN};
}

static void grouping(void) {
  const int run = KD_WRITER_RUN_ROWS_MAX;
  calls_of("alike", one_target, 300, 300);
  CHECK(call_count == 3);
  for (int i = 0; i < 3; i++) expect_call(i, 1, 2, i < 2 ? run : 300 - 2 * run, (uint32_t)(i * run));
  calls_of("topics", two_topics, 300, 300);
  CHECK(call_count == 4);
  for (int i = 0; i < 4; i++)
    expect_call(i, i % 2, 2, i < 2 ? run : 150 - run, (uint32_t)(i < 2 ? i : 2 * run + i % 2));
  /* Where the source's partition changes everything is sent. */
  calls_of("stretches", two_topics, 100, 30);
  CHECK(call_count == 8);
  for (int i = 0; i < 8; i++) expect_call(i, i % 2, 2, i < 6 ? 15 : 5, (uint32_t)(i / 2 * 30 + i % 2));
  /* The longest makes room. */
  calls_of("crowd", one_too_many, KD_WRITER_RUNS_MAX + 2, 100);
  CHECK(call_count == (int)KD_WRITER_RUNS_MAX + 1);
  expect_call(0, 0, 5, 2, 5);
  /* Its own run is sent before it, the other one at the end. */
  calls_of("headers", headers_between, 10, 10);
  CHECK(call_count == 3);
  expect_call(0, 0, 2, 3, 0);
  expect_call(1, 0, 2, 1, 8);
  expect_call(2, 1, 2, 5, 1);
}

int main(void) {
  char error[512];
  kd_condition_init(&came);
  mock = kd_mock_new(1, error, sizeof error);
  CHECK(mock);
  grouping();
  mixed_rows("mixed", false, NULL);
  mixed_rows("noted", true, NULL);
  mixed_rows("halved", false, half_of_a_call);
  epoch_that_ends();
  part_that_is_given_up("purged", is_purged, false);
  part_that_is_given_up("stopped", stops, true);
  kd_mock_free(mock);
  printf("runs: all as it should be\n");
  return 0;
}

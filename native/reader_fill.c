/* Packs records into blocks. Everything here runs on the reader thread, or on the main thread while that
 * one is parked. */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "live.h"
#include "reader_internal.h"

/* Counted here and added to the shared counters once per batch. */
typedef struct {
  uint64_t records, bytes, duplicates, stale;
} tally;

typedef enum { PACK_MORE, PACK_CLOSE } pack_result;

void kd_reader_forget_lookups(kd_reader *reader) {
  memset(reader->lookup, 0, sizeof reader->lookup);
  reader->hit = (kd_lookup_slot){0};
}

/* The slow lookup by name, once per (topic, partition) between two changes of the assignment. */
static kd_open_partition *find_by_name(kd_reader *reader, const rd_kafka_message_t *message) {
  uint32_t id = kd_table_find(reader->table, rd_kafka_topic_name(message->rkt), message->partition);
  return id < reader->open_max ? reader->open[id] : NULL;
}

static inline kd_open_partition *lookup(kd_reader *reader, const rd_kafka_message_t *message) {
  if (reader->hit.topic == message->rkt && reader->hit.partition == message->partition && message->rkt)
    return reader->hit.found;
  if (!message->rkt) return NULL;
  uint32_t at = (uint32_t)(((uintptr_t)message->rkt >> 4) ^ (uint32_t)message->partition * 2654435761u) %
                KD_READER_LOOKUP_SLOTS;
  kd_lookup_slot *slot = &reader->lookup[at];
  if (slot->topic != message->rkt || slot->partition != message->partition) {
    *slot = (kd_lookup_slot){
        .topic = message->rkt, .partition = message->partition, .found = find_by_name(reader, message)};
  }
  reader->hit = *slot;
  return slot->found;
}

/* ---- held messages ---- */

static void note_held(kd_reader *reader) {
  uint64_t before = atomic_exchange_explicit(&reader->held_now, reader->held_count, memory_order_relaxed);
  if (before != reader->held_count)
    kd_live_add(KD_LIVE_HELD_MESSAGES, (long)reader->held_count - (long)before);
}

static inline void next_held(kd_reader *reader, rd_kafka_message_t *message) {
  rd_kafka_message_destroy(message);
  reader->held_first++;
  reader->held_count--;
}

void kd_reader_drop_held(kd_reader *reader, uint32_t partition_id) {
  uint32_t kept = 0, dropped = 0;
  const rd_kafka_message_t *head = reader->held_count ? reader->held[reader->held_first] : NULL;
  for (uint32_t i = 0; i < reader->held_count; i++) {
    rd_kafka_message_t *message = reader->held[reader->held_first + i];
    kd_open_partition *partition = partition_id == KD_NO_PARTITION ? NULL : lookup(reader, message);
    if (partition_id != KD_NO_PARTITION && (!partition || partition->id != partition_id)) {
      reader->held[kept++] = message;
      continue;
    }
    rd_kafka_message_destroy(message);
    dropped++;
  }
  reader->held_first = 0;
  reader->held_count = kept;
  /* The record that waits for a larger block is always the first held one. */
  if (kept == 0 || reader->held[0] != head) {
    reader->oversize_bytes = 0;
    reader->oversize_raised = false;
  }
  atomic_fetch_add_explicit(&reader->stale_dropped, dropped, memory_order_relaxed);
  note_held(reader);
}

static uint32_t pop(kd_reader *reader, int timeout_ms, uint32_t count_max) {
  ssize_t count = rd_kafka_consume_batch_queue(reader->data_queue, timeout_ms, reader->held, count_max);
  reader->held_first = 0;
  reader->held_count = count > 0 ? (uint32_t)count : 0;
  return reader->held_count;
}

/* The number of records that will probably fit, so that few are held for the next block. */
static uint32_t chunk_size(const kd_reader *reader) {
  const kd_packer *packer = &reader->packer;
  uint32_t packed = kd_packer_packed_bytes(packer);
  uint32_t room = packer->bytes_position - packer->rows_end - packer->segment_count * KD_SEGMENT_BYTES;
  uint32_t wanted = reader->options.bytes_max > packed ? reader->options.bytes_max - packed : 0;
  uint32_t fitting = (room < wanted ? room : wanted) / reader->record_bytes_mean;
  uint32_t left = reader->records_max - packer->row_count;
  if (fitting > left) fitting = left;
  return fitting < 1 ? 1 : fitting > KD_READER_CHUNK_MAX ? KD_READER_CHUNK_MAX : fitting;
}

static void publish(kd_reader *reader, tally *counts) {
  note_held(reader);
  atomic_fetch_add_explicit(&reader->records_read, counts->records, memory_order_relaxed);
  atomic_fetch_add_explicit(&reader->bytes_read, counts->bytes, memory_order_relaxed);
  atomic_fetch_add_explicit(&reader->duplicates_dropped, counts->duplicates, memory_order_relaxed);
  atomic_fetch_add_explicit(&reader->stale_dropped, counts->stale, memory_order_relaxed);
  *counts = (tally){0};
}

/* False: nothing more for this batch. Waits for the first record; the others are taken if they are there. */
static bool refill(kd_reader *reader, tally *counts, int64_t *linger_until_ms) {
  if (reader->packer.row_count == 0) {
    /* The batch is empty, but records may have been dropped: their counts are published before waiting. */
    publish(reader, counts);
    while (!atomic_load_explicit(&reader->interrupted, memory_order_acquire)) {
      if (pop(reader, KD_READER_POLL_MS, 1)) {
        if (reader->options.linger_ms) *linger_until_ms = kd_now_ms() + reader->options.linger_ms;
        return true;
      }
    }
    return false;
  }
  for (;;) {
    if (atomic_load_explicit(&reader->interrupted, memory_order_acquire)) return false;
    if (pop(reader, 0, chunk_size(reader))) return true;
    if (kd_reader_wait_for_interval(reader)) continue;
    if (!reader->options.linger_ms) return false;
    int64_t left_ms = *linger_until_ms - kd_now_ms();
    if (left_ms <= 0) return false;
    if (pop(reader, left_ms < KD_READER_POLL_MS ? (int)left_ms : KD_READER_POLL_MS, 1)) return true;
  }
}

/* ---- headers ---- */

/* Asking librdkafka for headers costs an allocation even when there are none. In message format v2 (the
 * only one with a leader epoch) the number of headers follows the value in the same buffer, so if it is 0
 * there is no need to ask. */
static inline bool peek_no_headers(const rd_kafka_message_t *message) {
  return message->len > 0 && message->payload && rd_kafka_message_leader_epoch(message) >= 0 &&
         ((const uint8_t *)message->payload)[message->len] == 0;
}

/* Packed length, -1: none, -2: unreadable. */
static int64_t headers_of(kd_reader *reader, const rd_kafka_message_t *message,
                          rd_kafka_headers_t **headers) {
  *headers = NULL;
  bool none = reader->headers_peekable && peek_no_headers(message);
  /* For the first row of each batch librdkafka is always asked. If it does have headers where the peek found
   * none, peeking ends. */
  if (none && reader->packer.row_count > 0) return -1;
  rd_kafka_resp_err_t error = rd_kafka_message_headers(message, headers);
  if (error == RD_KAFKA_RESP_ERR__NOENT) return -1;
  if (error) return -2;
  if (none) reader->headers_peekable = false;
  int64_t length = 0;
  const char *name;
  const void *value;
  size_t value_length;
  for (size_t i = 0;
       rd_kafka_header_get_all(*headers, i, &name, &value, &value_length) == RD_KAFKA_RESP_ERR_NO_ERROR;
       i++) {
    length += (int64_t)(KD_HEADER_PREFIX_BYTES + strlen(name) + (value ? value_length : 0));
  }
  return length;
}

static void write_headers(uint8_t *to, const rd_kafka_headers_t *headers) {
  const char *name;
  const void *value;
  size_t value_length;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &value_length) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
    to = kd_headers_put(to, name, (uint32_t)strlen(name), value, (uint32_t)value_length);
  }
}

/* ---- packing ---- */

/* A fault replaces records, in order, and ends the batch. */
static pack_result pack_fault(kd_reader *reader, kd_open_partition *partition, int32_t code,
                              const char *text) {
  int64_t next = atomic_load_explicit(&partition->next, memory_order_relaxed);
  kd_segment fault = {.partition_id = partition->id,
                      .epoch = partition->epoch,
                      .first_offset = next,
                      .last_offset = next,
                      .error_code = code};
  if (!kd_packer_fault(&reader->packer, &fault, text, strlen(text))) return PACK_CLOSE;
  partition->faulted = true;
  next_held(reader, reader->held[reader->held_first]);
  return PACK_CLOSE;
}

static pack_result pack_error(kd_reader *reader, kd_open_partition *partition, rd_kafka_message_t *message,
                              tally *counts) {
  char text[KD_TEXT_BYTES_MAX];
  if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    kd_reader_error_text(message, text, sizeof text);
    if (partition && !partition->faulted) return pack_fault(reader, partition, message->err, text);
    if (!message->rkt)
      kd_reader_emit(reader, (kd_reader_event){.kind = KD_READER_ERROR, .a = message->err, .text = text});
    else
      counts->stale++;
  }
  next_held(reader, message);
  return PACK_MORE;
}

static inline bool is_other_partition(const kd_packer *packer, uint32_t id) {
  return packer->segment_count > 0 && packer->segments[packer->segment_count - 1].partition_id != id;
}

static pack_result pack_one(kd_reader *reader, tally *counts) {
  kd_packer *packer = &reader->packer;
  rd_kafka_message_t *message = reader->held[reader->held_first];
  kd_open_partition *partition = lookup(reader, message);
  if (message->err) return pack_error(reader, partition, message, counts);
  if (!partition || partition->faulted) {
    counts->stale++;
    next_held(reader, message);
    return PACK_MORE;
  }
  if (message->offset < atomic_load_explicit(&partition->next, memory_order_relaxed)) {
    counts->duplicates++;
    next_held(reader, message);
    return PACK_MORE;
  }
  if (message->offset >= partition->until) return pack_fault(reader, partition, KD_CODE_LIMIT, "");
  if (reader->options.cut_per_partition && is_other_partition(packer, partition->id)) return PACK_CLOSE;
  rd_kafka_headers_t *headers;
  int64_t headers_length = headers_of(reader, message, &headers);
  if (headers_length == -2)
    return pack_fault(reader, partition, RD_KAFKA_RESP_ERR__BAD_MSG,
                      "the headers of the record are malformed");
  kd_record record = {
      .offset = message->offset,
      .timestamp = rd_kafka_message_timestamp(message, NULL),
      .key = message->key,
      .key_length = message->key_len,
      .value = message->payload,
      .value_length = message->len,
      .headers_length = headers_length,
  };
  uint8_t *headers_at;
  if (!kd_packer_add(packer, &record, partition->id, partition->epoch, &headers_at)) {
    if (packer->row_count == 0) {
      reader->oversize_bytes = kd_packer_bytes_alone((uint64_t)message->key_len + message->len +
                                                     (uint64_t)(headers_length > 0 ? headers_length : 0));
    }
    return PACK_CLOSE;
  }
  if (headers_length > 0) write_headers(headers_at, headers);
  atomic_store_explicit(&partition->next, message->offset + 1, memory_order_relaxed);
  counts->records++;
  counts->bytes += message->len + message->key_len;
  next_held(reader, message);
  return packer->row_count >= reader->records_max ||
                 kd_packer_packed_bytes(packer) >= reader->options.bytes_max
             ? PACK_CLOSE
             : PACK_MORE;
}

bool kd_reader_fill(kd_reader *reader, const kd_block *block) {
  tally counts = {0};
  int64_t linger_until_ms = 0;
  pack_result result = PACK_MORE;
  kd_packer *packer = &reader->packer;
  reader->records_max = block->records_max;
  kd_packer_begin(packer, block->bytes, block->length);
  while (result == PACK_MORE) {
    if (reader->held_count == 0 && !refill(reader, &counts, &linger_until_ms)) break;
    while (reader->held_count > 0 && (result = pack_one(reader, &counts)) == PACK_MORE) {}
  }
  publish(reader, &counts);
  if (packer->segment_count == 0) return false;
  reader->oversize_bytes = 0;
  reader->oversize_raised = false;
  reader->batch_us = kd_now_us();
  atomic_fetch_add_explicit(&reader->batches, 1, memory_order_relaxed);
  uint32_t packed = kd_packer_close(packer);
  if (packer->row_count > 0) {
    uint32_t mean = (packed - KD_HEADER_BYTES) / packer->row_count + 1;
    reader->record_bytes_mean = (reader->record_bytes_mean * 3 + mean) / 4 + 1;
  }
  kd_reader_emit(reader, (kd_reader_event){
                             .kind = KD_READER_BATCH, .a = block->id, .b = packer->row_count, .c = packed});
  return true;
}

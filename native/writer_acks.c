/* How rows end: acknowledgements, failures and the broker's words about them, and the part that settles.
 * Everything here may run on librdkafka's threads. */
#include <stdlib.h>
#include <string.h>

#include "writer_internal.h"

void kd_writer_emit(kd_writer *writer, const kd_writer_event *event) {
  pthread_mutex_lock(&writer->emit_lock);
  if (!writer->muted) writer->options.listener(writer->options.opaque, event);
  if (event->kind == KD_WRITER_STOPPED) writer->muted = true;
  pthread_mutex_unlock(&writer->emit_lock);
}

static void settle(kd_writer *writer, kd_slot *slot) {
  if (slot->notes.row_count > 0) kd_notes_report(&slot->notes);
  kd_writer_event event = {
      .kind = KD_WRITER_SETTLED,
      .slot = (uint32_t)(slot - writer->slots),
      .token = slot->part.token,
      .stale = slot->stale,
      .failures = slot->failures,
      .failure_count = slot->failure_count,
      .texts = slot->texts,
      .text_count = slot->text_count,
      .notes = slot->notes.report,
      .notes_length = slot->notes.report_length,
      .acknowledged = slot->rows - slot->stale - slot->failure_count,
  };
  atomic_fetch_add_explicit(&writer->acknowledged, event.acknowledged, memory_order_relaxed);
  atomic_fetch_add_explicit(&writer->failed, event.failure_count, memory_order_relaxed);
  atomic_fetch_add_explicit(&writer->stale, event.stale, memory_order_relaxed);
  kd_writer_emit(writer, &event);
  atomic_fetch_sub(&writer->unsettled, 1);
}

void kd_writer_count_down(kd_writer *writer, kd_slot *slot, uint32_t rows) {
  if (atomic_fetch_sub_explicit(&slot->remaining, rows, memory_order_acq_rel) == rows) settle(writer, slot);
}

/* Returns the index among the slot's texts. The caller holds the lock. */
static int32_t keep_words(kd_slot *slot, const char *words) {
  for (uint32_t i = 0; i < slot->text_count; i++)
    if (strncmp(slot->texts[i], words, KD_FAILURE_TEXT_BYTES_MAX) == 0) return (int32_t)i;
  if (slot->text_count == KD_FAILURE_TEXTS_MAX) return KD_FAILURE_TEXTS_MAX - 1;
  char *copy = strndup(words, KD_FAILURE_TEXT_BYTES_MAX);
  if (!copy) abort();
  slot->texts[slot->text_count] = copy;
  return (int32_t)slot->text_count++;
}

void kd_writer_forget_words(kd_slot *slot) {
  while (slot->text_count > 0) free(slot->texts[--slot->text_count]);
}

void kd_writer_note_failure(kd_writer *writer, kd_slot *slot, uint32_t row, int32_t code, const char *words) {
  pthread_mutex_lock(&writer->failures_lock);
  if (slot->failure_count == slot->failure_max) {
    uint32_t grown_max = slot->failure_max ? slot->failure_max * 2 : 16;
    int32_t *grown = realloc(slot->failures, (size_t)grown_max * KD_FAILURE_FIELDS * sizeof *grown);
    /* A failure that can't be recorded would be reported as a success, so the process must end. */
    if (!grown) abort();
    slot->failures = grown;
    slot->failure_max = grown_max;
  }
  int32_t *failure = &slot->failures[slot->failure_count++ * KD_FAILURE_FIELDS];
  failure[0] = (int32_t)row;
  failure[1] = code;
  failure[2] = words ? keep_words(slot, words) : -1;
  pthread_mutex_unlock(&writer->failures_lock);
}

bool kd_writer_has_failure(kd_writer *writer, kd_slot *slot, uint32_t row) {
  bool found = false;
  pthread_mutex_lock(&writer->failures_lock);
  /* It is among the last ones, because the row was refused just now. */
  for (uint32_t i = slot->failure_count; i > 0 && !found; i--)
    found = slot->failures[(i - 1) * KD_FAILURE_FIELDS] == (int32_t)row;
  pthread_mutex_unlock(&writer->failures_lock);
  return found;
}

/* A broker refuses a whole message set because of a few records, and librdkafka gives all of them the
 * set's code before an interceptor sees it. Only the texts differ: guilty records carry the broker's words
 * about them, their neighbours a text of librdkafka's own, and records of a set without a verdict per
 * record share one text about the set, or have none. */
static void note_refusal(kd_writer *writer, kd_slot *slot, uint32_t row, const rd_kafka_message_t *message) {
  static const char NEIGHBOUR[] = "Failed to append record because it was part of a batch";
  static const char WHOLE_SET[] = "One or more records have been rejected";
  const char *words = rd_kafka_message_produce_errstr(message);
  int32_t code = message->err;
  if (words && strncmp(words, NEIGHBOUR, sizeof NEIGHBOUR - 1) == 0) {
    code = RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD;
    words = NULL;
  } else if (words && strncmp(words, WHOLE_SET, sizeof WHOLE_SET - 1) == 0) {
    words = NULL;
  }
  kd_writer_note_failure(writer, slot, row, code, words);
}

static void count_refusal(kd_writer *writer, const rd_kafka_topic_t *handle) {
  uint32_t count = atomic_load_explicit(&writer->topic_count, memory_order_acquire);
  for (uint32_t i = 0; i < count; i++) {
    if (writer->topics[i]->handle != handle) continue;
    atomic_fetch_add_explicit(&writer->topics[i]->refused, 1, memory_order_relaxed);
    return;
  }
}

void kd_writer_acknowledge(kd_writer *writer, const rd_kafka_message_t *message) {
  uint64_t opaque = (uint64_t)(uintptr_t)message->_private;
  uint64_t index = (opaque >> 32) - 1;
  /* Not one of this writer's messages. */
  if (index >= writer->options.parts_max) return;
  kd_slot *slot = &writer->slots[index];
  if (message->err) {
    note_refusal(writer, slot, (uint32_t)opaque, message);
    count_refusal(writer, message->rkt);
  } else if (writer->options.receipts) {
    kd_notes_acknowledged(&slot->notes, (uint32_t)opaque, message->offset,
                          rd_kafka_message_timestamp(message, NULL));
  }
  kd_writer_count_down(writer, slot, 1);
  if (atomic_load_explicit(&writer->waiting_for_room, memory_order_relaxed)) {
    pthread_mutex_lock(&writer->lock);
    if (atomic_exchange(&writer->waiting_for_room, false)) pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
  }
}

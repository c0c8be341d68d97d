#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "live.h"
#include "writer_internal.h"

/* ---- events ---- */

static void emit(kd_writer *writer, const kd_writer_event *event) {
  pthread_mutex_lock(&writer->emit_lock);
  if (!writer->muted) writer->options.listener(writer->options.opaque, event);
  if (event->kind == KD_WRITER_STOPPED) writer->muted = true;
  pthread_mutex_unlock(&writer->emit_lock);
}

static void settle(kd_writer *writer, kd_slot *slot) {
  kd_writer_event event = {
      .kind = KD_WRITER_SETTLED,
      .slot = (uint32_t)(slot - writer->slots),
      .token = slot->part.token,
      .stale = slot->stale,
      .failures = slot->failures,
      .failure_count = slot->failure_count,
      .texts = slot->texts,
      .text_count = slot->text_count,
      .acknowledged = slot->rows - slot->stale - slot->failure_count,
  };
  atomic_fetch_add_explicit(&writer->acknowledged, event.acknowledged, memory_order_relaxed);
  atomic_fetch_add_explicit(&writer->failed, event.failure_count, memory_order_relaxed);
  atomic_fetch_add_explicit(&writer->stale, event.stale, memory_order_relaxed);
  emit(writer, &event);
}

void kd_writer_count_down(kd_writer *writer, kd_slot *slot, uint32_t rows) {
  if (atomic_fetch_sub_explicit(&slot->remaining, rows, memory_order_acq_rel) == rows) settle(writer, slot);
}

/* Returns the index among the slot's texts. Call it locked. */
static int32_t keep_words(kd_slot *slot, const char *words) {
  for (uint32_t i = 0; i < slot->text_count; i++)
    if (strncmp(slot->texts[i], words, KD_FAILURE_TEXT_BYTES_MAX) == 0) return (int32_t)i;
  if (slot->text_count == KD_FAILURE_TEXTS_MAX) return KD_FAILURE_TEXTS_MAX - 1;
  char *copy = strndup(words, KD_FAILURE_TEXT_BYTES_MAX);
  if (!copy) abort();
  slot->texts[slot->text_count] = copy;
  return (int32_t)slot->text_count++;
}

static void forget_words(kd_slot *slot) {
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
  }
  kd_writer_count_down(writer, slot, 1);
  if (atomic_load_explicit(&writer->waiting_for_room, memory_order_relaxed)) {
    pthread_mutex_lock(&writer->lock);
    if (atomic_exchange(&writer->waiting_for_room, false)) pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
  }
}

/* ---- polling and waiting ---- */

void kd_writer_poll(kd_writer *writer) {
  char text[KD_WRITER_TEXT_BYTES];
  writer->last_poll_ms = kd_now_ms();
  rd_kafka_poll(writer->client, 0);
  if (writer->fatal_raised) return;
  rd_kafka_resp_err_t code = rd_kafka_fatal_error(writer->client, text, sizeof text);
  if (!code) return;
  writer->fatal_raised = true;
  emit(writer, &(kd_writer_event){.kind = KD_WRITER_FATAL, .code = code, .text = text});
}

void kd_writer_poll_when_due(kd_writer *writer) {
  if (kd_now_ms() - writer->last_poll_ms >= writer->options.poll_interval_ms) kd_writer_poll(writer);
}

/* Failed deliveries occupy the queue until they are polled. */
void kd_writer_wait_for_room(kd_writer *writer) {
  atomic_fetch_add_explicit(&writer->queue_full_waits, 1, memory_order_relaxed);
  kd_writer_poll(writer);
  pthread_mutex_lock(&writer->lock);
  if (!atomic_load(&writer->stopping) && !atomic_load(&writer->purge_wanted)) {
    atomic_store(&writer->waiting_for_room, true);
    bool woken = kd_condition_wait_ms(&writer->changed, &writer->lock, KD_WRITER_WAIT_MS) == 0;
    atomic_store(&writer->waiting_for_room, false);
    /* The interceptor is called for a whole response before librdkafka frees its messages: wait a moment
     * for that. */
    if (woken && !atomic_load(&writer->stopping)) kd_condition_wait_ms(&writer->changed, &writer->lock, 1);
  }
  pthread_mutex_unlock(&writer->lock);
  kd_writer_poll(writer);
}

/* ---- the thread ---- */

static void purge(kd_writer *writer) {
  atomic_store(&writer->purge_wanted, false);
  rd_kafka_purge(writer->client,
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  kd_writer_poll(writer);
}

/* Call it locked. */
static kd_slot *take_queued(kd_writer *writer) {
  if (writer->queue_count == 0) return NULL;
  kd_slot *slot = &writer->slots[writer->queue[writer->queue_first]];
  writer->queue_first = (writer->queue_first + 1) % writer->options.parts_max;
  writer->queue_count--;
  return slot;
}

/* Called by the thread, or by stop() of a writer that never ran. Rows of queued parts fail, because
 * `stopping` is set. */
static void clean_up(kd_writer *writer) {
  kd_slot *slot;
  for (;;) {
    pthread_mutex_lock(&writer->lock);
    slot = take_queued(writer);
    pthread_mutex_unlock(&writer->lock);
    if (!slot) break;
    kd_writer_hand_over(writer, slot);
  }
  uint32_t count = atomic_load(&writer->topic_count);
  for (uint32_t i = 0; i < count; i++) rd_kafka_topic_destroy(writer->topics[i]->handle);
  kd_handle_detach(writer->handle);
  emit(writer, &(kd_writer_event){.kind = KD_WRITER_STOPPED});
  pthread_mutex_lock(&writer->lock);
  writer->stopped = true;
  pthread_cond_broadcast(&writer->changed);
  pthread_mutex_unlock(&writer->lock);
}

static void *run(void *opaque) {
  kd_writer *writer = opaque;
  pthread_mutex_lock(&writer->lock);
  while (!atomic_load(&writer->stopping)) {
    kd_slot *slot = NULL;
    bool purging = atomic_load(&writer->purge_wanted);
    if (!purging && !(slot = take_queued(writer))) {
      kd_condition_wait_ms(&writer->changed, &writer->lock, writer->options.poll_interval_ms);
      if (!(slot = take_queued(writer)) && atomic_load(&writer->stopping)) break;
    }
    pthread_mutex_unlock(&writer->lock);
    if (purging) purge(writer);
    if (slot) kd_writer_hand_over(writer, slot);
    kd_writer_poll_when_due(writer);
    pthread_mutex_lock(&writer->lock);
  }
  pthread_mutex_unlock(&writer->lock);
  clean_up(writer);
  return NULL;
}

void kd_writer_stop(kd_writer *writer) {
  pthread_mutex_lock(&writer->lock);
  bool first = !atomic_exchange(&writer->stopping, true);
  bool idle = !writer->started;
  pthread_cond_broadcast(&writer->changed);
  pthread_mutex_unlock(&writer->lock);
  if (first && idle) clean_up(writer);
}

static void stop_and_wait(kd_writer *writer) {
  kd_writer_stop(writer);
  pthread_mutex_lock(&writer->lock);
  while (!writer->stopped) pthread_cond_wait(&writer->changed, &writer->lock);
  pthread_mutex_unlock(&writer->lock);
}

static void on_client_destroy(void *opaque) {
  stop_and_wait(opaque);
}

/* ---- life ---- */

void kd_writer_keep(kd_writer *writer) {
  atomic_fetch_add(&writer->references, 1);
}

void kd_writer_release(kd_writer *writer) {
  if (atomic_fetch_sub(&writer->references, 1) != 1) return;
  uint32_t topics = atomic_load(&writer->topic_count);
  for (uint32_t i = 0; i < topics; i++) {
    free(writer->topics[i]->name);
    free(writer->topics[i]);
  }
  for (uint32_t i = 0; writer->slots && i < writer->options.parts_max; i++) {
    free(writer->slots[i].failures);
    forget_words(&writer->slots[i]);
  }
  kd_table_release(writer->table);
  kd_input_free(&writer->input);
  pthread_mutex_destroy(&writer->lock);
  pthread_mutex_destroy(&writer->failures_lock);
  pthread_mutex_destroy(&writer->emit_lock);
  pthread_cond_destroy(&writer->changed);
  free(writer->topics);
  free(writer->slots);
  free(writer->free_slots);
  free(writer->queue);
  free(writer);
  kd_live_add(KD_LIVE_WRITERS, -1);
}

void kd_writer_free(kd_writer *writer) {
  pthread_mutex_lock(&writer->emit_lock);
  writer->muted = true;
  pthread_mutex_unlock(&writer->emit_lock);
  if (writer->handle) stop_and_wait(writer);
  if (writer->started) pthread_join(writer->thread, NULL);
  kd_handle_wait_on_destroy(writer->handle_id);
  kd_writer_release(writer);
}

static bool allocate(kd_writer *writer) {
  uint32_t parts = writer->options.parts_max;
  writer->slots = aligned_alloc(64, parts * sizeof *writer->slots);
  writer->free_slots = calloc(parts, sizeof *writer->free_slots);
  writer->queue = calloc(parts, sizeof *writer->queue);
  writer->topics = calloc(KD_WRITER_TOPICS_MAX, sizeof(kd_topic *));
  if (!writer->slots || !writer->free_slots || !writer->queue || !writer->topics) return false;
  memset(writer->slots, 0, parts * sizeof *writer->slots);
  for (uint32_t i = 0; i < parts; i++) writer->free_slots[i] = parts - 1 - i;
  writer->free_count = parts;
  return true;
}

kd_writer *kd_writer_new(int64_t handle_id, kd_table *table, const kd_writer_options *options) {
  kd_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return NULL;
  writer->options = *options;
  writer->handle_id = handle_id;
  writer->table = table;
  writer->references = 1;
  kd_table_keep(table);
  pthread_mutex_init(&writer->lock, NULL);
  pthread_mutex_init(&writer->failures_lock, NULL);
  pthread_mutex_init(&writer->emit_lock, NULL);
  kd_condition_init(&writer->changed);
  kd_live_add(KD_LIVE_WRITERS, 1);
  /* Attached under the lock: if on_client_destroy is called immediately, it waits until everything is set. */
  pthread_mutex_lock(&writer->lock);
  writer->handle = allocate(writer) ? kd_handle_attach(handle_id, on_client_destroy, writer) : NULL;
  bool usable = writer->handle && !kd_handle_is_consumer(writer->handle) &&
                kd_handle_set_writer(writer->handle, writer);
  if (writer->handle) writer->client = kd_handle_client(writer->handle);
  pthread_mutex_unlock(&writer->lock);
  if (usable) return writer;
  kd_writer_free(writer);
  return NULL;
}

/* ---- calls of the main thread ---- */

bool kd_writer_start(kd_writer *writer) {
  pthread_mutex_lock(&writer->lock);
  bool usable = !atomic_load(&writer->stopping);
  if (usable && !writer->started)
    usable = writer->started = pthread_create(&writer->thread, NULL, run, writer) == 0;
  pthread_mutex_unlock(&writer->lock);
  return usable;
}

static int32_t add_topic(kd_writer *writer, const char *name, int32_t partition_count, kd_policy policy) {
  uint32_t count = atomic_load(&writer->topic_count);
  for (uint32_t i = 0; i < count; i++) {
    if (strcmp(writer->topics[i]->name, name) == 0) return (int32_t)i;
  }
  if (count == KD_WRITER_TOPICS_MAX || partition_count < 1) return -1;
  kd_topic *topic = calloc(1, sizeof *topic);
  char *copy = strdup(name);
  rd_kafka_topic_t *handle = topic && copy ? rd_kafka_topic_new(writer->client, name, NULL) : NULL;
  if (!handle) {
    free(topic);
    free(copy);
    return -1;
  }
  *topic = (kd_topic){.name = copy,
                      .handle = handle,
                      .partition_count = partition_count,
                      .partition_count_max = partition_count,
                      .policy = policy,
                      .batch_bytes_max = UINT64_MAX,
                      .sticky_sequence = UINT64_MAX};
  writer->topics[count] = topic;
  atomic_store_explicit(&writer->topic_count, count + 1, memory_order_release);
  return (int32_t)count;
}

int32_t kd_writer_topic(kd_writer *writer, const char *name, int32_t partition_count, kd_policy policy) {
  pthread_mutex_lock(&writer->lock);
  int32_t number = atomic_load(&writer->stopping) ? -1 : add_topic(writer, name, partition_count, policy);
  pthread_mutex_unlock(&writer->lock);
  return number;
}

bool kd_writer_set_partition_count(kd_writer *writer, uint32_t topic, int32_t partition_count) {
  if (topic >= atomic_load(&writer->topic_count) || partition_count < 1) return false;
  kd_topic *counted = writer->topics[topic];
  if (partition_count > atomic_load(&counted->partition_count_max))
    atomic_store(&counted->partition_count_max, partition_count);
  atomic_store(&counted->partition_count, partition_count);
  return true;
}

bool kd_writer_read_written(kd_writer *writer, uint32_t topic, uint64_t *rows) {
  if (topic >= atomic_load(&writer->topic_count)) return false;
  uint64_t refused = atomic_load(&writer->topics[topic]->refused);
  uint64_t handed_over = atomic_load(&writer->topics[topic]->handed_over);
  /* A refusal can be counted before its row is counted as handed over. */
  *rows = handed_over > refused ? handed_over - refused : 0;
  return true;
}

bool kd_writer_set_batch_limit(kd_writer *writer, uint32_t topic, uint64_t bytes_max) {
  if (topic >= atomic_load(&writer->topic_count)) return false;
  atomic_store(&writer->topics[topic]->batch_bytes_max, bytes_max == 0 ? UINT64_MAX : bytes_max);
  return true;
}

kd_write_result kd_writer_write(kd_writer *writer, const kd_part *part) {
  kd_write_result result = KD_WRITE_OK;
  pthread_mutex_lock(&writer->lock);
  if (atomic_load(&writer->stopping)) {
    result = KD_WRITE_STOPPED;
  } else if (writer->free_count == 0) {
    result = KD_WRITE_FULL;
  } else {
    uint32_t index = writer->free_slots[--writer->free_count];
    kd_slot *slot = &writer->slots[index];
    slot->part = *part;
    slot->sequence = ++writer->last_sequence;
    slot->rows = slot->stale = slot->failure_count = 0;
    writer->queue[(writer->queue_first + writer->queue_count++) % writer->options.parts_max] = index;
    pthread_cond_broadcast(&writer->changed);
  }
  pthread_mutex_unlock(&writer->lock);
  return result;
}

void kd_writer_slot_done(kd_writer *writer, uint32_t index) {
  pthread_mutex_lock(&writer->lock);
  kd_slot *slot = &writer->slots[index];
  free(slot->failures);
  slot->failures = NULL;
  slot->failure_max = 0;
  forget_words(slot);
  writer->free_slots[writer->free_count++] = index;
  pthread_mutex_unlock(&writer->lock);
}

void kd_writer_purge(kd_writer *writer) {
  pthread_mutex_lock(&writer->lock);
  atomic_store(&writer->purge_sequence, writer->last_sequence);
  atomic_store(&writer->purge_wanted, true);
  pthread_cond_broadcast(&writer->changed);
  pthread_mutex_unlock(&writer->lock);
}

kd_writer_stats kd_writer_read_stats(kd_writer *writer) {
  return (kd_writer_stats){
      .produced = atomic_load(&writer->produced),
      .acknowledged = atomic_load(&writer->acknowledged),
      .failed = atomic_load(&writer->failed),
      .stale = atomic_load(&writer->stale),
      .bytes = atomic_load(&writer->bytes),
      .queue_full_waits = atomic_load(&writer->queue_full_waits),
  };
}

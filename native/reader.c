#include "reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "live.h"
#include "reader_internal.h"

const char *kd_reader_error(kd_reader_result result) {
  static const char *const TEXTS[] = {
      "ok",
      "the reader is not parked: call park() and wait for 'parked' first",
      "the reader is stopped",
      "no such partition in the table",
      "the partition is open already: close it first",
      "the partition is not open",
      "out of memory",
      "the block is too small or too large",
      "too many blocks offered",
      "no thread could be started",
  };
  return (size_t)result < sizeof TEXTS / sizeof *TEXTS ? TEXTS[result] : "unknown";
}

void kd_reader_emit(kd_reader *reader, kd_reader_event event) {
  if (event.kind == KD_READER_BATCH) {
    pthread_mutex_lock(&reader->lock);
    reader->ready++;
    pthread_mutex_unlock(&reader->lock);
  }
  if (!reader->muted) reader->options.listener(reader->options.opaque, &event);
}

void kd_reader_error_text(const rd_kafka_message_t *message, char *to, size_t size) {
  size_t used = 0;
  if (message->rkt)
    used =
        (size_t)snprintf(to, size, "%s [%d]: ", rd_kafka_topic_name(message->rkt), (int)message->partition);
  if (used < size) used += (size_t)snprintf(to + used, size - used, "%s", rd_kafka_err2str(message->err));
  /* An error's payload is its text, ended by a zero byte. A payload with a key or zeros inside would be a
   * record's own data, which is never printed. */
  bool is_text = message->payload && message->len > 0 && message->len < KD_TEXT_BYTES_MAX && !message->key &&
                 !memchr(message->payload, 0, message->len);
  if (is_text && used < size)
    used +=
        (size_t)snprintf(to + used, size - used, ": %.*s", (int)message->len, (const char *)message->payload);
  if (used >= size) used = size - 1;
  for (size_t i = 0; i < used; i++) {
    if ((unsigned char)to[i] < 0x20 || (unsigned char)to[i] >= 0x7f) to[i] = '?';
  }
}

/* ---- the end ---- */

void kd_reader_let_go_of_partition(kd_reader *reader, kd_open_partition *partition) {
  kd_open_partition **link = &reader->open_first;
  while (*link != partition) link = &(*link)->next_open;
  *link = partition->next_open;
  reader->open[partition->id] = NULL;
  rd_kafka_queue_forward(partition->queue, NULL);
  rd_kafka_queue_destroy(partition->queue);
  free(partition);
  kd_reader_forget_lookups(reader);
}

/* Called by whoever ends last: a thread, or stop() of a reader that never ran. Everything that belongs to
 * librdkafka must be released before the client may go. */
static void clean_up(kd_reader *reader) {
  pthread_mutex_lock(&reader->lock);
  while (reader->open_first) kd_reader_let_go_of_partition(reader, reader->open_first);
  pthread_mutex_unlock(&reader->lock);
  kd_reader_drop_held(reader, KD_NO_PARTITION);
  if (reader->data_queue) rd_kafka_queue_destroy(reader->data_queue);
  if (reader->main_queue) rd_kafka_queue_destroy(reader->main_queue);
  reader->data_queue = reader->main_queue = NULL;
  kd_handle_detach(reader->handle);
  kd_reader_emit(reader, (kd_reader_event){.kind = KD_READER_STOPPED});
  pthread_mutex_lock(&reader->lock);
  reader->stopped = true;
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->lock);
}

static void thread_ends(kd_reader *reader) {
  pthread_mutex_lock(&reader->lock);
  bool last = --reader->threads == 0;
  pthread_mutex_unlock(&reader->lock);
  if (last) clean_up(reader);
}

void kd_reader_stop(kd_reader *reader) {
  pthread_mutex_lock(&reader->lock);
  bool first = !reader->stopping;
  bool idle = !reader->started;
  reader->stopping = true;
  atomic_store(&reader->interrupted, true);
  if (first && !idle) {
    rd_kafka_queue_yield(reader->data_queue);
    rd_kafka_queue_yield(reader->main_queue);
  }
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->lock);
  if (first && idle) clean_up(reader);
}

static void stop_and_wait(kd_reader *reader) {
  kd_reader_stop(reader);
  pthread_mutex_lock(&reader->lock);
  while (!reader->stopped) pthread_cond_wait(&reader->changed, &reader->lock);
  pthread_mutex_unlock(&reader->lock);
}

static void on_client_destroy(void *opaque) {
  stop_and_wait(opaque);
}

void kd_reader_free(kd_reader *reader) {
  pthread_mutex_lock(&reader->lock);
  reader->muted = true;
  bool started = reader->started;
  pthread_mutex_unlock(&reader->lock);
  stop_and_wait(reader);
  if (started) {
    pthread_join(reader->reader_thread, NULL);
    pthread_join(reader->event_thread, NULL);
  }
  kd_handle_wait_on_destroy(reader->handle_id);
  kd_table_release(reader->table);
  pthread_mutex_destroy(&reader->lock);
  pthread_cond_destroy(&reader->changed);
  free(reader->open);
  free(reader->blocks);
  free(reader->packer.segments);
  free(reader);
  kd_live_add(KD_LIVE_READERS, -1);
}

/* ---- threads ---- */

/* If librdkafka was still stopping an earlier fetch when the partition was opened, it removes the queue's
 * forwarding, and the partition would be stuck forever. So the forwarding is set again from time to time;
 * records that have gathered meanwhile are moved along, in order. */
static void forward_again(kd_reader *reader, int64_t *due_ms) {
  int64_t now_ms = kd_now_ms();
  if (now_ms < *due_ms) return;
  *due_ms = now_ms + KD_READER_FORWARD_MS;
  for (kd_open_partition *partition = reader->open_first; partition; partition = partition->next_open) {
    rd_kafka_queue_forward(partition->queue, reader->data_queue);
  }
}

static void *run_events(void *opaque) {
  kd_reader *reader = opaque;
  char text[KD_TEXT_BYTES_MAX];
  int64_t forward_due_ms = 0;
  for (;;) {
    pthread_mutex_lock(&reader->lock);
    bool stopping = reader->stopping;
    if (!stopping) forward_again(reader, &forward_due_ms);
    pthread_mutex_unlock(&reader->lock);
    if (stopping) break;
    rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->client, KD_READER_POLL_MS);
    if (!message) continue;
    if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      text[0] = 0;
      if (message->err)
        kd_reader_error_text(message, text, sizeof text);
      else if (message->rkt)
        snprintf(text, sizeof text, "%s [%d]", rd_kafka_topic_name(message->rkt), (int)message->partition);
      kd_reader_emit(reader, (kd_reader_event){.kind = message->err ? KD_READER_ERROR : KD_READER_STRAY,
                                               .a = message->err,
                                               .text = text});
    }
    rd_kafka_message_destroy(message);
  }
  thread_ends(reader);
  return NULL;
}

/* Call it locked. The first block that the waiting record fits into; usually simply the first. */
static bool take_block(kd_reader *reader, kd_block *block) {
  for (uint32_t i = 0; i < reader->block_count; i++) {
    if ((kd_reader_block_at(reader, i)->length & ~7u) < reader->oversize_bytes) continue;
    *block = *kd_reader_block_at(reader, i);
    for (; i > 0; i--) *kd_reader_block_at(reader, i) = *kd_reader_block_at(reader, i - 1);
    reader->block_first = (reader->block_first + 1) % reader->blocks_max;
    reader->block_count--;
    return true;
  }
  return false;
}

/* Call it locked. */
static void give_back(kd_reader *reader, const kd_block *block) {
  reader->block_first = (reader->block_first + reader->blocks_max - 1) % reader->blocks_max;
  reader->blocks[reader->block_first] = *block;
  reader->block_count++;
}

/* Emits without holding the lock, and takes it again. */
static void emit_unlocked(kd_reader *reader, kd_reader_event event) {
  pthread_mutex_unlock(&reader->lock);
  kd_reader_emit(reader, event);
  pthread_mutex_lock(&reader->lock);
}

static void *run_reader(void *opaque) {
  kd_reader *reader = opaque;
  kd_block block;
  pthread_mutex_lock(&reader->lock);
  while (!reader->stopping) {
    if (reader->park_wanted) {
      if (!reader->parked) {
        reader->parked = true;
        emit_unlocked(reader, (kd_reader_event){.kind = KD_READER_PARKED});
      } else {
        pthread_cond_wait(&reader->changed, &reader->lock);
      }
      continue;
    }
    reader->parked = false;
    if (reader->ready >= reader->options.ready_batches_max || !take_block(reader, &block)) {
      if (reader->oversize_bytes > 0 && !reader->oversize_raised) {
        reader->oversize_raised = true;
        emit_unlocked(reader,
                      (kd_reader_event){.kind = KD_READER_OVERSIZE, .a = (int64_t)reader->oversize_bytes});
      } else {
        pthread_cond_wait(&reader->changed, &reader->lock);
      }
      continue;
    }
    pthread_mutex_unlock(&reader->lock);
    bool delivered = kd_reader_fill(reader, &block);
    pthread_mutex_lock(&reader->lock);
    if (!delivered) give_back(reader, &block);
  }
  pthread_mutex_unlock(&reader->lock);
  thread_ends(reader);
  return NULL;
}

/* ---- life ---- */

kd_reader *kd_reader_new(int64_t handle_id, kd_table *table, const kd_reader_options *options) {
  kd_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->options = *options;
  reader->handle_id = handle_id;
  reader->table = table;
  reader->headers_peekable = true;
  reader->record_bytes_mean = 256;
  reader->blocks_max = 16;
  reader->open_max = kd_table_max(table);
  reader->open = calloc(reader->open_max, sizeof *reader->open);
  reader->blocks = calloc(reader->blocks_max, sizeof *reader->blocks);
  reader->packer.segments_max = options->records_max + 1;
  reader->packer.segments = malloc(reader->packer.segments_max * sizeof *reader->packer.segments);
  pthread_mutex_init(&reader->lock, NULL);
  kd_condition_init(&reader->changed);
  kd_table_keep(table);
  kd_live_add(KD_LIVE_READERS, 1);
  /* Attached under the lock: if on_client_destroy is called immediately, it waits until everything is set. */
  pthread_mutex_lock(&reader->lock);
  reader->handle = reader->open && reader->blocks && reader->packer.segments
                       ? kd_handle_attach(handle_id, on_client_destroy, reader)
                       : NULL;
  if (reader->handle && kd_handle_is_consumer(reader->handle)) {
    reader->client = kd_handle_client(reader->handle);
    reader->data_queue = rd_kafka_queue_new(reader->client);
    reader->main_queue = rd_kafka_queue_get_consumer(reader->client);
  }
  bool usable = reader->main_queue != NULL;
  if (!reader->handle) reader->stopped = reader->stopping = true;
  pthread_mutex_unlock(&reader->lock);
  if (usable) return reader;
  kd_reader_free(reader);
  return NULL;
}

kd_reader_result kd_reader_start(kd_reader *reader) {
  kd_reader_result result = KD_READER_OK;
  pthread_mutex_lock(&reader->lock);
  if (reader->stopping)
    result = KD_READER_IS_STOPPED;
  else if (!reader->started) {
    reader->threads = 2;
    if (pthread_create(&reader->event_thread, NULL, run_events, reader)) {
      result = KD_READER_NO_THREAD;
    } else if (pthread_create(&reader->reader_thread, NULL, run_reader, reader)) {
      /* Only the event thread exists, so it alone cleans up. */
      reader->threads = 1;
      reader->stopping = true;
      result = KD_READER_NO_THREAD;
      pthread_mutex_unlock(&reader->lock);
      pthread_join(reader->event_thread, NULL);
      return result;
    } else {
      reader->started = true;
    }
  }
  pthread_mutex_unlock(&reader->lock);
  return result;
}

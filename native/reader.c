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

void kd_reader_clean_up(kd_reader *reader) {
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
  if (first && idle) kd_reader_clean_up(reader);
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

/* ---- life ---- */

kd_reader *kd_reader_new(int64_t handle_id, kd_table *table, const kd_reader_options *options) {
  kd_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->options = *options;
  reader->handle_id = handle_id;
  reader->table = table;
  reader->headers_peekable = true;
  reader->record_bytes_mean = 256;
  reader->batch_us = INT64_MIN / 2;
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
    if (pthread_create(&reader->event_thread, NULL, kd_reader_run_events, reader)) {
      result = KD_READER_NO_THREAD;
    } else if (pthread_create(&reader->reader_thread, NULL, kd_reader_run, reader)) {
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

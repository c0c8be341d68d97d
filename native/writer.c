/* The life of a writer: made, started, stopped, released. */
#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "live.h"
#include "writer_internal.h"

void kd_writer_stop(kd_writer *writer) {
  pthread_mutex_lock(&writer->lock);
  bool first = !atomic_exchange(&writer->stopping, true);
  bool idle = !writer->started;
  pthread_cond_broadcast(&writer->changed);
  pthread_mutex_unlock(&writer->lock);
  if (first && idle) kd_writer_clean_up(writer);
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
    kd_writer_forget_words(&writer->slots[i]);
    kd_notes_free(&writer->slots[i].notes);
  }
  kd_table_release(writer->table);
  kd_input_free(&writer->input);
  pthread_mutex_destroy(&writer->lock);
  pthread_mutex_destroy(&writer->failures_lock);
  pthread_mutex_destroy(&writer->emit_lock);
  pthread_cond_destroy(&writer->changed);
  free(writer->headers);
  free(writer->topics);
  free(writer->slots);
  free(writer->free_slots);
  free(writer->queue);
  free(writer);
  kd_live_add(KD_LIVE_WRITERS, -1);
}

bool kd_writer_free(kd_writer *writer) {
  pthread_mutex_lock(&writer->emit_lock);
  writer->muted = true;
  pthread_mutex_unlock(&writer->emit_lock);
  if (writer->handle) stop_and_wait(writer);
  if (writer->started) pthread_join(writer->thread, NULL);
  kd_handle_wait_on_destroy(writer->handle_id);
  bool settled = atomic_load(&writer->unsettled) == 0;
  kd_writer_release(writer);
  return settled;
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

bool kd_writer_start(kd_writer *writer) {
  pthread_mutex_lock(&writer->lock);
  bool usable = !atomic_load(&writer->stopping);
  if (usable && !writer->started)
    usable = writer->started = pthread_create(&writer->thread, NULL, kd_writer_run, writer) == 0;
  pthread_mutex_unlock(&writer->lock);
  return usable;
}

/* The writer's thread: takes parts from the queue, polls the producer, and cleans up at the end. */
#include "clock.h"
#include "writer_internal.h"

void kd_writer_poll(kd_writer *writer) {
  char text[KD_WRITER_TEXT_BYTES];
  writer->last_poll_ms = kd_now_ms();
  rd_kafka_poll(writer->client, 0);
  if (writer->fatal_raised) return;
  rd_kafka_resp_err_t code = rd_kafka_fatal_error(writer->client, text, sizeof text);
  if (!code) return;
  writer->fatal_raised = true;
  kd_writer_emit(writer, &(kd_writer_event){.kind = KD_WRITER_FATAL, .code = code, .text = text});
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

static void purge(kd_writer *writer) {
  atomic_store(&writer->purge_wanted, false);
  rd_kafka_purge(writer->client,
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  kd_writer_poll(writer);
}

/* The caller holds the lock. */
static kd_slot *take_queued(kd_writer *writer) {
  if (writer->queue_count == 0) return NULL;
  kd_slot *slot = &writer->slots[writer->queue[writer->queue_first]];
  writer->queue_first = (writer->queue_first + 1) % writer->options.parts_max;
  writer->queue_count--;
  return slot;
}

/* Messages point into the blocks of their parts, which may be released once the writer has stopped. */
static void settle_the_rest(kd_writer *writer) {
  const struct timespec moment = {.tv_nsec = 1000000};
  if (atomic_load(&writer->unsettled) == 0) return;
  purge(writer);
  int64_t until_ms = kd_now_ms() + KD_WRITER_PURGED_MS_MAX;
  while (atomic_load(&writer->unsettled) > 0 && kd_now_ms() < until_ms) nanosleep(&moment, NULL);
}

void kd_writer_clean_up(kd_writer *writer) {
  kd_slot *slot;
  for (;;) {
    pthread_mutex_lock(&writer->lock);
    slot = take_queued(writer);
    pthread_mutex_unlock(&writer->lock);
    if (!slot) break;
    kd_writer_hand_over(writer, slot);
  }
  settle_the_rest(writer);
  uint32_t count = atomic_load(&writer->topic_count);
  for (uint32_t i = 0; i < count; i++) rd_kafka_topic_destroy(writer->topics[i]->handle);
  kd_handle_detach(writer->handle);
  kd_writer_emit(writer, &(kd_writer_event){.kind = KD_WRITER_STOPPED});
  pthread_mutex_lock(&writer->lock);
  writer->stopped = true;
  pthread_cond_broadcast(&writer->changed);
  pthread_mutex_unlock(&writer->lock);
}

void *kd_writer_run(void *opaque) {
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
  kd_writer_clean_up(writer);
  return NULL;
}

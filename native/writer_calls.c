/* The calls of the main thread, from topics and parts to the counts. */
#include <stdlib.h>
#include <string.h>

#include "writer_internal.h"

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
    atomic_fetch_add(&writer->unsettled, 1);
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
  kd_writer_forget_words(slot);
  kd_notes_forget_report(&slot->notes);
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

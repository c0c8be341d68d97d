#include "partition_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "live.h"

struct kd_table {
  pthread_mutex_t lock;
  _Atomic uint32_t references;
  uint32_t max;
  /* Entries below it are complete; published with release order. */
  _Atomic uint32_t count;
  kd_partition *entries;
  /* Open addressing; holds id + 1, 0 = free. At least twice as many slots as entries. */
  uint32_t *slots;
  uint32_t slot_mask;
  kd_source_topic *topics;
};

kd_table *kd_table_new(uint32_t partitions_max) {
  if (partitions_max == 0 || partitions_max > KD_PARTITIONS_MAX) return NULL;
  kd_table *table = calloc(1, sizeof *table);
  if (!table) return NULL;
  uint32_t slots = 16;
  while (slots < partitions_max * 2u) slots *= 2;
  pthread_mutex_init(&table->lock, NULL);
  table->references = 1;
  table->max = partitions_max;
  table->slot_mask = slots - 1;
  table->entries = calloc(partitions_max, sizeof *table->entries);
  table->slots = calloc(slots, sizeof *table->slots);
  kd_live_add(KD_LIVE_TABLES, 1);
  if (!table->entries || !table->slots) {
    kd_table_release(table);
    return NULL;
  }
  return table;
}

void kd_table_keep(kd_table *table) {
  atomic_fetch_add(&table->references, 1);
}

void kd_table_release(kd_table *table) {
  if (atomic_fetch_sub(&table->references, 1) != 1) return;
  for (kd_source_topic *topic = table->topics; topic;) {
    kd_source_topic *next = topic->next;
    free(topic->name);
    free(topic);
    topic = next;
  }
  pthread_mutex_destroy(&table->lock);
  free(table->entries);
  free(table->slots);
  free(table);
  kd_live_add(KD_LIVE_TABLES, -1);
}

uint32_t kd_table_max(const kd_table *table) {
  return table->max;
}

static uint32_t hash_of(const char *topic, int32_t partition) {
  uint32_t hash = 2166136261u;
  for (; *topic; topic++) hash = (hash ^ (uint8_t)*topic) * 16777619u;
  return (hash ^ (uint32_t)partition) * 2654435761u;
}

/* The caller holds the lock. The slot of the entry, or the free slot where it would go. */
static uint32_t *slot_of(const kd_table *table, const char *topic, int32_t partition) {
  uint32_t at = hash_of(topic, partition) & table->slot_mask;
  while (table->slots[at]) {
    const kd_partition *entry = &table->entries[table->slots[at] - 1];
    if (entry->partition == partition && strcmp(entry->topic->name, topic) == 0) break;
    at = (at + 1) & table->slot_mask;
  }
  return &table->slots[at];
}

/* The caller holds the lock. There are few topics, and each is looked up once: a list is enough. */
static kd_source_topic *topic_of(kd_table *table, const char *name) {
  for (kd_source_topic *topic = table->topics; topic; topic = topic->next) {
    if (strcmp(topic->name, name) == 0) return topic;
  }
  kd_source_topic *topic = calloc(1, sizeof *topic);
  char *copy = strdup(name);
  if (!topic || !copy) {
    free(topic);
    free(copy);
    return NULL;
  }
  topic->name = copy;
  topic->next = table->topics;
  table->topics = topic;
  return topic;
}

uint32_t kd_table_id_of(kd_table *table, const char *topic, int32_t partition) {
  uint32_t id = KD_NO_PARTITION;
  pthread_mutex_lock(&table->lock);
  uint32_t *slot = slot_of(table, topic, partition);
  uint32_t count = atomic_load_explicit(&table->count, memory_order_relaxed);
  if (*slot) {
    id = *slot - 1;
  } else if (count < table->max) {
    kd_source_topic *of = topic_of(table, topic);
    if (of) {
      table->entries[count].partition = partition;
      table->entries[count].topic = of;
      *slot = count + 1;
      id = count;
      atomic_store_explicit(&table->count, count + 1, memory_order_release);
    }
  }
  pthread_mutex_unlock(&table->lock);
  return id;
}

uint32_t kd_table_find(kd_table *table, const char *topic, int32_t partition) {
  pthread_mutex_lock(&table->lock);
  uint32_t slot = *slot_of(table, topic, partition);
  pthread_mutex_unlock(&table->lock);
  return slot ? slot - 1 : KD_NO_PARTITION;
}

kd_partition *kd_table_at(kd_table *table, uint32_t id) {
  return id < atomic_load_explicit(&table->count, memory_order_acquire) ? &table->entries[id] : NULL;
}

bool kd_table_set_topic_partition_count(kd_table *table, const char *name, int32_t count) {
  pthread_mutex_lock(&table->lock);
  kd_source_topic *topic = topic_of(table, name);
  if (topic) atomic_store_explicit(&topic->partition_count, count, memory_order_relaxed);
  pthread_mutex_unlock(&table->lock);
  return topic != NULL;
}

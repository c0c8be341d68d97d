/* Numbers for topic-partitions and their epochs, which reader and writer threads share with the main
 * thread. Ids are dense and never reused; reading an entry takes no lock. */
#ifndef KD_PARTITION_TABLE_H
#define KD_PARTITION_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define KD_PARTITIONS_MAX 1000000u
#define KD_NO_PARTITION UINT32_MAX

typedef struct kd_source_topic {
  char *name;
  /* 0: not known. */
  _Atomic int32_t partition_count;
  struct kd_source_topic *next;
} kd_source_topic;

typedef struct {
  /* 0: closed. */
  _Atomic uint32_t epoch;
  int32_t partition;
  kd_source_topic *topic;
} kd_partition;

typedef struct kd_table kd_table;

/* NULL: out of memory or partitions_max outside 1..KD_PARTITIONS_MAX. */
kd_table *kd_table_new(uint32_t partitions_max);
void kd_table_keep(kd_table *table);
void kd_table_release(kd_table *table);
uint32_t kd_table_max(const kd_table *table);
/* KD_NO_PARTITION: the table is full. */
uint32_t kd_table_id_of(kd_table *table, const char *topic, int32_t partition);
/* Like kd_table_id_of, but adds nothing. */
uint32_t kd_table_find(kd_table *table, const char *topic, int32_t partition);
/* NULL: no such id. The entry lives as long as the table. */
kd_partition *kd_table_at(kd_table *table, uint32_t id);
bool kd_table_set_topic_partition_count(kd_table *table, const char *topic, int32_t count);

#endif

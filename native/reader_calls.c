/* The calls of the main thread: blocks, parking, partitions, numbers. */
#include <stdlib.h>

#include "reader_internal.h"

kd_reader_result kd_reader_offer(kd_reader *reader, uint32_t block_id, uint8_t *block, size_t length,
                                 uint32_t records_max) {
  kd_reader_result result = KD_READER_OK;
  if (length < KD_BLOCK_BYTES_MIN || length > KD_BLOCK_BYTES_MAX) return KD_READER_BLOCK_SMALL;
  if (records_max == 0 || records_max > reader->options.records_max)
    records_max = reader->options.records_max;
  pthread_mutex_lock(&reader->lock);
  /* Also accepted by a stopped reader, which never fills it: the answer to a batch that was still on its
   * way brings its block back. */
  if (reader->block_count == reader->blocks_max - 1) {
    /* One slot stays free for give_back(). */
    uint32_t grown_max = reader->blocks_max * 2;
    kd_block *grown = grown_max > KD_READER_BLOCKS_MAX ? NULL : malloc(grown_max * sizeof *grown);
    if (!grown) {
      result = KD_READER_BLOCKS_FULL;
    } else {
      for (uint32_t i = 0; i < reader->block_count; i++) grown[i] = *kd_reader_block_at(reader, i);
      free(reader->blocks);
      reader->blocks = grown;
      reader->blocks_max = grown_max;
      reader->block_first = 0;
    }
  }
  if (result == KD_READER_OK) {
    *kd_reader_block_at(reader, reader->block_count) =
        (kd_block){.id = block_id, .length = (uint32_t)length, .records_max = records_max, .bytes = block};
    reader->block_count++;
    pthread_cond_broadcast(&reader->changed);
  }
  pthread_mutex_unlock(&reader->lock);
  return result;
}

/* The caller holds the lock. While parked, the reader thread touches nothing. */
static kd_reader_result parked(const kd_reader *reader) {
  if (reader->stopping) return KD_READER_IS_STOPPED;
  return !reader->started || (reader->parked && reader->park_wanted) ? KD_READER_OK : KD_READER_NOT_PARKED;
}

kd_reader_result kd_reader_reclaim(kd_reader *reader, uint32_t *ids, uint32_t max, uint32_t *count) {
  pthread_mutex_lock(&reader->lock);
  kd_reader_result result = reader->stopped ? KD_READER_OK : parked(reader);
  *count = 0;
  while (result == KD_READER_OK && reader->block_count > 0 && *count < max) {
    ids[(*count)++] = kd_reader_block_at(reader, 0)->id;
    reader->block_first = (reader->block_first + 1) % reader->blocks_max;
    reader->block_count--;
  }
  pthread_mutex_unlock(&reader->lock);
  return result;
}

kd_reader_result kd_reader_park(kd_reader *reader) {
  pthread_mutex_lock(&reader->lock);
  kd_reader_result result = reader->stopping ? KD_READER_IS_STOPPED : KD_READER_OK;
  bool already = result == KD_READER_OK && (!reader->started || (reader->parked && reader->park_wanted));
  if (result == KD_READER_OK && !reader->park_wanted) {
    reader->park_wanted = true;
    atomic_store_explicit(&reader->interrupted, true, memory_order_release);
    rd_kafka_queue_yield(reader->data_queue);
    pthread_cond_broadcast(&reader->changed);
  }
  if (already) reader->parked = true;
  pthread_mutex_unlock(&reader->lock);
  if (already) kd_reader_emit(reader, (kd_reader_event){.kind = KD_READER_PARKED});
  return result;
}

kd_reader_result kd_reader_unpark(kd_reader *reader) {
  pthread_mutex_lock(&reader->lock);
  kd_reader_result result = reader->stopping ? KD_READER_IS_STOPPED : KD_READER_OK;
  if (result == KD_READER_OK) {
    reader->park_wanted = reader->parked = false;
    atomic_store_explicit(&reader->interrupted, false, memory_order_release);
    pthread_cond_broadcast(&reader->changed);
  }
  pthread_mutex_unlock(&reader->lock);
  return result;
}

static kd_reader_result open_locked(kd_reader *reader, uint32_t id, uint32_t epoch, int64_t next_offset) {
  const kd_partition *entry = kd_table_at(reader->table, id);
  if (!entry) return KD_READER_NO_PARTITION;
  if (reader->open[id]) return KD_READER_ALREADY_OPEN;
  kd_open_partition *partition = calloc(1, sizeof *partition);
  if (!partition) return KD_READER_NO_MEMORY;
  partition->id = id;
  partition->epoch = epoch;
  partition->next = next_offset;
  partition->until = INT64_MAX;
  partition->queue = rd_kafka_queue_get_partition(reader->client, entry->topic->name, entry->partition);
  if (!partition->queue) {
    free(partition);
    return KD_READER_NO_PARTITION;
  }
  /* A forwarding that the application set survives librdkafka's assign(). */
  rd_kafka_queue_forward(partition->queue, reader->data_queue);
  reader->open[id] = partition;
  partition->next_open = reader->open_first;
  reader->open_first = partition;
  kd_reader_forget_lookups(reader);
  return KD_READER_OK;
}

kd_reader_result kd_reader_open(kd_reader *reader, uint32_t partition_id, uint32_t epoch,
                                int64_t next_offset) {
  pthread_mutex_lock(&reader->lock);
  kd_reader_result result = parked(reader);
  if (result == KD_READER_OK) result = open_locked(reader, partition_id, epoch, next_offset);
  pthread_mutex_unlock(&reader->lock);
  return result;
}

kd_reader_result kd_reader_close(kd_reader *reader, uint32_t partition_id) {
  pthread_mutex_lock(&reader->lock);
  kd_reader_result result = parked(reader);
  kd_open_partition *partition =
      result == KD_READER_OK && partition_id < reader->open_max ? reader->open[partition_id] : NULL;
  if (result == KD_READER_OK && !partition) result = KD_READER_NOT_OPEN;
  if (partition) {
    kd_reader_drop_held(reader, partition_id);
    kd_reader_let_go_of_partition(reader, partition);
  }
  pthread_mutex_unlock(&reader->lock);
  return result;
}

kd_reader_result kd_reader_halt(kd_reader *reader, uint32_t partition_id) {
  pthread_mutex_lock(&reader->lock);
  kd_reader_result result = parked(reader);
  kd_open_partition *partition =
      result == KD_READER_OK && partition_id < reader->open_max ? reader->open[partition_id] : NULL;
  if (result == KD_READER_OK && !partition) result = KD_READER_NOT_OPEN;
  if (partition) {
    kd_reader_drop_held(reader, partition_id);
    partition->faulted = true;
  }
  pthread_mutex_unlock(&reader->lock);
  return result;
}

kd_reader_result kd_reader_rewind(kd_reader *reader, uint32_t partition_id, uint32_t epoch,
                                  int64_t next_offset) {
  pthread_mutex_lock(&reader->lock);
  kd_reader_result result = parked(reader);
  kd_open_partition *partition =
      result == KD_READER_OK && partition_id < reader->open_max ? reader->open[partition_id] : NULL;
  if (result == KD_READER_OK && !partition) result = KD_READER_NOT_OPEN;
  if (partition) {
    kd_reader_drop_held(reader, partition_id);
    partition->epoch = epoch;
    atomic_store(&partition->next, next_offset);
    partition->epoch = epoch;
    partition->faulted = false;
  }
  pthread_mutex_unlock(&reader->lock);
  return result;
}

kd_reader_result kd_reader_limit(kd_reader *reader, uint32_t partition_id, int64_t until) {
  pthread_mutex_lock(&reader->lock);
  kd_reader_result result = parked(reader);
  kd_open_partition *partition =
      result == KD_READER_OK && partition_id < reader->open_max ? reader->open[partition_id] : NULL;
  if (result == KD_READER_OK && !partition) result = KD_READER_NOT_OPEN;
  if (partition) partition->until = until;
  pthread_mutex_unlock(&reader->lock);
  return result;
}

int64_t kd_reader_next_offset(kd_reader *reader, uint32_t partition_id) {
  pthread_mutex_lock(&reader->lock);
  kd_open_partition *partition = partition_id < reader->open_max ? reader->open[partition_id] : NULL;
  int64_t next = partition ? atomic_load_explicit(&partition->next, memory_order_relaxed) : -1;
  pthread_mutex_unlock(&reader->lock);
  return next;
}

kd_reader_stats kd_reader_read_stats(kd_reader *reader) {
  return (kd_reader_stats){
      .records_read = atomic_load(&reader->records_read),
      .bytes_read = atomic_load(&reader->bytes_read),
      .batches = atomic_load(&reader->batches),
      .duplicates_dropped = atomic_load(&reader->duplicates_dropped),
      .stale_dropped = atomic_load(&reader->stale_dropped),
      .held = atomic_load(&reader->held_now),
  };
}

void kd_reader_taken(kd_reader *reader) {
  pthread_mutex_lock(&reader->lock);
  if (reader->ready > 0) reader->ready--;
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->lock);
}

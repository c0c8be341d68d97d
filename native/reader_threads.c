/* The two threads of a reader: one fills blocks, one takes what librdkafka reports. */
#include <stdio.h>

#include "clock.h"
#include "reader_internal.h"

static void thread_ends(kd_reader *reader) {
  pthread_mutex_lock(&reader->lock);
  bool last = --reader->threads == 0;
  pthread_mutex_unlock(&reader->lock);
  if (last) kd_reader_clean_up(reader);
}

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

void *kd_reader_run_events(void *opaque) {
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

/* A batch costs all threads together as much as hundreds of records do. So a small one waits until the
 * interval since the last one is over, asleep: a wake-up per record would cost as much. False: the batch need
 * not wait. */
bool kd_reader_wait_for_interval(kd_reader *reader) {
  int64_t now_us = kd_now_us();
  int64_t until_us = reader->batch_us + (int64_t)reader->options.interval_ms * 1000;
  if (reader->packer.row_count >= KD_READER_SMALL_MAX || now_us >= until_us) return false;
  if (until_us - now_us > KD_READER_NAP_US) until_us = now_us + KD_READER_NAP_US;
  pthread_mutex_lock(&reader->lock);
  while (!reader->stopping && !reader->park_wanted && kd_now_us() < until_us)
    kd_condition_wait_until(&reader->changed, &reader->lock, until_us);
  pthread_mutex_unlock(&reader->lock);
  return true;
}

/* The caller holds the lock. The first block that the waiting record fits into; usually simply the first. */
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

/* The caller holds the lock. */
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

void *kd_reader_run(void *opaque) {
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

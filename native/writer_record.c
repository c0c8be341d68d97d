/* Turns a row into a record: its partition, its headers, and its size as a batch of its own. */
#include "writer_internal.h"

static int32_t sticky_partition(const kd_slot *slot, kd_topic *topic, int32_t count) {
  if (topic->sticky_sequence != slot->sequence || topic->sticky_partition >= count) {
    topic->sticky_sequence = slot->sequence;
    topic->sticky_partition = (int32_t)(topic->sticky_next++ % (uint32_t)count);
  }
  return topic->sticky_partition;
}

int32_t kd_writer_partition(const kd_slot *slot, const kd_partition *source, kd_topic *topic,
                            const kd_output_record *record) {
  int32_t count = atomic_load_explicit(&topic->partition_count, memory_order_relaxed);
  if (record->partition >= 0) {
    if (record->partition < count) return record->partition;
    int32_t count_max = atomic_load_explicit(&topic->partition_count_max, memory_order_relaxed);
    return record->partition < count_max ? KD_CODE_PARTITION_GONE : KD_CODE_NO_PARTITION;
  }
  if (record->flags & KD_ROW_DEAD_LETTER) return source->partition % count;
  if (topic->policy == KD_POLICY_SAME)
    return source->partition < count ? source->partition : KD_CODE_COUNTS_DIFFER;
  if (topic->policy == KD_POLICY_AUTO &&
      (record->flags & (KD_ROW_KEY_OF_SOURCE | KD_ROW_KEY_SET)) == KD_ROW_KEY_OF_SOURCE &&
      source->partition < count &&
      atomic_load_explicit(&source->topic->partition_count, memory_order_relaxed) == count) {
    return source->partition;
  }
  if (topic->policy != KD_POLICY_STICKY && record->key)
    return kd_murmur2_partition(record->key, record->key_length, count);
  return sticky_partition(slot, topic, count);
}

bool kd_writer_headers(const kd_output_record *record, rd_kafka_headers_t **headers) {
  kd_headers_cursor cursor = {.next = record->headers, .left = record->headers_length};
  kd_header header;
  int more;
  *headers = rd_kafka_headers_new(8);
  while ((more = kd_headers_next(&cursor, &header)) == 1) {
    rd_kafka_header_add(*headers, (const char *)header.name, (ssize_t)header.name_length, header.value,
                        header.value_length);
  }
  if (more == 0) return true;
  rd_kafka_headers_destroy(*headers);
  *headers = NULL;
  return false;
}

static uint64_t varint_bytes(uint64_t length) {
  uint64_t bytes = 1;
  for (uint64_t zigzag = length << 1; zigzag >= 128; zigzag >>= 7) bytes++;
  return bytes;
}

static uint64_t nullable_bytes(const void *bytes, uint64_t length) {
  return bytes ? varint_bytes(length) + length : 1;
}

uint64_t kd_writer_bytes_alone(const kd_output_record *record) {
  uint64_t headers_length = record->headers ? record->headers_length : 0;
  /* Attributes, and the deltas of time and offset, which are 0 for a single record. */
  uint64_t body = 3 + nullable_bytes(record->key, record->key_length) +
                  nullable_bytes(record->value, record->value_length);
  kd_headers_cursor cursor = {.next = record->headers, .left = (uint32_t)headers_length};
  kd_header header;
  uint64_t count = 0;
  int more = 0;
  while (headers_length > 0 && (more = kd_headers_next(&cursor, &header)) == 1) {
    body += varint_bytes(header.name_length) + header.name_length +
            (header.value_length < 0
                 ? 1
                 : varint_bytes((uint64_t)header.value_length) + (uint64_t)header.value_length);
    count++;
  }
  if (more < 0) return 0;
  body += varint_bytes(count);
  return KD_WRITER_BATCH_HEADER_BYTES + varint_bytes(body) + body;
}

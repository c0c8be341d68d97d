/* Passes rows to librdkafka. Everything here runs on the writer's thread. */
#include "writer_internal.h"

enum { VU_TOPIC, VU_PARTITION, VU_VALUE, VU_KEY, VU_OPAQUE, VU_FLAGS, VU_TIMESTAMP, VU_HEADERS, VU_COUNT };

typedef struct {
  kd_writer *writer;
  kd_slot *slot;
  kd_output_view output;
  bool identity;
  uint32_t segment_hint;
  const kd_segment *segment;
  /* The segment's partition; NULL: no such partition. */
  const kd_partition *source;
  uint64_t opaque_base;
  uint64_t bytes, produced;
  uint32_t stale, failed;
  rd_kafka_vu_t vus[VU_COUNT];
} job;

/* One row, ready to be sent. */
typedef struct {
  uint32_t row;
  kd_topic *topic;
  kd_output_record record;
  int32_t partition;
  int64_t timestamp;
} ready_row;

static bool refuse(job *job, uint32_t row, int32_t code) {
  kd_writer_note_failure(job->writer, job->slot, row, code, NULL);
  job->failed++;
  return false;
}

static bool is_stale(const job *job) {
  return atomic_load_explicit(&job->source->epoch, memory_order_relaxed) != job->segment->epoch;
}

/* Fills in what the flags take from the source row. */
static bool take_from_source(const job *job, kd_output_record *record) {
  kd_input_record source;
  uint16_t flags = record->flags;
  if (!(flags & (KD_ROW_KEY_OF_SOURCE | KD_ROW_VALUE_OF_SOURCE | KD_ROW_HEADERS_OF_SOURCE |
                 KD_ROW_TIMESTAMP_OF_SOURCE)))
    return true;
  if (!kd_input_record_at(&job->writer->input, record->source_row, &source)) return false;
  if (flags & KD_ROW_KEY_OF_SOURCE) {
    record->key = source.key;
    record->key_length = source.key_length;
  }
  if (flags & KD_ROW_VALUE_OF_SOURCE) {
    record->value = source.value;
    record->value_length = source.value_length;
  }
  if (flags & KD_ROW_HEADERS_OF_SOURCE) {
    record->headers = source.headers;
    record->headers_length = source.headers_length;
  }
  if (flags & KD_ROW_TIMESTAMP_OF_SOURCE) record->timestamp = source.timestamp;
  return true;
}

/* librdkafka takes 0 for "now", so timestamp 0 is sent as 1. */
static int64_t wire_timestamp(int64_t timestamp) {
  return timestamp == -1 ? 0 : timestamp == 0 ? 1 : timestamp;
}

/* False: the row is settled here (refused or stale). */
static bool prepare(job *job, uint32_t row, ready_row *ready) {
  kd_output_record *record = &ready->record;
  const kd_input_view *input = &job->writer->input;
  if (job->identity) {
    *record = (kd_output_record){
        .source_row = job->output.first_source_row + row,
        .topic = (uint16_t)job->output.identity_topic,
        .flags = KD_ROW_KEY_OF_SOURCE | KD_ROW_VALUE_OF_SOURCE | KD_ROW_HEADERS_OF_SOURCE |
                 KD_ROW_TIMESTAMP_OF_SOURCE,
        .partition = -1,
    };
    ready->row = record->source_row;
  } else {
    ready->row = row;
    if (!kd_output_record_at(&job->output, row, record)) return refuse(job, row, KD_CODE_BAD_ROW);
  }
  if (record->source_row >= input->row_count ||
      record->topic >= atomic_load_explicit(&job->writer->topic_count, memory_order_acquire)) {
    return refuse(job, ready->row, KD_CODE_BAD_ROW);
  }
  const kd_segment *segment = kd_input_segment_of(input, record->source_row, &job->segment_hint);
  if (segment != job->segment) {
    job->segment = segment;
    job->source = kd_table_at(job->writer->table, segment->partition_id);
  }
  if (!job->source || !take_from_source(job, record)) return refuse(job, ready->row, KD_CODE_BAD_ROW);
  if (is_stale(job)) {
    job->stale++;
    return false;
  }
  ready->topic = job->writer->topics[record->topic];
  ready->timestamp = wire_timestamp(record->timestamp);
  ready->partition = kd_writer_partition(job->slot, job->source, ready->topic, record);
  return ready->partition >= 0 || refuse(job, ready->row, ready->partition);
}

/* True: even as a batch of its own, which is what a topic's max.message.bytes limits, the record is too
 * large. */
static bool is_too_large(const kd_topic *topic, const kd_output_record *record) {
  uint64_t bytes_max = atomic_load_explicit(&topic->batch_bytes_max, memory_order_relaxed);
  /* Headers are shorter in Kafka's format than in ours, so this check decides for nearly all rows. */
  uint64_t bytes = (uint64_t)record->key_length + record->value_length +
                   (record->headers ? record->headers_length : 0) + KD_WRITER_BATCH_FRAMING_BYTES_MAX;
  return bytes > bytes_max && kd_writer_bytes_alone(record) > bytes_max;
}

/* Only this thread adds: cheaper than an atomic addition. */
static void count_handed_over(kd_topic *topic) {
  uint64_t rows = atomic_load_explicit(&topic->handed_over, memory_order_relaxed);
  atomic_store_explicit(&topic->handed_over, rows + 1, memory_order_relaxed);
}

/* Before it is sent: the acknowledgement may come at once. */
static void note_content(job *job, const ready_row *ready) {
  const kd_output_record *record = &ready->record;
  kd_hash content = kd_hash_content(record->key, record->key_length, record->value, record->value_length,
                                    record->headers, record->headers_length);
  kd_notes_sent(&job->slot->notes, ready->row, content, record->timestamp, record->topic,
                (uint32_t)ready->partition, (uint32_t)(job->segment - job->writer->input.segments));
}

/* True: it was or will be acknowledged. False: it was settled here. */
static bool produce(job *job, const ready_row *ready) {
  kd_writer *writer = job->writer;
  const kd_output_record *record = &ready->record;
  rd_kafka_headers_t *headers = NULL;
  if (is_too_large(ready->topic, record)) return refuse(job, ready->row, KD_CODE_TOO_LARGE);
  if (record->headers && record->headers_length > 0 && !kd_writer_headers(record, &headers))
    return refuse(job, ready->row, KD_CODE_BAD_ROW);
  if (writer->options.receipts) note_content(job, ready);
  rd_kafka_vu_t *vus = job->vus;
  vus[VU_TOPIC].u.rkt = ready->topic->handle;
  vus[VU_PARTITION].u.i32 = ready->partition;
  vus[VU_VALUE].u.mem.ptr = (void *)record->value;
  vus[VU_VALUE].u.mem.size = record->value_length;
  vus[VU_KEY].u.mem.ptr = (void *)record->key;
  vus[VU_KEY].u.mem.size = record->key_length;
  vus[VU_OPAQUE].u.ptr = (void *)(uintptr_t)(job->opaque_base | ready->row);
  vus[VU_TIMESTAMP].u.i64 = ready->timestamp;
  vus[VU_HEADERS].u.headers = headers;
  int32_t code = 0;
  int refusals_when_empty = 0;
  for (;;) {
    rd_kafka_error_t *error = rd_kafka_produceva(writer->client, vus, headers ? VU_COUNT : VU_HEADERS);
    if (!error) {
      job->produced++;
      count_handed_over(ready->topic);
      job->bytes += record->value_length + record->key_length;
      return true;
    }
    code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) break;
    /* Requires two refusals: an acknowledgement in between may have made room. */
    if (rd_kafka_outq_len(writer->client) == 0 && ++refusals_when_empty == 2) {
      code = KD_CODE_LARGER_THAN_QUEUE;
      break;
    }
    kd_writer_wait_for_room(writer);
    code = kd_writer_gives_up(writer, job->slot) ? RD_KAFKA_RESP_ERR__PURGE_QUEUE : 0;
    if (code) break;
    if (is_stale(job)) {
      job->stale++;
      break;
    }
  }
  /* The headers of a refused message still belong to us. */
  if (headers) rd_kafka_headers_destroy(headers);
  if (code == 0) return false;
  if (code == RD_KAFKA_RESP_ERR__FATAL) kd_writer_poll(writer);
  /* For some refusals (a partition or topic that does not exist) the interceptor has already run: never
   * settle twice. */
  if (kd_writer_has_failure(writer, job->slot, ready->row)) {
    count_handed_over(ready->topic);
    return true;
  }
  return refuse(job, ready->row, code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? KD_CODE_TOO_LARGE : code);
}

static void begin(job *job) {
  rd_kafka_vu_t *vus = job->vus;
  vus[VU_TOPIC].vtype = RD_KAFKA_VTYPE_RKT;
  vus[VU_PARTITION].vtype = RD_KAFKA_VTYPE_PARTITION;
  vus[VU_VALUE].vtype = RD_KAFKA_VTYPE_VALUE;
  vus[VU_KEY].vtype = RD_KAFKA_VTYPE_KEY;
  vus[VU_OPAQUE].vtype = RD_KAFKA_VTYPE_OPAQUE;
  vus[VU_FLAGS].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  vus[VU_FLAGS].u.i = RD_KAFKA_MSG_F_COPY;
  vus[VU_TIMESTAMP].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  vus[VU_HEADERS].vtype = RD_KAFKA_VTYPE_HEADERS;
}

static bool open_blocks(job *job) {
  const kd_part *part = &job->slot->part;
  kd_input_view *input = &job->writer->input;
  if (kd_output_open(&job->output, part->output, part->output_length) != KD_PACKED_OK) return false;
  if (kd_input_open(input, part->input, part->input_length) != KD_PACKED_OK) return false;
  job->identity = (job->output.flags & KD_OUTPUT_IDENTITY) != 0;
  job->slot->rows = job->identity ? job->output.source_row_count : job->output.row_count;
  /* So a block's size limits the number of rows in both cases. */
  return (uint64_t)job->output.first_source_row + job->output.source_row_count <= input->row_count &&
         (!job->identity || job->output.identity_topic <= UINT16_MAX);
}

void kd_writer_hand_over(kd_writer *writer, kd_slot *slot) {
  job job = {.writer = writer, .slot = slot};
  job.opaque_base = ((uint64_t)(slot - writer->slots) + 1) << 32;
  begin(&job);
  uint32_t settled_here = 0;
  if (!open_blocks(&job)) {
    slot->rows = 1;
    atomic_store_explicit(&slot->remaining, 2, memory_order_relaxed);
    refuse(&job, 0, KD_CODE_BAD_BATCH);
    settled_here = 1;
  } else {
    atomic_store_explicit(&slot->remaining, slot->rows + 1, memory_order_relaxed);
    if (writer->options.receipts)
      kd_notes_begin(&slot->notes, job.identity ? job.output.first_source_row : 0, slot->rows,
                     writer->input.segment_count, job.identity);
    ready_row ready;
    for (uint32_t row = 0; row < slot->rows; row++) {
      if (row % KD_WRITER_CLOCK_ROWS == 0) kd_writer_poll_when_due(writer);
      bool handed = false;
      if (kd_writer_gives_up(writer, slot))
        refuse(&job, job.identity ? job.output.first_source_row + row : row, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
      else
        handed = prepare(&job, row, &ready) && produce(&job, &ready);
      if (!handed) {
        settled_here++;
        if (writer->options.receipts)
          kd_notes_not_sent(&slot->notes, job.identity ? job.output.first_source_row + row : row);
      }
    }
  }
  slot->stale = job.stale;
  atomic_fetch_add_explicit(&writer->produced, job.produced, memory_order_relaxed);
  atomic_fetch_add_explicit(&writer->bytes, job.bytes, memory_order_relaxed);
  kd_writer_count_down(writer, slot, settled_here + 1);
}

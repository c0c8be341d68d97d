/* From the rows of a part to records that are ready to be sent. Everything here runs on the writer's
 * thread. */
#include "writer_job.h"

/* Fills in what the flags take from the source row. */
static bool take_from_source(const kd_job *job, kd_output_record *record) {
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
static bool prepare(kd_job *job, uint32_t row, kd_ready_row *ready) {
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
    if (!kd_output_record_at(&job->output, row, record)) return kd_job_refuse(job, row, KD_CODE_BAD_ROW);
  }
  if (record->source_row >= input->row_count ||
      record->topic >= atomic_load_explicit(&job->writer->topic_count, memory_order_acquire)) {
    return kd_job_refuse(job, ready->row, KD_CODE_BAD_ROW);
  }
  const kd_segment *segment = kd_input_segment_of(input, record->source_row, &job->segment_hint);
  if (segment != job->segment) {
    kd_job_send_runs(job);
    job->segment = segment;
    job->source = kd_table_at(job->writer->table, segment->partition_id);
  }
  if (!job->source || !take_from_source(job, record)) return kd_job_refuse(job, ready->row, KD_CODE_BAD_ROW);
  if (kd_job_is_stale(job)) {
    job->stale++;
    return false;
  }
  ready->topic = job->writer->topics[record->topic];
  ready->timestamp = wire_timestamp(record->timestamp);
  ready->partition = kd_writer_partition(job->slot, job->source, ready->topic, record);
  return ready->partition >= 0 || kd_job_refuse(job, ready->row, ready->partition);
}

static bool open_blocks(kd_job *job) {
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

/* The row's number in failures and notes. */
static uint32_t number_of(const kd_job *job, uint32_t row) {
  return job->identity ? job->output.first_source_row + row : row;
}

static void hand_over_rows(kd_job *job) {
  kd_writer *writer = job->writer;
  kd_ready_row ready;
  for (uint32_t row = 0; row < job->slot->rows; row++) {
    if (row % KD_WRITER_CLOCK_ROWS == 0) kd_writer_poll_when_due(writer);
    if (kd_writer_gives_up(writer, job->slot))
      kd_job_refuse(job, number_of(job, row), RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    else if (prepare(job, row, &ready)) {
      kd_job_send(job, &ready);
      continue;
    }
    kd_job_settled_here(job, number_of(job, row));
  }
  kd_job_send_runs(job);
}

void kd_writer_hand_over(kd_writer *writer, kd_slot *slot) {
  kd_job job = {.writer = writer, .slot = slot};
  job.opaque_base = ((uint64_t)(slot - writer->slots) + 1) << 32;
  if (!open_blocks(&job)) {
    slot->rows = 1;
    atomic_store_explicit(&slot->remaining, 2, memory_order_relaxed);
    kd_job_refuse(&job, 0, KD_CODE_BAD_BATCH);
    job.settled_here = 1;
  } else {
    atomic_store_explicit(&slot->remaining, slot->rows + 1, memory_order_relaxed);
    if (writer->options.receipts)
      kd_notes_begin(&slot->notes, number_of(&job, 0), slot->rows, writer->input.segment_count,
                     job.identity && !writer->options.source_headers);
    hand_over_rows(&job);
  }
  slot->stale = job.stale;
  atomic_fetch_add_explicit(&writer->produced, job.produced, memory_order_relaxed);
  atomic_fetch_add_explicit(&writer->bytes, job.bytes, memory_order_relaxed);
  kd_writer_count_down(writer, slot, job.settled_here + 1);
}

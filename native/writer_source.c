/* Headers that name the source of a result: its topic, partition and offset. Everything here runs on the
 * writer's thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "writer_job.h"

static const char *const NAMES[] = {"kd-source-topic", "kd-source-partition", "kd-source-offset"};
#define NAME_COUNT (sizeof NAMES / sizeof *NAMES)
#define DIGITS_MAX 24u

static bool is_source_header(const kd_header *header) {
  for (size_t i = 0; i < NAME_COUNT; i++)
    if (header->name_length == strlen(NAMES[i]) && memcmp(header->name, NAMES[i], header->name_length) == 0)
      return true;
  return false;
}

static bool make_room(kd_writer *writer, size_t bytes) {
  if (bytes <= writer->headers_max) return true;
  uint8_t *grown = realloc(writer->headers, bytes);
  if (!grown) return false;
  writer->headers = grown;
  writer->headers_max = bytes;
  return true;
}

static uint8_t *put_text(uint8_t *to, const char *name, const char *text) {
  return kd_headers_put(to, name, (uint32_t)strlen(name), text, (uint32_t)strlen(text));
}

/* Malformed headers stay as they are: the row is refused for them. */
void kd_job_add_source(kd_job *job, kd_output_record *record) {
  kd_writer *writer = job->writer;
  kd_input_record source;
  if (record->flags & KD_ROW_DEAD_LETTER || !kd_input_record_at(&writer->input, record->source_row, &source))
    return;
  char partition[DIGITS_MAX], offset[DIGITS_MAX];
  snprintf(partition, sizeof partition, "%d", job->source->partition);
  snprintf(offset, sizeof offset, "%lld", (long long)source.offset);
  const char *const values[] = {job->source->topic->name, partition, offset};
  uint32_t old_length = record->headers ? record->headers_length : 0;
  size_t bytes = old_length;
  for (size_t i = 0; i < NAME_COUNT; i++)
    bytes += KD_HEADER_PREFIX_BYTES + strlen(NAMES[i]) + strlen(values[i]);
  if (bytes > UINT32_MAX || !make_room(writer, bytes)) return;
  uint8_t *to = writer->headers;
  kd_headers_cursor cursor = {.next = record->headers, .left = old_length};
  kd_header header;
  int more;
  /* Those of an earlier run: the source was a result itself. */
  while ((more = kd_headers_next(&cursor, &header)) == 1)
    if (!is_source_header(&header))
      to = kd_headers_put(to, header.name, header.name_length, header.value,
                          header.value_length < 0 ? 0 : (uint32_t)header.value_length);
  if (more < 0) return;
  for (size_t i = 0; i < NAME_COUNT; i++) to = put_text(to, NAMES[i], values[i]);
  record->headers = writer->headers;
  record->headers_length = (uint32_t)(to - writer->headers);
}

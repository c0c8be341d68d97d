/*
 * Latency from end to end at a fixed rate, generator and meter in one process on one clock.
 *   latency -b SERVERS -i INPUT -o OUTPUT -p PARTITIONS -r RECORDS_PER_SECOND -s SECONDS -w WARM_UP_SECONDS
 * [-v VALUE_BYTES] [-k RECORDS] -k: so many records in a row go to one partition [64, as with a producer's
 * sticky batches]. The generator is open-loop: a record carries the time at which it was due, not at which
 * it got out, so a stall counts in full. The time is the second field of an Avro record {id: long, time:
 * long (microseconds), amount: double, name: string, tags: string[3]}; whatever sits between INPUT and
 * OUTPUT must keep it. With OUTPUT = INPUT it measures Kafka and itself alone. Prints one JSON object.
 */
#include <pthread.h>
#include <unistd.h>

#include "common.h"

#define TICK_NS 1000000
#define BUCKET_US 20
#define BUCKETS 1000000
#define GRACE_SECONDS 5.0
#define BATCH_MAX 4000

struct run {
  rd_kafka_t *producer;
  rd_kafka_topic_t *topic;
  int partitions;
  double rate, seconds;
  size_t value_bytes;
  int64_t run_records;
  double begun;
  int64_t sent;
  int done;
};

static size_t put_long(unsigned char *out, int64_t value) {
  uint64_t z = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
  size_t n = 0;
  while (z & ~(uint64_t)0x7f) out[n++] = (unsigned char)((z & 0x7f) | 0x80), z >>= 7;
  out[n++] = (unsigned char)z;
  return n;
}

static size_t get_long(const unsigned char *in, size_t length, int64_t *value) {
  uint64_t z = 0;
  for (size_t i = 0; i < length && i < 10; i++) {
    z |= (uint64_t)(in[i] & 0x7f) << (7 * i);
    if (!(in[i] & 0x80)) {
      *value = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
      return i + 1;
    }
  }
  return 0;
}

static int64_t micros(double seconds) {
  return (int64_t)(seconds * 1e6);
}

static size_t make_value(unsigned char *out, int64_t id, int64_t due, size_t value_bytes) {
  double amount = (double)(id % 100000) / 100;
  size_t n = put_long(out, id);
  n += put_long(out + n, due);
  memcpy(out + n, &amount, 8);
  n += 8;
  size_t each = value_bytes > n + 12 ? (value_bytes - n - 8) / 4 : 1;
  for (int i = 0; i < 4; i++) {
    if (i == 1) n += put_long(out + n, 3);
    n += put_long(out + n, (int64_t)each);
    memset(out + n, 'a' + i, each);
    n += each;
  }
  n += put_long(out + n, 0);
  return n;
}

static void *generate(void *argument) {
  struct run *run = argument;
  unsigned char *value = malloc(run->value_bytes + 128);
  int64_t total = (int64_t)(run->rate * run->seconds);
  while (run->sent < total) {
    double due_all = (now_seconds() - run->begun) * run->rate;
    while (run->sent < total && (double)run->sent < due_all) {
      double due = run->begun + (double)run->sent / run->rate;
      size_t length = make_value(value, run->sent, micros(due), run->value_bytes);
      int32_t partition = (int32_t)(run->sent / run->run_records % run->partitions);
      while (rd_kafka_produce(run->topic, partition, RD_KAFKA_MSG_F_COPY, value, length, NULL, 0, NULL) == -1)
        rd_kafka_poll(run->producer, 1);
      run->sent++;
    }
    rd_kafka_poll(run->producer, 0);
    struct timespec tick = {0, TICK_NS};
    nanosleep(&tick, NULL);
  }
  rd_kafka_flush(run->producer, 60000);
  free(value);
  __atomic_store_n(&run->done, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static rd_kafka_t *start_consumer(const char *servers, const char *topic, int partitions) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", servers);
  set(conf, "group.id", "latency-meter");
  set(conf, "enable.auto.commit", "false");
  set(conf, "fetch.wait.max.ms", "50");
  set(conf, "fetch.queue.backoff.ms", "5");
  rd_kafka_t *rk = create(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(rk);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
  for (int p = 0; p < partitions; p++) {
    int64_t low, high;
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    /* The topic was made a moment ago: its leaders may not all have heard of it. */
    for (int attempt = 0; attempt < 50; attempt++) {
      err = rd_kafka_query_watermark_offsets(rk, topic, p, &low, &high, 10000);
      if (!err) break;
      usleep(100000);
    }
    if (err) die("watermark", rd_kafka_err2str(err));
    rd_kafka_topic_partition_list_add(list, topic, p)->offset = high;
  }
  if (rd_kafka_assign(rk, list)) die("assign", topic);
  rd_kafka_topic_partition_list_destroy(list);
  return rk;
}

static double percentile(const uint32_t *buckets, int64_t count, double share) {
  int64_t rank = (int64_t)((double)count * share), seen = 0;
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += buckets[i]) > rank) return (double)(i + 1) * BUCKET_US / 1000;
  return -1;
}

int main(int argc, char **argv) {
  static rd_kafka_message_t *batch[BATCH_MAX];
  const char *servers = argument(argc, argv, "-b", NULL);
  struct run run = {.partitions = atoi(argument(argc, argv, "-p", NULL)),
                    .rate = atof(argument(argc, argv, "-r", NULL)),
                    .seconds = atof(argument(argc, argv, "-s", NULL))};
  run.value_bytes = (size_t)atol(argument(argc, argv, "-v", "98"));
  run.run_records = atol(argument(argc, argv, "-k", "64"));
  double warm_up = atof(argument(argc, argv, "-w", "2"));
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", servers);
  set(conf, "acks", "all");
  set(conf, "enable.idempotence", "true");
  set(conf, "linger.ms", argument(argc, argv, "-l", "1"));
  set(conf, "delivery.report.only.error", "true");
  run.producer = create(RD_KAFKA_PRODUCER, conf);
  run.topic = rd_kafka_topic_new(run.producer, argument(argc, argv, "-i", NULL), NULL);
  rd_kafka_t *consumer = start_consumer(servers, argument(argc, argv, "-o", NULL), run.partitions);
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
  uint32_t *buckets = calloc(BUCKETS, sizeof *buckets);
  int64_t total = (int64_t)(run.rate * run.seconds), received = 0, measured = 0;
  double worst = 0, quiet_since = 0;
  pthread_t thread;
  run.begun = now_seconds();
  if (pthread_create(&thread, NULL, generate, &run)) die("thread", "cannot be made");
  while (received < total) {
    ssize_t n = rd_kafka_consume_batch_queue(queue, 0, batch, BATCH_MAX);
    if (n == 0 && (batch[0] = rd_kafka_consumer_poll(consumer, 50))) n = 1;
    double now = now_seconds();
    if (n > 0)
      quiet_since = now;
    else if (__atomic_load_n(&run.done, __ATOMIC_SEQ_CST) && now - quiet_since > GRACE_SECONDS)
      break;
    for (ssize_t i = 0; i < n; i++) {
      rd_kafka_message_t *m = batch[i];
      int64_t id, due;
      size_t at = m->err ? 0 : get_long(m->payload, m->len, &id);
      if (at && get_long((unsigned char *)m->payload + at, m->len - at, &due)) {
        received++;
        double late = now - (double)due / 1e6;
        if ((double)due / 1e6 - run.begun >= warm_up) {
          int64_t bucket = (int64_t)(late * 1e6) / BUCKET_US;
          buckets[bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket]++;
          measured++;
          if (late > worst) worst = late;
        }
      }
      rd_kafka_message_destroy(m);
    }
  }
  double ended = now_seconds();
  pthread_join(thread, NULL);
  printf("{\"sent\":%lld,\"received\":%lld,\"measured\":%lld,\"ratePerSecond\":%.0f,\"p50Ms\":%.2f,\"p90Ms\":"
         "%.2f,\"p99Ms\":%.2f,\"p999Ms\":%.2f,\"maxMs\":%.2f,\"seconds\":%.2f,\"cpuSeconds\":%.3f}\n",
         (long long)run.sent, (long long)received, (long long)measured, run.rate,
         percentile(buckets, measured, 0.5), percentile(buckets, measured, 0.9),
         percentile(buckets, measured, 0.99), percentile(buckets, measured, 0.999), worst * 1e3,
         ended - run.begun, cpu_seconds());
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(consumer);
  return received == total ? 0 : 1;
}

/*
 * The floor: what the same job costs in plain C on the same librdkafka with the same settings. One loop, no
 * threads but librdkafka's.
 *   floor consume|pass -b SERVERS -i TOPIC [-o TOPIC] -n RECORDS [-g GROUP] [-C name=value]… [-P name=value]…
 * RECORDS 0: until SIGTERM.
 * pass: every record goes on to the same partition with its key, headers and source timestamp (produceva);
 * idempotent, acks=all, delivery reports polled, offsets committed by the group's auto-commit. Prints one
 * JSON object.
 */
#include <signal.h>

#include "common.h"

#define BATCH_MAX 4000
#define WAIT_MS 100
/* While records are under way their delivery reports have to be fetched, too. */
#define WAIT_REPORTS_MS 5
#define FLUSH_MS 60000

static int64_t delivered, failed;
static volatile sig_atomic_t stopped;

static void on_stop(int signal) {
  (void)signal;
  stopped = 1;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
  (void)rk;
  (void)opaque;
  if (message->err)
    failed++;
  else
    delivered++;
}

static rd_kafka_t *start_consumer(int argc, char **argv, const char *topic) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argument(argc, argv, "-b", NULL));
  set(conf, "group.id", argument(argc, argv, "-g", "floor"));
  set(conf, "auto.offset.reset", "earliest");
  set(conf, "check.crcs", "true");
  set_all(argc, argv, "-C", conf);
  rd_kafka_t *rk = create(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(rk);
  rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
  rd_kafka_resp_err_t err = rd_kafka_subscribe(rk, topics);
  if (err) die("subscribe", rd_kafka_err2str(err));
  rd_kafka_topic_partition_list_destroy(topics);
  return rk;
}

static rd_kafka_t *start_producer(int argc, char **argv) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argument(argc, argv, "-b", NULL));
  set(conf, "enable.idempotence", "true");
  set(conf, "acks", "all");
  set_all(argc, argv, "-P", conf);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  return create(RD_KAFKA_PRODUCER, conf);
}

static void forward(rd_kafka_t *producer, rd_kafka_topic_t *topic, const rd_kafka_message_t *m) {
  rd_kafka_headers_t *headers = NULL;
  rd_kafka_vu_t vus[7];
  size_t n = 0;
  vus[n].vtype = RD_KAFKA_VTYPE_RKT, vus[n++].u.rkt = topic;
  vus[n].vtype = RD_KAFKA_VTYPE_PARTITION, vus[n++].u.i32 = m->partition;
  vus[n].vtype = RD_KAFKA_VTYPE_MSGFLAGS, vus[n++].u.i = RD_KAFKA_MSG_F_COPY;
  vus[n].vtype = RD_KAFKA_VTYPE_VALUE, vus[n].u.mem.ptr = m->payload, vus[n++].u.mem.size = m->len;
  vus[n].vtype = RD_KAFKA_VTYPE_KEY, vus[n].u.mem.ptr = m->key, vus[n++].u.mem.size = m->key_len;
  vus[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP, vus[n++].u.i64 = rd_kafka_message_timestamp(m, NULL);
  if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR && headers)
    vus[n].vtype = RD_KAFKA_VTYPE_HEADERS, vus[n++].u.headers = rd_kafka_headers_copy(headers);
  for (;;) {
    rd_kafka_error_t *error = rd_kafka_produceva(producer, vus, n);
    if (!error) return;
    if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      die("produceva", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    rd_kafka_poll(producer, 1);
  }
}

int main(int argc, char **argv) {
  static rd_kafka_message_t *batch[BATCH_MAX];
  if (argc < 2) die("floor", "consume | pass");
  int pass = !strcmp(argv[1], "pass");
  int64_t wanted = atoll(argument(argc, argv, "-n", NULL));
  rd_kafka_t *consumer = start_consumer(argc, argv, argument(argc, argv, "-i", NULL));
  rd_kafka_t *producer = pass ? start_producer(argc, argv) : NULL;
  rd_kafka_topic_t *topic =
      pass ? rd_kafka_topic_new(producer, argument(argc, argv, "-o", NULL), NULL) : NULL;
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
  int64_t records = 0, bytes = 0;
  double first = 0, begun = now_seconds();
  if (wanted == 0) {
    struct sigaction action = {.sa_handler = on_stop};
    sigaction(SIGTERM, &action, NULL);
    wanted = INT64_MAX;
  }
  while (records < wanted && !stopped) {
    /*
     * Takes what is there; waits only for the first, which ends the wait at once: a batch call with a timeout
     * waits all of it for a full batch.
     */
    ssize_t n = rd_kafka_consume_batch_queue(queue, 0, batch, BATCH_MAX);
    int wait_ms = producer && rd_kafka_outq_len(producer) > 0 ? WAIT_REPORTS_MS : WAIT_MS;
    if (n == 0 && (batch[0] = rd_kafka_consumer_poll(consumer, wait_ms))) n = 1;
    for (ssize_t i = 0; i < n; i++) {
      rd_kafka_message_t *m = batch[i];
      if (m->err) {
        fprintf(stderr, "consumer: %s\n", rd_kafka_message_errstr(m));
      } else if (records < wanted) {
        if (!records++) first = now_seconds();
        bytes += (int64_t)m->len;
        if (pass) forward(producer, topic, m);
      }
      rd_kafka_message_destroy(m);
    }
    if (producer) rd_kafka_poll(producer, 0);
  }
  if (producer && rd_kafka_flush(producer, FLUSH_MS)) die("flush", "not all delivered in time");
  double ended = now_seconds();
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  if (producer) {
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(producer);
  }
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("{\"records\":%lld,\"bytes\":%lld,\"delivered\":%lld,\"failed\":%lld,\"seconds\":%.4f,"
         "\"startSeconds\":%.4f,\"cpuSeconds\":%.4f,\"rssPeakBytes\":%lld}\n",
         (long long)records, (long long)bytes, (long long)delivered, (long long)failed, ended - first,
         first - begun, cpu_seconds(), (long long)u.ru_maxrss * 1024);
  return failed != 0;
}

#include "mock.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>

struct kd_mock {
  rd_kafka_t *client;
  rd_kafka_mock_cluster_t *cluster;
};

static void quiet(const rd_kafka_t *client, int level, const char *facility, const char *text) {
  (void)client;
  (void)level;
  (void)facility;
  (void)text;
}

kd_mock *kd_mock_new(uint32_t brokers, char *errstr, size_t errstr_size) {
  kd_mock *mock = calloc(1, sizeof *mock);
  if (!mock) return NULL;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, quiet);
  mock->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, errstr_size);
  if (!mock->client)
    rd_kafka_conf_destroy(conf);
  else
    mock->cluster = rd_kafka_mock_cluster_new(mock->client, (int)brokers);
  if (mock->cluster) return mock;
  kd_mock_free(mock);
  return NULL;
}

const char *kd_mock_bootstrap_servers(const kd_mock *mock) {
  return rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

int32_t kd_mock_create_topic(kd_mock *mock, const char *name, int32_t partitions,
                             int32_t replication_factor) {
  return rd_kafka_mock_topic_create(mock->cluster, name, partitions, replication_factor);
}

void kd_mock_initial_rebalance_delay_ms(kd_mock *mock, int32_t delay_ms) {
  rd_kafka_mock_group_initial_rebalance_delay_ms(mock->cluster, delay_ms);
}

void kd_mock_push_request_errors(kd_mock *mock, int16_t api_key, const int32_t *codes, size_t count) {
  rd_kafka_resp_err_t errors[KD_MOCK_ERRORS_MAX];
  if (count > KD_MOCK_ERRORS_MAX) count = KD_MOCK_ERRORS_MAX;
  for (size_t i = 0; i < count; i++) errors[i] = (rd_kafka_resp_err_t)codes[i];
  rd_kafka_mock_push_request_errors_array(mock->cluster, api_key, count, errors);
}

void kd_mock_free(kd_mock *mock) {
  if (mock->cluster) rd_kafka_mock_cluster_destroy(mock->cluster);
  if (mock->client) rd_kafka_destroy(mock->client);
  free(mock);
}

bool kd_check_configuration(bool consumer, const kd_property *properties, size_t count, char *errstr,
                            size_t errstr_size) {
  static const char *const LEFT_OUT[] = {"plugin.library.paths", "kd.handle", "bootstrap.servers",
                                         "metadata.broker.list", "log.queue"};
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  for (size_t i = 0; i < count; i++) {
    bool skip = false;
    for (size_t j = 0; j < sizeof LEFT_OUT / sizeof *LEFT_OUT; j++)
      skip = skip || strcmp(properties[i].name, LEFT_OUT[j]) == 0;
    if (skip || rd_kafka_conf_set(conf, properties[i].name, properties[i].value, errstr, errstr_size) ==
                    RD_KAFKA_CONF_OK)
      continue;
    rd_kafka_conf_destroy(conf);
    return false;
  }
  rd_kafka_conf_set_log_cb(conf, quiet);
  rd_kafka_t *client =
      rd_kafka_new(consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf, errstr, errstr_size);
  if (client)
    rd_kafka_destroy(client);
  else
    rd_kafka_conf_destroy(conf);
  return client != NULL;
}

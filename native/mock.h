/* librdkafka's mock cluster, with its own client. For the demo and for tests. */
#ifndef KD_MOCK_H
#define KD_MOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KD_MOCK_BROKERS_MAX 16u
#define KD_MOCK_ERRORS_MAX 1000u

typedef struct kd_mock kd_mock;

kd_mock *kd_mock_new(uint32_t brokers, char *errstr, size_t errstr_size);
const char *kd_mock_bootstrap_servers(const kd_mock *mock);
/* 0, or librdkafka's error code. */
int32_t kd_mock_create_topic(kd_mock *mock, const char *name, int32_t partitions, int32_t replication_factor);
void kd_mock_initial_rebalance_delay_ms(kd_mock *mock, int32_t delay_ms);
void kd_mock_push_request_errors(kd_mock *mock, int16_t api_key, const int32_t *codes, size_t count);
void kd_mock_free(kd_mock *mock);

/* Creates a client with these properties (except bootstrap servers and the plugin) and destroys it, to
 * find out whether librdkafka accepts them. With a plugin loaded, a client that can't be created crashes
 * the process: librdkafka up to 2.12 frees the interceptors twice. */
typedef struct {
  const char *name, *value;
} kd_property;
bool kd_check_configuration(bool consumer, const kd_property *properties, size_t count, char *errstr,
                            size_t errstr_size);

#endif

/* Shared by the programs of this folder: arguments, clocks, librdkafka handles. */
#ifndef KD_FLOOR_COMMON_H
#define KD_FLOOR_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "rdkafka.h"

static inline void die(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static inline double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* User and system time of the whole process, all threads. */
static inline double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static inline void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) die(name, error);
}

/* "name=value" */
static inline void set_pair(rd_kafka_conf_t *conf, const char *pair) {
  char name[256];
  const char *equals = strchr(pair, '=');
  if (!equals || (size_t)(equals - pair) >= sizeof name) die(pair, "not name=value");
  memcpy(name, pair, (size_t)(equals - pair));
  name[equals - pair] = 0;
  set(conf, name, equals + 1);
}

static inline rd_kafka_t *create(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
  char error[512];
  rd_kafka_t *rk = rd_kafka_new(type, conf, error, sizeof error);
  if (!rk) die("rd_kafka_new", error);
  return rk;
}

static inline const char *argument(int argc, char **argv, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < argc; i++)
    if (!strcmp(argv[i], name)) return argv[i + 1];
  if (!otherwise) die(name, "is missing");
  return otherwise;
}

/* Every `-C name=value` (consumer) or `-P name=value` (producer). */
static inline void set_all(int argc, char **argv, const char *option, rd_kafka_conf_t *conf) {
  for (int i = 1; i + 1 < argc; i++)
    if (!strcmp(argv[i], option)) set_pair(conf, argv[i + 1]);
}

#endif

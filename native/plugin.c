#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handles.h"
#include "live.h"
#include "writer.h"
#include "writer_stamps.h"

#define INTERCEPTOR "kafka-dispatcher"

struct kd_handle {
  int64_t id;
  /* Usable until on_destroy has returned, which waits for all users. */
  rd_kafka_t *client;
  bool consumer;
  /* librdkafka has begun to destroy it: it is not given out any more. */
  bool leaving;
  bool attached;
  bool detaching;
  uint32_t users;
  rd_kafka_queue_t *log;
  kd_handle_on_destroy on_destroy;
  void *on_destroy_opaque;
  /* Set once, read by broker threads. */
  _Atomic(kd_writer *) writer;
  struct kd_handle *next;
};

/*
 * One per rd_kafka_conf_t; a duplicated configuration runs conf_init again and gets its own, and kd.handle is
 * replayed on it.
 */
typedef struct {
  int64_t id;
  kd_handle *handle;
} conf_state;

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t registry_changed = PTHREAD_COND_INITIALIZER;
static kd_handle *registry;
static _Atomic int64_t last_id;
static _Atomic long live[KD_LIVE_KINDS];

void kd_live_add(kd_live_kind kind, long n) {
  atomic_fetch_add(&live[kind], n);
}

long kd_live_count(kd_live_kind kind) {
  return atomic_load(&live[kind]);
}

int64_t kd_handle_new_id(void) {
  return atomic_fetch_add(&last_id, 1) + 1;
}

rd_kafka_t *kd_handle_client(const kd_handle *handle) {
  return handle->client;
}

bool kd_handle_is_consumer(const kd_handle *handle) {
  return handle->consumer;
}

void kd_handle_serve_log(kd_handle *handle) {
  if (!handle->log) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle->client);
    if (rd_kafka_set_log_queue(handle->client, queue)) {
      rd_kafka_queue_destroy(queue);
      return;
    }
    handle->log = queue;
  }
  rd_kafka_queue_poll_callback(handle->log, 0);
}

/* The caller holds the lock. */
static kd_handle *find(int64_t id) {
  kd_handle *handle = registry;
  while (handle && (handle->id != id || handle->leaving)) handle = handle->next;
  return handle;
}

kd_handle *kd_handle_acquire(int64_t id) {
  pthread_mutex_lock(&registry_lock);
  kd_handle *handle = find(id);
  if (handle) handle->users++;
  pthread_mutex_unlock(&registry_lock);
  return handle;
}

void kd_handle_release(kd_handle *handle) {
  pthread_mutex_lock(&registry_lock);
  if (--handle->users == 0) pthread_cond_broadcast(&registry_changed);
  pthread_mutex_unlock(&registry_lock);
}

kd_handle *kd_handle_attach(int64_t id, kd_handle_on_destroy on_destroy, void *opaque) {
  pthread_mutex_lock(&registry_lock);
  kd_handle *handle = find(id);
  if (handle && (handle->attached || handle->detaching)) handle = NULL;
  if (handle) {
    handle->attached = true;
    handle->on_destroy = on_destroy;
    handle->on_destroy_opaque = opaque;
  }
  pthread_mutex_unlock(&registry_lock);
  return handle;
}

void kd_handle_detach(kd_handle *handle) {
  pthread_mutex_lock(&registry_lock);
  handle->attached = false;
  pthread_cond_broadcast(&registry_changed);
  pthread_mutex_unlock(&registry_lock);
}

void kd_handle_wait_on_destroy(int64_t id) {
  pthread_mutex_lock(&registry_lock);
  for (kd_handle *handle = registry; handle;) {
    if (handle->id == id && handle->detaching) {
      pthread_cond_wait(&registry_changed, &registry_lock);
      handle = registry;
    } else {
      handle = handle->next;
    }
  }
  pthread_mutex_unlock(&registry_lock);
}

bool kd_handle_set_writer(kd_handle *handle, kd_writer *writer) {
  kd_writer *none = NULL;
  if (!atomic_compare_exchange_strong(&handle->writer, &none, writer)) return false;
  kd_writer_keep(writer);
  return true;
}

/* ---- interceptors ---- */

/* Called on broker threads, on the writer's thread inside a refused produce call, and on the main thread
 * at a purge: once for every message. */
static rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t *client, rd_kafka_message_t *message, void *opaque) {
  (void)client;
  kd_handle *handle = opaque;
  kd_writer *writer = atomic_load_explicit(&handle->writer, memory_order_acquire);
  if (writer) kd_writer_acknowledge(writer, message);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Called on the writer's thread, for each message before it is queued. */
static rd_kafka_resp_err_t on_send(rd_kafka_t *client, rd_kafka_message_t *message, void *opaque) {
  (void)client;
  (void)opaque;
  kd_stamps_on_send(message);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Called on librdkafka's main thread before anything is torn down; after a failed rd_kafka_new() it is
 * called twice. From here on the client is not given out any more; waits for its users. */
static rd_kafka_resp_err_t on_destroy(rd_kafka_t *client, void *opaque) {
  (void)client;
  kd_handle *handle = opaque;
  pthread_mutex_lock(&registry_lock);
  handle->leaving = true;
  if (handle->attached && !handle->detaching) {
    handle->detaching = true;
    kd_handle_on_destroy detach = handle->on_destroy;
    void *detach_opaque = handle->on_destroy_opaque;
    pthread_mutex_unlock(&registry_lock);
    detach(detach_opaque);
    pthread_mutex_lock(&registry_lock);
    handle->detaching = false;
    handle->attached = false;
    pthread_cond_broadcast(&registry_changed);
  }
  while (handle->users > 0) pthread_cond_wait(&registry_changed, &registry_lock);
  pthread_mutex_unlock(&registry_lock);
  if (handle->log) {
    rd_kafka_queue_poll_callback(handle->log, 0);
    rd_kafka_queue_destroy(handle->log);
    handle->log = NULL;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *opaque, char *errstr,
                                  size_t errstr_size) {
  (void)conf;
  conf_state *state = opaque;
  if (state->id == 0) return RD_KAFKA_RESP_ERR_NO_ERROR;
  kd_handle *handle = calloc(1, sizeof *handle);
  if (!handle) return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
  handle->id = state->id;
  handle->client = client;
  handle->consumer = rd_kafka_type(client) == RD_KAFKA_CONSUMER;
  pthread_mutex_lock(&registry_lock);
  bool taken = find(state->id) != NULL;
  if (!taken) {
    handle->next = registry;
    registry = handle;
    state->handle = handle;
  }
  pthread_mutex_unlock(&registry_lock);
  if (taken) {
    free(handle);
    snprintf(errstr, errstr_size,
             KD_HANDLE_PROPERTY "=%" PRId64
                                " names a client that is still alive: take a new number for each client",
             state->id);
    return RD_KAFKA_RESP_ERR__CONFLICT;
  }
  kd_live_add(KD_LIVE_HANDLES, 1);
  rd_kafka_interceptor_add_on_destroy(client, INTERCEPTOR, on_destroy, handle);
  if (!handle->consumer) {
    rd_kafka_interceptor_add_on_send(client, INTERCEPTOR, on_send, handle);
    rd_kafka_interceptor_add_on_acknowledgement(client, INTERCEPTOR, on_acknowledgement, handle);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_conf_res_t on_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                                       char *errstr, size_t errstr_size, void *opaque) {
  (void)conf;
  conf_state *state = opaque;
  if (strcmp(name, KD_HANDLE_PROPERTY) != 0) return RD_KAFKA_CONF_UNKNOWN;
  char *end = NULL;
  errno = 0;
  long long id = value ? strtoll(value, &end, 10) : 0;
  if (id <= 0 || errno || *end) {
    if (errstr && errstr_size) snprintf(errstr, errstr_size, KD_HANDLE_PROPERTY " must be a positive number");
    return RD_KAFKA_CONF_INVALID;
  }
  state->id = id;
  return RD_KAFKA_CONF_OK;
}

/* The very last call for a client (its configuration is freed with it): no thread of librdkafka that could
 * report a delivery is left. */
static rd_kafka_resp_err_t on_conf_destroy(void *opaque) {
  conf_state *state = opaque;
  kd_handle *handle = state->handle;
  free(state);
  if (!handle) return RD_KAFKA_RESP_ERR_NO_ERROR;
  pthread_mutex_lock(&registry_lock);
  kd_handle **link = &registry;
  while (*link && *link != handle) link = &(*link)->next;
  if (*link) *link = handle->next;
  pthread_mutex_unlock(&registry_lock);
  kd_writer *writer = atomic_load(&handle->writer);
  if (writer) kd_writer_release(writer);
  free(handle);
  kd_live_add(KD_LIVE_HANDLES, -1);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t conf_init(rd_kafka_conf_t *conf, void **plug_opaquep, char *errstr, size_t errstr_size) {
  if (rd_kafka_version() >> 16 != RD_KAFKA_VERSION >> 16) {
    snprintf(errstr, errstr_size,
             INTERCEPTOR " was built for librdkafka %#x, this is %#x: build the addon again (npm run native)",
             RD_KAFKA_VERSION, rd_kafka_version());
    return RD_KAFKA_RESP_ERR__INVALID_ARG;
  }
  conf_state *state = calloc(1, sizeof *state);
  if (!state) return RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
  *plug_opaquep = state;
  rd_kafka_conf_interceptor_add_on_conf_set(conf, INTERCEPTOR, on_conf_set, state);
  rd_kafka_conf_interceptor_add_on_new(conf, INTERCEPTOR, on_new, state);
  rd_kafka_conf_interceptor_add_on_conf_destroy(conf, INTERCEPTOR, on_conf_destroy, state);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* How the data plane gets node-rdkafka's rd_kafka_t: librdkafka loads the addon as a plugin and calls this
 * file's conf_init(). `plugin.library.paths` must be set first, `kd.handle` (a number from
 * kd_handle_new_id) right after it.
 *
 * A handle may be destroyed at any moment on another thread (disconnect runs in a thread pool). So rk is
 * only used between acquire and release, or by an attachment, whose `detach` runs, and is waited for,
 * before librdkafka destroys anything. */
#ifndef KD_HANDLES_H
#define KD_HANDLES_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#define KD_HANDLE_PROPERTY "kd.handle"

typedef struct kd_handle kd_handle;
struct kd_writer;

int64_t kd_handle_new_id(void);

/* NULL: no such handle, or it is being destroyed. Every acquire needs a release. */
kd_handle *kd_handle_acquire(int64_t id);
void kd_handle_release(kd_handle *handle);
/* Never NULL, and alive while the handle is acquired or attached: its destruction waits. */
rd_kafka_t *kd_handle_client(const kd_handle *handle);
bool kd_handle_is_consumer(const kd_handle *handle);

/* Passes the waiting log lines of a client with `log.queue` to its log callback, on this thread; one
 * thread only. The remaining lines are passed on when the client is destroyed. Call it only after the
 * client was created, which its owner knows. */
void kd_handle_serve_log(kd_handle *handle);

/* One attachment at a time. From then on the client stays usable until kd_handle_detach, or until
 * `on_destroy` has returned. on_destroy is called on librdkafka's thread if the client is destroyed first,
 * and must stop every use of it. NULL: no such handle, or it has an attachment already. */
typedef void (*kd_handle_on_destroy)(void *opaque);
kd_handle *kd_handle_attach(int64_t id, kd_handle_on_destroy on_destroy, void *opaque);
void kd_handle_detach(kd_handle *handle);
/* Waits until a running on_destroy of this number has returned: only then may its `opaque` be freed. */
void kd_handle_wait_on_destroy(int64_t id);

/* Sets the writer that gets the acknowledgements. Broker threads may report deliveries until the client is
 * completely destroyed, which is after on_destroy, so the handle keeps a reference to the writer until
 * then. False: it has one already. */
bool kd_handle_set_writer(kd_handle *handle, struct kd_writer *writer);

/* The plugin's entry, also called directly by C programs. */
__attribute__((visibility("default"))) rd_kafka_resp_err_t conf_init(rd_kafka_conf_t *conf,
                                                                     void **plug_opaquep, char *errstr,
                                                                     size_t errstr_size);

#endif

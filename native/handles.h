/*
 * How the data plane gets hold of another library's rd_kafka_t: this file's conf_init() is called by
 * librdkafka, which loads the addon as a plugin. `plugin.library.paths` must be set first, `kd.handle` (a
 * number from kd_handle_new_id) right after it.
 *
 * A handle may die at any moment on another thread (disconnect runs in a thread pool). So rk is used only
 * between acquire and release, or by someone attached, whose `detach` runs, and is waited for, before
 * librdkafka destroys anything.
 */
#ifndef KD_HANDLES_H
#define KD_HANDLES_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#define KD_HANDLE_PROPERTY "kd.handle"

typedef struct kd_handle kd_handle;
struct kd_writer;

int64_t kd_handle_new_id(void);

/* NULL: no such handle, or it is going away. Every acquire needs a release. */
kd_handle *kd_handle_acquire(int64_t id);
void kd_handle_release(kd_handle *handle);
/* Never NULL, and alive, while the handle is acquired or attached: its destruction waits. */
rd_kafka_t *kd_handle_client(const kd_handle *handle);
bool kd_handle_is_consumer(const kd_handle *handle);

/*
 * Hands what waits in the log of a client with `log.queue` to its log callback, on this thread; one thread
 * only. The rest is handed over when the client is destroyed, to whoever still listens then. Not before the
 * client is whole, which its owner knows.
 */
void kd_handle_serve_log(kd_handle *handle);

/*
 * One attachment at a time. From then on the client stays usable until kd_handle_detach, or until
 * `on_destroy` has returned: it is called when the client is destroyed first, on librdkafka's thread, and
 * must stop every use of it. NULL: no such handle, or one is attached already.
 */
typedef void (*kd_handle_on_destroy)(void *opaque);
kd_handle *kd_handle_attach(int64_t id, kd_handle_on_destroy on_destroy, void *opaque);
void kd_handle_detach(kd_handle *handle);
/*
 * Waits until an on_destroy under way for this number has returned: only then may what it was given be freed.
 */
void kd_handle_wait_on_destroy(int64_t id);

/*
 * Whose acknowledgements these are. Broker threads may report deliveries until the client is wholly gone,
 * which is after on_destroy: the handle keeps a reference to the writer until then. False: it has one
 * already.
 */
bool kd_handle_set_writer(kd_handle *handle, struct kd_writer *writer);

/* The plugin's entry, also called directly by C programs. */
__attribute__((visibility("default"))) rd_kafka_resp_err_t conf_init(rd_kafka_conf_t *conf,
                                                                     void **plug_opaquep, char *errstr,
                                                                     size_t errstr_size);

#endif

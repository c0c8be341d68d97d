/* Node-API glue: arguments, classes, events to JavaScript. The cores (reader, writer, table, mock) do not
 * depend on it. */
#ifndef KD_ADDON_H
#define KD_ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "partition_table.h"

#define KD_NAME_BYTES_MAX 1024u

/* Ends the function with NULL and the pending exception of a failed Node-API call. */
#define KD_TRY(env, call)                                                                                    \
  do {                                                                                                       \
    if ((call) != napi_ok) return kd_throw_last(env);                                                        \
  } while (0)

napi_value kd_throw_last(napi_env env);
napi_value kd_throw(napi_env env, const char *code, const char *message);
napi_value kd_throw_range(napi_env env, const char *message);
napi_value kd_throw_type(napi_env env, const char *message);

/* Reads argument values; false: an exception is pending. */
bool kd_get_integer(napi_env env, napi_value value, double min, double max, const char *name, int64_t *to);
bool kd_get_text(napi_env env, napi_value value, char *to, size_t size, const char *name);
bool kd_get_bytes(napi_env env, napi_value value, uint8_t **bytes, size_t *length);
bool kd_get_option(napi_env env, napi_value options, const char *name, double max, int64_t *to);
bool kd_get_flag(napi_env env, napi_value options, const char *name, bool *to);

/* `argc` is the number of required arguments; fewer are a TypeError. Also returns the pointer stored by
 * kd_wrap, checked by its tag; NULL: an exception is pending. */
bool kd_arguments(napi_env env, napi_callback_info info, size_t argc, napi_value *argv, napi_value *self);
void *kd_unwrap(napi_env env, napi_value object, const napi_type_tag *tag);
bool kd_wrap(napi_env env, napi_value object, void *native, napi_finalize finalize, const napi_type_tag *tag);
bool kd_set(napi_env env, napi_value object, const char *name, napi_value value);
bool kd_set_number(napi_env env, napi_value object, const char *name, double value);
/* Calls the listener; an exception from it is uncaught, as in any other event of Node. */
void kd_call_listener(napi_env env, napi_value listener, size_t argc, napi_value *argv);

extern const napi_type_tag kd_table_tag;
kd_table *kd_unwrap_table(napi_env env, napi_value object);

napi_status kd_define_table(napi_env env, napi_value exports);
napi_status kd_define_mock(napi_env env, napi_value exports);
napi_status kd_define_reader(napi_env env, napi_value exports);
napi_status kd_define_writer(napi_env env, napi_value exports);
napi_status kd_define_offsets(napi_env env, napi_value exports);
napi_status kd_define_admin(napi_env env, napi_value exports);
napi_status kd_define_question(napi_env env, napi_value exports);
napi_status kd_define_receipt(napi_env env, napi_value exports);
napi_status kd_define_notify(napi_env env, napi_value exports);

#define KD_METHOD(name, function)                                                                            \
  { name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL }

#endif

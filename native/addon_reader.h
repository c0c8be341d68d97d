/* Shared by addon_reader.c (life and events) and addon_reader_calls.c (methods). */
#ifndef KD_ADDON_READER_H
#define KD_ADDON_READER_H

#include <stdatomic.h>

#include "addon.h"
#include "reader.h"

extern const napi_type_tag kd_reader_tag;

typedef struct {
  uint32_t id;
  napi_ref array;
} kd_kept_block;

typedef struct {
  napi_env env;
  /* References from the JavaScript object and the threadsafe function; the last finalizer frees. Main
   * thread only. */
  int owners;
  /* NULL once 'stopped' was delivered. */
  kd_reader *reader;
  kd_reader_stats last_stats;
  napi_threadsafe_function events;
  /* Strong from start() to 'stopped': a running reader is not collected. */
  napi_ref self;
  _Atomic int waiting_errors;
  /* Keeps the memory of blocks alive that C uses. */
  kd_kept_block *kept;
  uint32_t kept_count, kept_max;
} kd_js_reader;

napi_value kd_js_reader_new(napi_env env, napi_callback_info info);
void kd_js_reader_let_go_of_block(kd_js_reader *holder, uint32_t id);

#endif

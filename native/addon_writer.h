/* Shared by addon_writer.c (life and events) and addon_writer_calls.c (methods). */
#ifndef KD_ADDON_WRITER_H
#define KD_ADDON_WRITER_H

#include "addon.h"
#include "writer.h"

extern const napi_type_tag kd_writer_tag;

/* The token that JavaScript gets back with a part, and references that keep its blocks alive until then. */
typedef struct kd_js_part {
  double batch_id, part;
  napi_ref input, output;
  struct kd_js_part *previous, *next;
} kd_js_part;

typedef struct {
  napi_env env;
  int owners;
  /* NULL once 'stopped' was delivered. */
  kd_writer *writer;
  kd_writer_stats last_stats;
  napi_threadsafe_function events;
  napi_ref self;
  kd_js_part *parts;
} kd_js_writer;

napi_value kd_js_writer_new(napi_env env, napi_callback_info info);
void kd_js_writer_let_go_of_part(kd_js_writer *holder, kd_js_part *part);

#endif

#include <math.h>
#include <stdio.h>

#include "addon.h"

napi_value kd_throw_last(napi_env env) {
  bool pending = false;
  const napi_extended_error_info *info = NULL;
  napi_get_last_error_info(env, &info);
  napi_is_exception_pending(env, &pending);
  if (!pending)
    napi_throw_error(env, NULL, info && info->error_message ? info->error_message : "Node-API call failed");
  return NULL;
}

napi_value kd_throw(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message);
  return NULL;
}

napi_value kd_throw_range(napi_env env, const char *message) {
  napi_throw_range_error(env, NULL, message);
  return NULL;
}

napi_value kd_throw_type(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

bool kd_get_integer(napi_env env, napi_value value, double min, double max, const char *name, int64_t *to) {
  double number;
  char message[160];
  if (napi_get_value_double(env, value, &number) == napi_ok && number == floor(number) && number >= min &&
      number <= max) {
    *to = (int64_t)number;
    return true;
  }
  snprintf(message, sizeof message, "%s must be an integer from %.0f to %.0f", name, min, max);
  kd_throw_range(env, message);
  return false;
}

bool kd_get_text(napi_env env, napi_value value, char *to, size_t size, const char *name) {
  size_t length;
  char message[160];
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) == napi_ok && length < size &&
      napi_get_value_string_utf8(env, value, to, size, &length) == napi_ok) {
    return true;
  }
  snprintf(message, sizeof message, "%s must be a text of less than %zu bytes", name, size);
  kd_throw_type(env, message);
  return false;
}

bool kd_get_bytes(napi_env env, napi_value value, uint8_t **bytes, size_t *length) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  void *data = NULL;
  napi_is_typedarray(env, value, &is_typed_array);
  if (is_typed_array && napi_get_typedarray_info(env, value, &type, length, &data, NULL, NULL) == napi_ok &&
      type == napi_uint8_array && data) {
    *bytes = data;
    return true;
  }
  kd_throw_type(env, "a block must be a Uint8Array that is not empty");
  return false;
}

bool kd_get_option(napi_env env, napi_value options, const char *name, double max, int64_t *to) {
  napi_value value;
  if (napi_get_named_property(env, options, name, &value) != napi_ok) {
    kd_throw_type(env, "options must be an object");
    return false;
  }
  return kd_get_integer(env, value, 0, max, name, to);
}

bool kd_get_flag(napi_env env, napi_value options, const char *name, bool *to) {
  napi_value value;
  if (napi_get_named_property(env, options, name, &value) == napi_ok &&
      napi_get_value_bool(env, value, to) == napi_ok)
    return true;
  kd_throw_type(env, "options: a boolean is missing");
  return false;
}

bool kd_arguments(napi_env env, napi_callback_info info, size_t argc, napi_value *argv, napi_value *self) {
  size_t given = argc;
  if (napi_get_cb_info(env, info, &given, argv, self, NULL) == napi_ok && given >= argc) return true;
  kd_throw_type(env, "too few arguments");
  return false;
}

void *kd_unwrap(napi_env env, napi_value object, const napi_type_tag *tag) {
  bool matches = false;
  void *native = NULL;
  if (napi_check_object_type_tag(env, object, tag, &matches) == napi_ok && matches &&
      napi_unwrap(env, object, &native) == napi_ok)
    return native;
  kd_throw_type(env, "called on an object of another class");
  return NULL;
}

bool kd_wrap(napi_env env, napi_value object, void *native, napi_finalize finalize,
             const napi_type_tag *tag) {
  return napi_type_tag_object(env, object, tag) == napi_ok &&
         napi_wrap(env, object, native, finalize, NULL, NULL) == napi_ok;
}

bool kd_set(napi_env env, napi_value object, const char *name, napi_value value) {
  return napi_set_named_property(env, object, name, value) == napi_ok;
}

bool kd_set_number(napi_env env, napi_value object, const char *name, double value) {
  napi_value number;
  return napi_create_double(env, value, &number) == napi_ok && kd_set(env, object, name, number);
}

void kd_call_listener(napi_env env, napi_value listener, size_t argc, napi_value *argv) {
  napi_value undefined, error;
  bool pending = false;
  napi_get_undefined(env, &undefined);
  napi_call_function(env, undefined, listener, argc, argv, NULL);
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error);
  }
}

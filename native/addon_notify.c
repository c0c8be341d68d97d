/* `notifyService`: a message to the service manager. */
#include <string.h>

#include "addon.h"
#include "notify.h"

#define ADDRESS_BYTES_MAX 4096u

static napi_value notify_service(napi_env env, napi_callback_info info) {
  napi_value argv[2], self, result;
  char address[ADDRESS_BYTES_MAX], message[KD_NOTIFY_BYTES_MAX + 1];
  if (!kd_arguments(env, info, 2, argv, &self) ||
      !kd_get_text(env, argv[0], address, sizeof address, "address") ||
      !kd_get_text(env, argv[1], message, sizeof message, "message"))
    return NULL;
  int error = kd_notify(address, message, strlen(message));
  KD_TRY(env, napi_create_int32(env, error, &result));
  return result;
}

napi_status kd_define_notify(napi_env env, napi_value exports) {
  const napi_property_descriptor method = KD_METHOD("notifyService", notify_service);
  return napi_define_properties(env, exports, 1, &method);
}

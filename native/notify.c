/* Node can't open datagram sockets of the Unix kind, and systemd believes only the main process
 * (NotifyAccess=main), so a helper program could not send the messages. */
#define _GNU_SOURCE
#include "notify.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Fills in the address; returns its length, or 0 with `*error` set. */
static socklen_t address_of(const char *text, struct sockaddr_un *to, int *error) {
  size_t length = strlen(text);
  bool is_abstract = text[0] == '@';
  if (length < 2 || (!is_abstract && text[0] != '/')) {
    *error = EINVAL;
    return 0;
  }
  if (length >= sizeof to->sun_path) {
    *error = ENAMETOOLONG;
    return 0;
  }
  memset(to, 0, sizeof *to);
  to->sun_family = AF_UNIX;
  memcpy(to->sun_path, text, length);
  /* An abstract name begins with a zero and has its length for an end; a path ends with a zero. */
  if (is_abstract) to->sun_path[0] = '\0';
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (is_abstract ? 0 : 1));
}

int kd_notify(const char *address, const char *message, size_t length) {
  struct sockaddr_un to;
  int error = 0;
  if (length == 0 || length > KD_NOTIFY_BYTES_MAX) return EMSGSIZE;
  socklen_t to_length = address_of(address, &to, &error);
  if (to_length == 0) return error;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  ssize_t sent;
  do {
    sent = sendto(fd, message, length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, to_length);
  } while (sent < 0 && errno == EINTR);
  error = sent < 0 ? errno : 0;
  close(fd);
  return error;
}

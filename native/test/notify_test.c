/* Messages to a service manager, played by sockets of this program. */
#define _GNU_SOURCE
#include "../notify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"

static char folder[] = "/tmp/kd-notify-XXXXXX";

static int count_descriptors(void) {
  int count = 0;
  DIR *list = opendir("/proc/self/fd");
  CHECK(list);
  while (readdir(list)) count++;
  closedir(list);
  return count;
}

static int receiver(const char *name, size_t length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  CHECK(fd >= 0 && length <= sizeof address.sun_path);
  memcpy(address.sun_path, name, length);
  CHECK(bind(fd, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0);
  return fd;
}

static void check_received(int fd, const char *expected) {
  char text[KD_NOTIFY_BYTES_MAX + 1];
  ssize_t length = recv(fd, text, sizeof text, MSG_DONTWAIT);
  CHECK(length == (ssize_t)strlen(expected) && memcmp(text, expected, (size_t)length) == 0);
}

static int notify(const char *address, const char *message) {
  return kd_notify(address, message, strlen(message));
}

static void a_path_and_an_abstract_name_are_reached(void) {
  char path[64], name[64];
  snprintf(path, sizeof path, "%s/notify", folder);
  int by_path = receiver(path, strlen(path) + 1);
  CHECK(notify(path, "READY=1\nSTATUS=running") == 0);
  check_received(by_path, "READY=1\nSTATUS=running");
  close(by_path);
  unlink(path);
  CHECK(notify(path, "READY=1") == ENOENT);
  snprintf(name, sizeof name, "@kd-notify-%d", (int)getpid());
  CHECK(notify(name, "READY=1") == ECONNREFUSED);
  name[0] = '\0';
  int by_name = receiver(name, strlen(name + 1) + 1);
  name[0] = '@';
  CHECK(notify(name, "WATCHDOG=1") == 0);
  check_received(by_name, "WATCHDOG=1");
  close(by_name);
}

static void the_longest_names_fit_and_longer_ones_are_refused(void) {
  char name[300];
  memset(name, 'n', sizeof name);
  name[0] = '\0';
  size_t longest = sizeof((struct sockaddr_un *)0)->sun_path - 1;
  int fd = receiver(name, longest);
  name[0] = '@';
  name[longest] = '\0';
  CHECK(notify(name, "READY=1") == 0);
  check_received(fd, "READY=1");
  close(fd);
  name[longest] = 'n';
  for (size_t length = longest + 1; length < sizeof name; length++) {
    name[length] = '\0';
    name[0] = '@';
    CHECK(notify(name, "READY=1") == ENAMETOOLONG);
    name[0] = '/';
    CHECK(notify(name, "READY=1") == ENAMETOOLONG);
    name[length] = 'n';
  }
}

static void what_is_no_address_or_no_message_is_refused(void) {
  static const char *const BAD[] = {"", "/", "@", "relative", "vsock:2:9", " /tmp/x"};
  static char big[KD_NOTIFY_BYTES_MAX + 1];
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) CHECK(notify(BAD[i], "READY=1") == EINVAL);
  CHECK(kd_notify("@x", "", 0) == EMSGSIZE);
  CHECK(kd_notify("@x", big, sizeof big) == EMSGSIZE);
}

/* A service manager that is busy must not stop the loop of the process. */
static void a_receiver_that_does_not_read_is_not_waited_for(void) {
  char path[64];
  int result = 0, sent = 0;
  snprintf(path, sizeof path, "%s/busy", folder);
  int fd = receiver(path, strlen(path) + 1);
  while (sent < 100000 && (result = notify(path, "WATCHDOG=1")) == 0) sent++;
  CHECK(sent > 0 && result == EAGAIN);
  check_received(fd, "WATCHDOG=1");
  CHECK(notify(path, "WATCHDOG=1") == 0);
  close(fd);
  unlink(path);
}

int main(void) {
  CHECK(mkdtemp(folder));
  int before = count_descriptors();
  a_path_and_an_abstract_name_are_reached();
  the_longest_names_fit_and_longer_ones_are_refused();
  what_is_no_address_or_no_message_is_refused();
  a_receiver_that_does_not_read_is_not_waited_for();
  CHECK(count_descriptors() == before);
  CHECK(rmdir(folder) == 0);
  return 0;
}

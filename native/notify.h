/* Messages to a service manager: the protocol of sd_notify(3). */
#ifndef KD_NOTIFY_H
#define KD_NOTIFY_H

#include <stddef.h>

#define KD_NOTIFY_BYTES_MAX 2048u

/*
 * Sends `message`, lines such as "READY=1", as one datagram to `address`, the value of NOTIFY_SOCKET: a
 * path, or "@name" for an abstract socket. Never waits. Returns 0 or an errno: EINVAL for an address that is
 * neither, ENAMETOOLONG, EMSGSIZE for an empty message or one of more than KD_NOTIFY_BYTES_MAX bytes, EAGAIN
 * if the receiver does not keep up.
 */
int kd_notify(const char *address, const char *message, size_t length);

#endif

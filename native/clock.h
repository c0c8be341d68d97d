/* Monotonic time for the waits of both threads. They wait on conditions made by kd_condition_init, never
 * by the wall clock. */
#ifndef KD_CLOCK_H
#define KD_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

static inline int64_t kd_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void kd_condition_init(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

/* 0 when signalled, ETIMEDOUT after `timeout_ms`. */
static inline int kd_condition_wait_ms(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t timeout_ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += timeout_ms / 1000;
  until.tv_nsec += (timeout_ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  return pthread_cond_timedwait(condition, lock, &until);
}

#endif

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

/* The above is only as fine as the kernel's tick (up to 4 ms); this is exact. */
static inline int64_t kd_now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline void kd_condition_init(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

/* 0 when signalled, ETIMEDOUT at `until_us` of kd_now_us(). */
static inline int kd_condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                                          int64_t until_us) {
  struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
  return pthread_cond_timedwait(condition, lock, &until);
}

/* 0 when signalled, ETIMEDOUT after `timeout_ms`. */
static inline int kd_condition_wait_ms(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t timeout_ms) {
  return kd_condition_wait_until(condition, lock, kd_now_us() + timeout_ms * 1000);
}

#endif

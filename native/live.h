/* Counts of live objects in the process; all zero when everything is closed. For leak tests. */
#ifndef KD_LIVE_H
#define KD_LIVE_H

typedef enum {
  KD_LIVE_HANDLES,
  KD_LIVE_READERS,
  KD_LIVE_WRITERS,
  KD_LIVE_TABLES,
  KD_LIVE_HELD_MESSAGES,
  KD_LIVE_KINDS
} kd_live_kind;

void kd_live_add(kd_live_kind kind, long n);
long kd_live_count(kd_live_kind kind);

#endif

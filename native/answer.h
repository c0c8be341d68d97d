/* A broker's answer as a tree of plain values: built on any thread, converted to JavaScript values on the
 * main thread. */
#ifndef KD_ANSWER_H
#define KD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maximum number of values in an answer, more than a cluster of 100,000 partitions needs. */
#define KD_ANSWER_VALUES_MAX 4000000u

typedef enum {
  KD_VALUE_NULL,
  KD_VALUE_FLAG,
  KD_VALUE_NUMBER,
  KD_VALUE_TEXT,
  KD_VALUE_LIST,
  KD_VALUE_OBJECT
} kd_value_kind;

typedef struct kd_value {
  kd_value_kind kind;
  /* The name within an object; a string constant. */
  const char *name;
  char *text;
  double number;
  struct kd_value *root, *first, *last, *next;
  /* Used in the root only: the number of values, and whether one could not be allocated. */
  size_t count;
  bool incomplete;
} kd_value;

/* NULL: no memory. */
kd_value *kd_value_root(kd_value_kind kind);
void kd_value_free(kd_value *root);

/* Add to an object (name) or a list (name NULL). Does nothing if the parent is NULL: then the root is
 * already marked incomplete. */
kd_value *kd_add(kd_value *parent, const char *name, kd_value_kind kind);
void kd_add_text(kd_value *parent, const char *name, const char *text_or_null);
void kd_add_number(kd_value *parent, const char *name, double number);
void kd_add_flag(kd_value *parent, const char *name, bool flag);

#endif

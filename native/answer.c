#include "answer.h"

#include <stdlib.h>
#include <string.h>

kd_value *kd_value_root(kd_value_kind kind) {
  kd_value *root = calloc(1, sizeof *root);
  if (!root) return NULL;
  root->kind = kind;
  root->root = root;
  root->count = 1;
  return root;
}

/* Recursive: answers are only a few levels deep. */
void kd_value_free(kd_value *value) {
  if (!value) return;
  for (kd_value *child = value->first; child;) {
    kd_value *next = child->next;
    kd_value_free(child);
    child = next;
  }
  free(value->text);
  free(value);
}

kd_value *kd_add(kd_value *parent, const char *name, kd_value_kind kind) {
  if (!parent) return NULL;
  kd_value *root = parent->root;
  kd_value *value = root->count < KD_ANSWER_VALUES_MAX ? calloc(1, sizeof *value) : NULL;
  if (!value) {
    root->incomplete = true;
    return NULL;
  }
  root->count++;
  value->kind = kind;
  value->name = name;
  value->root = root;
  if (parent->last)
    parent->last->next = value;
  else
    parent->first = value;
  parent->last = value;
  return value;
}

void kd_add_text(kd_value *parent, const char *name, const char *text) {
  kd_value *value = kd_add(parent, name, text ? KD_VALUE_TEXT : KD_VALUE_NULL);
  if (!value || !text || (value->text = strdup(text))) return;
  value->kind = KD_VALUE_NULL;
  value->root->incomplete = true;
}

void kd_add_number(kd_value *parent, const char *name, double number) {
  kd_value *value = kd_add(parent, name, KD_VALUE_NUMBER);
  if (value) value->number = number;
}

void kd_add_flag(kd_value *parent, const char *name, bool flag) {
  kd_value *value = kd_add(parent, name, KD_VALUE_FLAG);
  if (value) value->number = flag;
}

/* list.h — an intrusive doubly linked ring; the list a thing is in is part of its state. */
#pragma once
#include <stdbool.h>
#include "reactor/base/own.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *head) { head->next = head->prev = head; }
static inline bool list_empty(const struct list *head) { return head->next == head; }

/* A zeroed or removed node is in no list. */
static inline bool list_linked(const struct list *node) { return node->next != NULL && node->next != node; }

static inline void list_push(struct list *head, struct list *node) /* behind the last */
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}
static inline void list_remove(struct list *node)
{
    if (!list_linked(node)) return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = NULL;
}

#define LIST_ENTRY(node, type, member) CONTAINER_OF(node, type, member)

/* The body may remove the present node. */
#define LIST_EACH(head, node)                                                                                          \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head);                                  \
         node = node##_next, node##_next = node->next)

/* cmd_queue_int.h — what the verbs of `bottled queue` share: what was asked for, and how it is answered. */
#pragma once
#include "queue/operator.h"
#include "queue/show.h"
#include "reactor/base/verb.h"

struct queue {
    struct operator op;
    struct decision decision; /* of approve and reject, but for who and when */
    const char *bottle;       /* NULL: all of them */
    bool json, verify;
    uint64_t count, timeout_s; /* 0: was not said */
    char **ids;                /* numbers, checked */
    size_t id_count;

    size_t printed; /* proposals */
    struct buf out; /* lines to be printed: not in a call of the store, for a reader may be slow */
    bool broken;    /* something could not be printed: there is no sense in going on */
};

/* Each is a verb; returns its exit code. */
int queue_list(struct queue *queue);
int queue_show(struct queue *queue);
int queue_history(struct queue *queue);
int queue_remembered(struct queue *queue);
int queue_audit(struct queue *queue);
int queue_watch(struct queue *queue);
int queue_approve(struct queue *queue);
int queue_reject(struct queue *queue);
int queue_forget(struct queue *queue);

bool queue_wants(const struct queue *queue, const struct store_item *item);
/* Of list, history and watch: as many as were asked for are printed, or nobody reads. */
bool queue_has_enough(const struct queue *queue);

/* An item as a line of out, in full, or its answer: "17  approved (value) by alice 0 s ago: used-in-tests".  With
 * --json each is the whole object. */
typedef void queue_put_fn(struct queue *queue, const struct store_item *item);
queue_put_fn queue_put_line, queue_put_detail, queue_put_answer;

/* Ends the line in out; err is what came of filling it. */
void queue_end_line(struct queue *queue, enum err err);
void queue_flush(struct queue *queue);

/* Says that it is not done, and why (empty: what err means); id 0: none.  Returns the exit code. */
int queue_fail(struct queue *queue, uint64_t id, enum store_err err, struct span why);
#define QUEUE_WHY ((struct span){0}) /* as err says */

/* Decimal, above 0, nothing but digits.  errors: ERR_SYNTAX */
MUST_CHECK enum err queue_number(const char *text, uint64_t *number_out);

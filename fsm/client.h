/* client.h — the client's side of one request, whatever protocol version it speaks.
 *
 * A request (request.h) talks to its client through these calls; the maker (conn.h for HTTP/1) tells the request what
 * comes
 * by request_body(), request_end(), request_drained() and request_client_gone().
 */
#pragma once
#include "reactor/wire/head.h"

struct client;

struct client_ops {
    /* A 1xx or the final head.  fields are end-to-end only; framing comes from head->body and head->length,
     * which the client may change to what it can read. */
    void (*head)(struct client *client, struct head *head);
    void (*body)(struct client *client, struct span data);
    void (*end)(struct client *client, const struct field *trailers, size_t trailer_count);
    /* The response can't be completed, or nothing should be said: the client must see a cut, not an end. */
    void (*cut)(struct client *client);
    size_t (*room)(const struct client *client);
    /* The request takes its body now; before, request_takes_body() said no. */
    void (*more)(struct client *client);
};

struct client {
    const struct client_ops *ops;
};

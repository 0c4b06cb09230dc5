/* http1_body.c — where a body ends, and the fields after it. */
#include "reactor/wire/http1_parts.h"

void http1_body_begin(struct http1_body *body, const struct head *head)
{
    *body = (struct http1_body){.kind = head->body, .left = head->body == BODY_LENGTH ? head->length : 0};
    body->done = body->kind == BODY_NONE || (body->kind == BODY_LENGTH && body->left == 0);
}

static size_t take_counted(struct http1_body *body, struct span in, struct span *data)
{
    *data = in.len < body->left ? in : span_first(in, (size_t)body->left);
    body->left -= data->len;
    body->done = body->left == 0;
    return data->len;
}

enum err http1_body_feed(struct http1_body *body, struct span in, size_t *used, struct span *data)
{
    *data = (struct span){0};
    *used = 0;
    if (body->done) return ERR_OK;
    switch (body->kind) {
    case BODY_NONE: break;
    case BODY_LENGTH: *used = take_counted(body, in, data); break;
    case BODY_UNTIL_CLOSE:
        *data = in;
        *used = in.len;
        break;
    case BODY_CHUNKED:
        chunked_feed(&body->chunked, in, used, data);
        if (body->chunked.state == CHUNKED_BAD) return ERR_SYNTAX;
        body->done = body->chunked.state == CHUNKED_DONE;
        body->trailers = body->chunked.trailers;
        break;
    }
    return ERR_OK;
}

enum err http1_parse_trailers(struct span in, struct field *fields, size_t field_max, size_t *count_out)
{
    struct http1_fault fault;

    TRY(http1_parse_fields(in, fields, field_max, count_out, &fault));
    for (size_t i = 0; i < *count_out; i++)
        if (head_is_never_trailer(fields[i].name)) return ERR_DENIED;
    return ERR_OK;
}

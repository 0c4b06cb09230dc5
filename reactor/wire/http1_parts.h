/* http1_parts.h — what the HTTP/1 parser's files share: lines into fields, fields into framing. */
#pragma once
#include "reactor/wire/http1.h"

/* For "return refuse(...)": fills in the fault. */
static inline enum err http1_refuse(struct http1_fault *fault, uint16_t status, const char *detail)
{
    *fault = (struct http1_fault){status, detail};
    return status == 414 || status == 431 ? ERR_LIMIT : ERR_SYNTAX;
}

/* lines: whole field lines, the empty line not among them.  At most max fields; 400 or 431. */
MUST_CHECK enum err http1_parse_fields(struct span lines, struct field *fields, size_t max, size_t *count_out,
                                       struct http1_fault *fault);

/* Sets body, length, keep_alive and expect_continue of a head whose line and fields are read. */
MUST_CHECK enum err http1_frame_request(struct head *head, struct http1_fault *fault);
MUST_CHECK enum err http1_frame_response(struct head *head, struct span method, struct http1_fault *fault);

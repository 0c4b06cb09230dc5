/* lines.h — scans a file or a diff, and says on which line each finding stands.
 *
 * Memory   LINES_PIECE_BYTES of the input, whatever its length and that of its lines; the scan's own.
 * Secret   what was read is wiped when given back.
 */
#pragma once
#include "backends/manifest/diff.h"
#include "dlp/scan/scan.h"
#include "reactor/base/buf.h"

struct line_finding {
    const char *path;              /* of the file, or what the diff names: any bytes */
    uint64_t line;                 /* from 1: where the secret ends */
    const struct finding *finding; /* NULL: there are more on this line than are told apart */
    bool stops;                    /* the proxy would not let it pass */
};
typedef enum err line_fn(void *owner, const struct line_finding *found);
typedef void line_read_fn(void *owner, size_t len);

struct lines_options {
    const char *path; /* for findings */
    bool may_be_diff; /* when it begins like one, what it adds is looked at, and its text outside of hunks */
    bool honours;     /* "gitleaks:allow" and its like on a line: what ends there is not told */
    struct scanner *scanner;
    line_fn *fn;           /* each secret once for each line it is on */
    line_read_fn *on_read; /* so many bytes more have been read; may be NULL */
    void *owner;
};

/* Reads fd to its end.  errors: ERR_SYS (errno), ERR_NOMEM, whatever scanning or fn gave */
MUST_CHECK enum err lines_scan(int fd, const struct lines_options *options);

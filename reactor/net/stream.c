#include "reactor/net/stream.h"

#include "reactor/base/limits.h"

size_t stream_room(const struct stream *stream)
{
    size_t queued = stream->ops->queued(stream);

    return queued < STREAM_OUTPUT_HIGH ? STREAM_OUTPUT_HIGH - queued : 0;
}

void stream_free(struct stream **stream)
{
    if (*stream == NULL) return;
    (*stream)->ops->free(*stream);
    *stream = NULL;
}

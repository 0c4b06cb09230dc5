/* limits.h — every bound in the program, its unit, and why it is this number.
 *
 * At a bound the answer is a refusal or back-pressure, never growth.
 */
#pragma once

#define SECONDS(n) ((n)*1000u)
#define MINUTES(n) SECONDS((n)*60u)
#define KIB(n)     ((n)*1024u)
#define MIB(n)     ((n)*1048576u)

/* --- wire ------------------------------------------------------------------------------------------------ */
#define HEAD_BYTES_MAX    KIB(64) /* request or status line and all fields; LLM clients send ~4 KiB, cookies ~16 KiB */
#define HEAD_FIELDS_MAX   256u    /* fields of one head; browsers send ~20 */
#define HEAD_LINE_MAX     KIB(16) /* request line; RFC 9112 section 3 asks for at least 8000 bytes */
#define CHUNK_LINE_MAX    200u    /* bytes of a chunk-size line, extension included */
#define CHUNK_SIZE_MAX    0x7fffffffu /* bytes of one chunk; fits every length field downstream */
#define TRAILER_BYTES_MAX KIB(8)      /* a trailer section is a checksum and a status */
#define INTERIM_COUNT_MAX 64u         /* 1xx responses before a final one: nobody sends more than a few */

/* --- streams --------------------------------------------------------------------------------------------- */
#define STREAM_INPUT_MAX   KIB(128) /* held unread bytes of one stream; above a whole head, so one always fits */
#define STREAM_OUTPUT_HIGH KIB(128) /* queued unsent bytes at which a writer should pause */
#define STREAM_OUTPUT_LOW  KIB(32)  /* ...and at which it may go on: under this DRAINED is told */
#define STREAM_OUTPUT_MAX  MIB(1)   /* queued bytes at which a write fails: a writer that never pauses is a bug */
#define RECEIVE_BYTES      KIB(64)  /* one read; one shared buffer of this size serves every stream */
#define LISTEN_BACKLOG     512      /* connections the kernel queues for us */
#define ACCEPT_PAUSE_MS    250u     /* after EMFILE: long enough not to spin, short enough not to be seen */
#define DIAL_ADDRS_MAX     16u      /* addresses of one name that are checked and kept; a hostile answer holds 1,000 */
#define RESOLVE_MS         SECONDS(5)  /* all questions about one name together */
#define CONNECT_MS         SECONDS(5)  /* one TCP connect */
#define DIAL_MS            SECONDS(15) /* name, every address tried, TCP */
#define TLS_HANDSHAKE_MS   SECONDS(10) /* either side; a slow handshake holds a connection slot */
#define HELLO_BYTES_MAX    KIB(18)     /* one ClientHello, records and fragments reassembled; usual are ~2 KiB */
#define NAME_BYTES_MAX     253u        /* a DNS name in text, RFC 1035 section 3.1 */

/* --- machines -------------------------------------------------------------------------------------------- */
#define TRACE_COUNT    4096u /* transitions remembered: some 400 requests, 128 KiB */
#define TRACE_LINE_MAX 200u  /* bytes of one printed transition */

/* --- policy, secrets, scan ------------------------------------------------------------------------------- */
#define ROUTE_COUNT_MAX   256u   /* routes of one bottle */
#define ROUTE_RULES_MAX   64u    /* methods, paths or private ranges of one route */
#define POLICY_BYTES_MAX  MIB(1) /* one compiled policy */
#define SECRET_BYTES_MAX  KIB(8) /* one credential; the longest JWTs in use are ~4 KiB */
#define SECRET_COUNT_MAX  64u    /* slots of one bottle's vault */
#define SECRET_BYTES_MIN  8u     /* shorter values are injected but not searched for: they are in honest text too */
#define SCAN_FINDINGS_MAX 16u    /* findings of one request that are told apart */

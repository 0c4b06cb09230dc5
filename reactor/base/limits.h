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
#define HEAD_OPTIONS_MAX  32u     /* names in Connection fields; each is looked for among all fields; usual is 1 or 2 */
#define HEAD_LINE_MAX     KIB(16) /* request line; RFC 9112 section 3 asks for at least 8000 bytes */
#define CHUNK_LINE_MAX    200u    /* bytes of a chunk-size line, extension included */
#define CHUNK_SIZE_MAX    0x7fffffffu /* bytes of one chunk; fits every length field downstream */
#define TRAILER_BYTES_MAX KIB(8)      /* a trailer section is a checksum and a status */
#define URL_LAYERS_MAX    4u          /* times a path may be percent-encoded: one is usual, two a mistake */
#define GLOB_BYTES_MAX    512u        /* one path rule of a route */
#define INTERIM_COUNT_MAX 64u         /* 1xx responses before a final one: nobody sends more than a few */

/* --- HTTP/2 ---------------------------------------------------------------------------------------------- */
#define HTTP2_STREAMS_MAX       100u     /* open at once on one connection; RFC 9113 section 6.5.2 asks for that many */
#define HTTP2_WINDOW            KIB(128) /* unread bytes of one stream, as STREAM_INPUT_MAX */
#define HTTP2_MEMORY_MAX        MIB(8)   /* of nghttp2 for one connection: 100 heads that wait to be sent are 6.4 MiB */
#define HTTP2_QUEUE_MAX         1000u    /* frames that wait to be sent, DATA aside; 100 streams have some 300 */
#define HTTP2_CONTINUATIONS_MAX 8u       /* of one head: HEAD_BYTES_MAX are four frames */
/* Floods: so many frames of a kind at once, and then so many a second. */
#define HTTP2_SETTINGS_BURST 32u /* one at the start; some tune their windows as they go */
#define HTTP2_SETTINGS_RATE  1u
#define HTTP2_PING_BURST     100u /* gRPC measures with them, one to a DATA frame (which pays for it) */
#define HTTP2_PING_RATE      10u
#define HTTP2_WINDOW_BURST   1000u /* WINDOW_UPDATE: two to a DATA frame (which pays), or one to half a window */
#define HTTP2_WINDOW_RATE    100u
#define HTTP2_RESET_BURST    200u /* RST_STREAM, or what makes us send one: a client that gives up all its streams */
#define HTTP2_RESET_RATE     20u
#define HTTP2_EMPTY_BURST    100u /* DATA without a byte or an end */
#define HTTP2_EMPTY_RATE     10u
#define HTTP2_OTHER_BURST    200u /* PRIORITY (old Firefox: six at the start), GOAWAY, and types we do not know */
#define HTTP2_OTHER_RATE     20u

/* --- content codings ------------------------------------------------------------------------------------- */
#define CODINGS_MAX         5u      /* of one body, on top of each other: one is usual, two a mistake */
#define CODING_MEMORY_MAX   MIB(28) /* held by one decoder: br's window, 16 MiB, beside its half as it grows; trees */
#define ZSTD_WINDOW_LOG_MAX 23      /* RFC 9659: a window of 8 MiB */
#define INFLATE_PIECE       KIB(16) /* decoded at once, of each coding */
#define INFLATE_RATIO_MAX   100u    /* bytes that a coded one may become; text: 20 at best, zeros: 1,000 */
#define INFLATE_BLOCK       KIB(16) /* ...counted in blocks of so many, so any body may become 1.6 MiB */
#define INFLATE_TOTAL_MAX   MIB(1024ull) /* decoded bytes of one body: SPOOL_BODY_MAX, as of one that is not coded */

/* --- WebSocket ------------------------------------------------------------------------------------------- */
#define WS_MESSAGE_MAX    MIB(128) /* of one message, as it comes and inflated; npm's ws takes 100 MiB, others less */
#define WS_FRAGMENTS_MAX  8192u    /* frames of one message: the largest in pieces of 16 KiB */
#define WS_CONTROLS_MAX   256u     /* control frames on end without data or a rest: heartbeats are seconds apart */
#define WS_PARAMS_MAX     8u       /* of one extension in a handshake; permessage-deflate knows four */
#define WS_MASKED_BYTES   KIB(4)   /* of masked and deflated payload that are unmasked at once, on the stack */
#define WS_DEFLATE_WINDOW 12u      /* bits of the window we deflate with: 16 KiB, while a message is written */
#define WS_DEFLATE_MEMORY 5        /* zlib's memLevel: another 16 KiB */
#define WS_DEFLATE_LEVEL  3        /* source becomes 0.33 of it at 88 MB/s; 6: 0.30 at 59, 1: 0.35 at 100 */

/* --- streams --------------------------------------------------------------------------------------------- */
#define STREAM_INPUT_MAX   KIB(128)   /* held unread bytes of one stream; above a whole head, so one always fits */
#define STREAM_OUTPUT_HIGH KIB(128)   /* queued unsent bytes at which a writer should pause */
#define STREAM_OUTPUT_LOW  KIB(32)    /* ...and at which it may go on: under this DRAINED is told */
#define STREAM_OUTPUT_MAX  MIB(1)     /* queued bytes at which a write fails: a writer that never pauses is a bug */
#define RECEIVE_BYTES      KIB(64)    /* one read; one shared buffer of this size serves every stream */
#define LISTEN_BACKLOG     512        /* connections the kernel queues for us */
#define ACCEPT_PAUSE_MS    250u       /* after EMFILE: long enough not to spin, short enough not to be seen */
#define ACCEPT_WARN_MS     MINUTES(1) /* between two log lines that say so */
#define DIAL_ADDRS_MAX     16u /* addresses of one name that are checked and kept; a hostile answer holds 1,000 */
#define RESOLVE_MS         SECONDS(5)  /* all questions about one name together */
#define CONNECT_MS         SECONDS(5)  /* one TCP connect */
#define DIAL_MS            SECONDS(15) /* name, every address tried, TCP */
#define TLS_HANDSHAKE_MS   SECONDS(10) /* either side; a slow handshake holds a connection slot */
#define LEAF_COUNT_MAX     1024u       /* certificates kept: a bottle talks to dozens of names; 1 MiB */
#define CA_FILE_BYTES_MAX  KIB(16)     /* ca.key, ca.pem: each is under 1 KiB */
#define TLS_SESSION_MAX    1024u       /* upstream sessions kept for resumption, of all keys together; some 2 MiB */
#define TLS_SESSION_KEY_MAX                                                                                            \
    4u /* ...and of one key: connections opened at once resume, tickets by the thousand do not stay */
#define TLS_TICKET_BYTES_MAX  KIB(4)      /* ...and the ticket of each; usual are 200 bytes */
#define TLS_CHAIN_COUNT_MAX   16u         /* certificates an upstream may send; usual are 2 to 4 */
#define TLS_CHAIN_BYTES_MAX   KIB(100)    /* ...and their bytes: a thousand names are 25 KiB */
#define HELLO_BYTES_MAX       KIB(18)     /* one ClientHello, records and fragments reassembled; usual are ~2 KiB */
#define NAME_BYTES_MAX        253u        /* a DNS name in text, RFC 1035 section 3.1 */
#define DATAGRAM_BYTES_MAX    1500u       /* one datagram each way: a question about a name is under 300 */
#define RESOLVE_TRY_MS        1500u       /* one question to one server; c-ares doubles it for the second try */
#define RESOLVE_TRIES         2u          /* so one silent server costs 4.5 s, less than RESOLVE_MS */
#define RESOLVE_TTL_MS_MAX    SECONDS(60) /* an answer is believed no longer, whatever its TTL says */
#define RESOLVE_NEGATIVE_MS   SECONDS(5)  /* "no such name" is believed so long: clients retry at once */
#define RESOLVE_CACHE_MAX     512u        /* names; 300 KiB when full */
#define RESOLVE_QUESTIONS_MAX 1024u       /* in flight, those whose asker has left as well */

/* --- children -------------------------------------------------------------------------------------------- */
#define CHILD_FDS_MAX    96u    /* descriptors one child is given; a bottle's launcher: its files, and a dozen */
#define CHILD_REAP_MS    200    /* the loop stands still so long, at most, for a killed child; usual is 1 ms */
#define PASSFD_COUNT_MAX 32u    /* descriptors of one message; the kernel's own bound is 253 */
#define PASSFD_BYTES_MAX KIB(4) /* the text beside them */

/* --- base ------------------------------------------------------------------------------------------------ */
#define LOG_LINE_MAX      KIB(1)       /* bytes of one log line; far below PIPE_BUF, so lines of processes never mix */
#define SPOOL_MEMORY_MAX  KIB(256)     /* of one body; LLM requests are mostly smaller */
#define SPOOL_BODY_MAX    MIB(1024ull) /* of one body, unless its route says otherwise; a large push or upload */
#define SPOOL_TOTAL_MAX   MIB(8192ull) /* all bodies at once, and any one: what a full /tmp may cost the host */
#define SPOOL_PIECE_BYTES KIB(64)      /* one read or write of a file: the loop waits for no more than this */

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
#define SECRET_PART       16u    /* bytes of a value that are it too: 90 bits or so where they are random */
#define SECRET_PART_RUN   24u    /* ...which any so many bytes of it hold */
#define SECRET_PARTS_MAX  64u    /* ...of one value; keys are under 512 bytes, and each costs its compiling */
#define SCAN_LITERAL_MAX  256u   /* searched for of one form of a value; many longer ones take seconds to compile */
#define SCAN_PIECE_MAX    MIB(1) /* bytes of one block; heads are 64 KiB */
#define SCAN_FINDINGS_MAX 16u    /* findings of one request that are told apart */
#define SURROUND_BYTES    48u    /* on either side of a finding, looked at for the person who judges it */
#define SURROUND_TEXT_MAX 256u   /* ...and what is shown of them */
#define POINTER_TEXT_MAX  128u   /* a pointer into JSON; one that is longer is not told */
#define POINTER_DEPTH_MAX 32u    /* arrays and objects in each other, in a pointer; chat messages have 6 */
#define SAFE_COUNT_MAX    256u   /* values of one bottle that a person has allowed; 4 KiB */
#define BINDING_COUNT_MAX 64u    /* bindings that a bottle adds, and classes that it switches off */
#define RULE_COUNT_MAX    1024u  /* rules of one scanner; ours are some 600 */
#define RULE_WINDOW       4096u  /* bytes behind a hit that are looked at to confirm it */

#define SCAN_HELD_MAX         32u   /* candidates at a piece's end that wait for the next: expressions that end alike */
#define ENGINE_CANDIDATES_MAX 1024u /* of one step or block: one in 16 bytes; a list of placeholders has one a line */
#define MEMO_ROWS             512u  /* hits of one step that are remembered as judged; 40 KiB */
#define MEMO_WIDE_ROWS        512u  /* ...of all steps, when their rules are wide: more than one window has; 26 KiB */
#define MEMO_WIDE_BYTES       512u  /* a digest of fewer takes as long as to judge them */
#define CONFIRM_STEPS_MAX     200000u /* of backtracking in one window: milliseconds; honest text takes some hundred */

#define DECODE_TEXT_MAX     MIB(1)  /* bytes of a text whose encodings are undone; windows are far smaller */
#define DECODE_TEXT_MIN     12u     /* printable bytes in a row that make a decoded text worth a look */
#define DECODE_BESIDE       256u    /* bytes told on either side of an escape: a token, and what names it */
#define DECODE_WINDOW       KIB(24) /* of a body, kept for each open request; two of them with its coding undone */
#define DECODE_OVERLAP      4160u   /* ...of which so many were in the window before: RULE_WINDOW and a little */
#define DECODE_DEPTH_MAX    5u      /* encodings in each other; two are usual: base64 in JSON */
#define DECODE_BUDGET       12u /* bytes undone, and looked at for it, for each of a window; honest text takes 1 or 2 */
#define DECODE_LOOKS        4u  /* ...looks that count as one byte undone: most hop from sign to sign */
#define DECODE_INFLATE_COST KIB(4) /* ...what starting to inflate counts as */
#define JOIN_PART_MAX       128u   /* bytes of a value that may be one half of a token; the longest have 250 */
#define JOIN_PAIR_MIN       20u    /* ...of both together: shorter tokens have no shape to know them by */
#define JOIN_TOLD_BYTES     KIB(1) /* pairs that are scanned together */

/* --- the proxy ------------------------------------------------------------------------------------------- */
#define CONN_FIRST_MS      SECONDS(30) /* an accepted connection that says nothing */
#define CONN_IDLE_MS       SECONDS(75) /* between two requests; longer than the usual client's own 60 s */
#define CONN_HEAD_MS       SECONDS(30) /* first to last byte of a head, whatever the pace */
#define CONN_LINGER_MS     SECONDS(2)  /* after the last answer, so that a reset does not eat it */
#define CONN_COUNT_MAX     4096u       /* client connections of one bottle */
#define BODY_IDLE_MS       SECONDS(60) /* a request body that makes no progress */
#define BODY_TOTAL_MS      MINUTES(30) /* ...and all of it: 1 GiB at 5 Mbit/s */
#define HOLD_MS            MINUTES(60) /* a person is asked; supervise.timeout shortens it */
#define HOLD_DEFAULT_MS    MINUTES(5)  /* ...to this where it is not said: clients give up then (undici's 300 s) */
#define DIGEST_MS          MINUTES(2)  /* a held body is read once more: 1 GiB from an encrypted file takes 5 s */
#define DIGEST_TURN_PIECES 4u          /* pieces of the spool read in one turn of the loop: 256 KiB, some 0.5 ms */
#define SEND_IDLE_MS       SECONDS(60) /* an upstream that takes no byte */
#define ANSWER_MS          MINUTES(10) /* request sent, no response head yet: a model may think for minutes */
#define RELAY_IDLE_MS      MINUTES(10) /* a response that makes no progress; a quiet event stream pings oftener */
#define REFUSE_MS          SECONDS(10) /* a client that does not take its refusal */
#define REQUEST_ARENA_MAX  KIB(512)    /* a head, its copy on the way out, trailers */
#define TUNNEL_IDLE_MS     MINUTES(10) /* a passthrough connection without a byte either way */
#define POOL_IDLE_MS       SECONDS(30) /* an upstream connection kept open; under the common servers' 60 s */
#define POOL_KEY_MAX       32u         /* idle connections to one host of one bottle */
#define POOL_COUNT_MAX     512u        /* idle connections in all */
#define DRAIN_MS           SECONDS(30) /* after SIGTERM: what is under way may end by itself */
#define ACCESS_FLUSH_BYTES KIB(60)     /* access lines held back until the turn ends; some 150 of them */
#define RETRY_AFTER_S      5u          /* seconds a refused client is told to wait */
#define APP_LOAD_MS        MINUTES(3)  /* manifests, credentials (a keyring may ask a person), rules compiled: ~10 s */
#define APP_BOTTLES_MAX    64u         /* bottles of one `serve` */
#define APP_PINS_MAX       64u         /* --resolve options: tests and demos need a few */
#define NAMES_COUNT_MAX    64u         /* TCP connections to one bottle's name server: resolvers use UDP */

/* --- the queue ------------------------------------------------------------------------------------------- */
#define STORE_BATCH       256u         /* rows of one call: some 10 ms at worst */
#define STORE_BYTES_MAX   MIB(1024ull) /* the queue's file: a million proposals and their audit */
#define PROPOSAL_TEXT_MAX 512u         /* bytes of one text of a proposal or a decision; longer ones are cut */
#define TUI_LOOK_MS       200u         /* between two looks of a person into the queue */
#define TUI_ROWS_MAX      1000u        /* proposals of one list on a screen; 0.9 MiB */
#define TUI_PAGES_MAX     16u          /* calls of one look: as many proposals as a bottle may have waiting */
#define TUI_MESSAGE_MS    SECONDS(20)  /* a message stands over the keys until the next one, or so long */
#define TUI_REST_MS       SECONDS(2)   /* between two looks for what gone proxies left waiting */
#define TUI_BUSY_MS       SECONDS(2)   /* a queue that is busy for longer is told */
#define OPERATOR_BUSY_MS  SECONDS(5)   /* a verb that finds the queue busy tries again so long */
#define HOLD_COUNT_MAX    4096u        /* proposals of one bottle that wait at once */
#define HOLD_WRITE_MS     SECONDS(5)   /* another process is at the queue: a checkpoint takes milliseconds */
#define POLL_MS           25u          /* between two looks while something waits: an answer is seen within 50 ms */
#define POLL_BUSY_MS      5u           /* ...when something could not be written */
#define POLL_REST_MS      SECONDS(2)   /* after the last one, before the queue's log is put in order */
#define POLL_LOST_MS      SECONDS(1)   /* before a queue that failed is opened again */
#define PASS_TURN_MAX     64u  /* rows of requests that are let go in one turn: each is dialled then, too; some 10 ms */
#define POLL_COUNTS_MS    500u /* between two tellings of how many wait */
#define GRANT_COUNT_MAX   64u  /* routes that were granted to one bottle while it ran */
#define ONCE_COUNT_MAX    64u  /* answers "once" of one bottle that came too late and wait for the retry */

/* --- manifests ------------------------------------------------------------------------------------------- */
#define MANIFEST_BYTES_MAX  KIB(256) /* one file, its Markdown included; long system prompts are ~40 KiB */
#define FRONT_BYTES_MAX     KIB(64)  /* its front matter; 256 routes of five lines are ~40 KiB */
#define MANIFEST_COUNT_MAX  256u     /* files of one folder */
#define MANIFEST_NAME_MAX   63u      /* bytes of a bottle's or agent's name: it is a host name and a folder too */
#define MANIFEST_ERRORS_MAX 100u     /* errors that are kept to be shown; more are counted */
#define MANIFESTS_SIZE_MAX  MIB(64)  /* all that one load may hold in memory: prompts above all */
#define YAML_DEPTH_MAX      16u      /* maps and lists within each other; a route's prefix is at depth 5 */
#define YAML_NODES_MAX      8192u    /* values of one file */
#define YAML_TREE_BYTES_MAX MIB(4)   /* the tree of one file: nodes and their text */
#define ENV_COUNT_MAX       128u     /* variables of one manifest */
#define COMMAND_WORDS_MAX   64u      /* words of an agent's command, or of a token's */
#define ROUTE_CA_BYTES_MAX  MIB(1)   /* extra roots of a route; the whole bundle of Debian is ~220 KiB */
#define RULE_FILE_BYTES_MAX KIB(256) /* one rule file; 250 rules of 12 lines are ~100 KiB */
#define RULE_FILES_MAX      32u      /* rule files of one set: the dozen we ship, and a bottle's own */
#define RULE_FILES_OWN_MAX  16u      /* ...of which these */
#define RULE_SET_BYTES_MAX  MIB(4)   /* one set in memory: 1,024 rules of some 1 KiB, and room */
#define RULE_PATTERN_MAX    1024u    /* bytes of one pattern; long ones list a vendor's products, ~300 */
#define RULE_NAMES_MAX      256u     /* ...of its names, where names and value are written */
#define RULE_VALUE_MAX      256u     /* ...of its value; with the gap of rule_file.h they are a pattern */
#define RULE_TITLE_MAX      100u     /* bytes of a rule's title: it stands in a line for people */
#define RULE_WORDS_MAX      256u     /* keywords, allow patterns or stop words of one rule */
#define RULE_WORD_MAX       64u      /* bytes of a keyword or a stop word */
#define RULE_GROUP_MAX      9u       /* the capture that is the secret */
#define RULE_SHOWN_MAX      4u       /* characters of a secret that may be public: "ghp_" */
#define RULE_CACHE_MAX      MIB(64)  /* rules compiled: ours are some 7 MiB */
#define TOML_FILE_BYTES_MAX MIB(1)   /* one gitleaks configuration; its own is ~100 KiB */
#define TOML_TREE_BYTES_MAX MIB(16)  /* ...as a tree */
#define TOML_NODES_MAX      16384u   /* ...values in it; 1,446 stop words are the longest list there is */
#define PATTERN_RUN_MAX     1000u    /* characters of a run that an imported pattern does not bound */
#define RULE_CACHE_DAYS     14u      /* compiled rules that nobody used for so long are removed; each edit leaves one */
#define DIFF_PATH_MAX       4096u    /* bytes of a path in a diff; the kernel's own bound */
#define LINES_PIECE_BYTES   KIB(64)  /* of a line that are looked at together; all but minified text is shorter */
#define LINES_KEPT          4096u    /* lines whose numbers are known: a hit may be told a window behind its end */
#define SCAN_SHOW_FIRST_MS  SECONDS(1)  /* a scan on a terminal that takes longer shows how far it is */
#define SCAN_SHOW_AGAIN_MS  200u        /* ...and so often */
#define LINES_TOLD          64u         /* findings that are remembered, so that none is told twice */
#define TOKEN_MS            SECONDS(30) /* a token's command, start to exit; a keyring may be unlocked by hand */
/* --- sandbox --------------------------------------------------------------------------------------------- */
#define NETNS_TEXT_MAX       200u        /* bytes of what a launcher says when it fails: one line */
#define SANDBOX_DOORS_MAX    64u         /* listening sockets of one bottle: 4 fixed, the rest named by routes */
#define SANDBOX_FILES_MAX    48u         /* files placed in one bottle; a provider places about ten */
#define SANDBOX_MOUNTS_MAX   192u        /* mounts of one bottle: some 60 of the system, and the files */
#define SANDBOX_ARGS_MAX     1024u       /* words of bubblewrap's command line, the agent's own included */
#define SANDBOX_PLAN_BYTES   KIB(256)    /* arguments and environment together; the kernel's own bound is 2 MiB */
#define SANDBOX_CHECKS_MAX   16u         /* answers of a preflight */
#define SANDBOX_TMPFS_BYTES  2147483648u /* one scratch folder: npm and pip unpack hundreds of MiB */
#define SANDBOX_PROCS_MAX    8192u       /* processes where no cgroup bounds them: a build, not a fork bomb */
#define SANDBOX_FILES_OPEN   65536u      /* open files of one process; node and bundlers want tens of thousands */
#define SANDBOX_LOCKED_BYTES 67108864u   /* memory of one process that may be locked: 64 MiB, for key stores */
#define SANDBOX_START_MS     SECONDS(10) /* spawn to sockets, and sockets to bubblewrap: each takes some 10 ms */
#define SANDBOX_STOP_MS      SECONDS(10) /* SIGTERM to SIGKILL: an agent saves its session */
#define SANDBOX_KILL_MS      SECONDS(5)  /* SIGKILL to exit: only a process in the kernel's hands takes longer */
#define CGROUP_LEAVE_MS      200     /* the loop stands still so long, at most, for killed processes; usual is 2 ms */
#define TERMINAL_BYTES       KIB(16) /* held between two terminals, each way; a full screen is ~8 KiB */

/* launch.h — `bottled __init CONTROL PLAN`: the program between the driver and bubblewrap, not for people.
 *
 * It is exec'ed, not forked: a forked child would hold a copy of the proxy's credentials, and it must be dumpable.
 * It reads its plan, becomes the bottle's user, makes the namespaces, sends the listening sockets (netns.h) through
 * CONTROL, waits there for one byte, and starts bubblewrap as process 1 of a PID namespace.  bubblewrap hands CONTROL
 * on to the gate, the last before the agent: it says NETNS_STARTED, closes CONTROL, and execs the agent.
 */
#pragma once
#include "backends/sandbox/identity.h"
#include "reactor/base/buf.h"
#include "reactor/base/limits.h"

/* How the driver writes the plan into a memfd: NUL-terminated entries "key=value". */
MUST_CHECK enum err launch_put_identity(struct buf *plan, const struct identity *identity, const char *project);
MUST_CHECK enum err launch_put_door(struct buf *plan, bool tcp, uint16_t port);
MUST_CHECK enum err launch_put_argument(struct buf *plan, const char *text);
MUST_CHECK enum err launch_put_variable(struct buf *plan, const char *text); /* "NAME=value" */

/* The verb: argv[1] and argv[2] are the descriptors.  Returns only when it failed. */
int launch_main(int argc, char **argv);

/* The child's numbers of what the driver hands over; files to place follow. */
enum { LAUNCH_CONTROL = 3, LAUNCH_PLAN, LAUNCH_FILTER, LAUNCH_FILES };

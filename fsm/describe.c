#include "fsm/describe.h"

#include <stddef.h>

#include "backends/origin/upstream_fsm.h"
#include "backends/provision/token_fsm.h"
#include "backends/sandbox/sandbox_fsm.h"
#include "fsm/app_fsm.h"
#include "fsm/conn_fsm.h"
#include "fsm/hold_fsm.h"
#include "fsm/names_fsm.h"
#include "fsm/poll_fsm.h"
#include "fsm/request_fsm.h"
#include "fsm/tunnel_fsm.h"
#include "reactor/net/dial_fsm.h"

FSM_TYPE_BARE(app_bare, "app", APP_STATES, APP_EVENTS, APP_ROWS);
FSM_TYPE_BARE(conn_bare, "conn", CONN_STATES, CONN_EVENTS, CONN_ROWS);
FSM_TYPE_BARE(dial_bare, "dial", DIAL_STATES, DIAL_EVENTS, DIAL_ROWS);
FSM_TYPE_BARE(hold_bare, "hold", HOLD_STATES, HOLD_EVENTS, HOLD_ROWS);
FSM_TYPE_BARE(names_bare, "names", NAMES_STATES, NAMES_EVENTS, NAMES_ROWS);
FSM_TYPE_BARE(poll_bare, "poll", POLL_STATES, POLL_EVENTS, POLL_ROWS);
FSM_TYPE_BARE(request_bare, "request", REQUEST_STATES, REQUEST_EVENTS, REQUEST_ROWS);
FSM_TYPE_BARE(sandbox_bare, "sandbox", BOX_STATES, BOX_EVENTS, BOX_ROWS);
FSM_TYPE_BARE(token_bare, "token", TOKEN_STATES, TOKEN_EVENTS, TOKEN_ROWS);
FSM_TYPE_BARE(tunnel_bare, "tunnel", TUNNEL_STATES, TUNNEL_EVENTS, TUNNEL_ROWS);
FSM_TYPE_BARE(upstream_bare, "upstream", UPSTREAM_STATES, UPSTREAM_EVENTS, UPSTREAM_ROWS);

const struct fsm_type *const fsm_all[] = {&app_bare,   &conn_bare,   &dial_bare,     &hold_bare,
                                          &names_bare, &poll_bare,   &request_bare,  &sandbox_bare,
                                          &token_bare, &tunnel_bare, &upstream_bare, NULL};

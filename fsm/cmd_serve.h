/* cmd_serve.h — `bottled serve`: the proxy for bottles that something else runs. */
#pragma once

int cmd_serve(int argc, char **argv);

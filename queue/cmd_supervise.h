/* cmd_supervise.h — `bottled supervise`. */
#pragma once
int cmd_supervise(int argc, char **argv);

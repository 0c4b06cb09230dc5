/* cmd_queue.h — `bottled queue`. */
#pragma once
int cmd_queue(int argc, char **argv);

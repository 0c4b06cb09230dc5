/* cmd_run.h — `bottled run`: an agent in its bottle, with the terminal handed to it. */
#pragma once

int cmd_run(int argc, char **argv);

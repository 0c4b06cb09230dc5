/* cmd_scan.h — bottled scan: the proxy's rules over files, for continuous integration. */
#pragma once

int cmd_scan(int argc, char **argv);

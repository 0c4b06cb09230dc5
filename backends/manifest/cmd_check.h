/* cmd_check.h — bottled check: what the manifests say, compiled, or everything that is wrong with them. */
#pragma once

int cmd_check(int argc, char **argv);

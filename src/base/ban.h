/* ban.h: functions that mimeo does not call. Included by the compiler itself (-include) in every source of ours.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_BAN_H
#define BASE_BAN_H

/* The system headers that declare them come first, so that only our own uses are refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Under clang glibc's fortified stdio.h makes it a macro, and poisoning a macro warns. */
#undef sprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol gmtime localtime asctime ctime system popen

#endif

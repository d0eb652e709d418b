/* parent_commands.h: the commands of the parent, one function each; the table is in parent_commands.c.
 * SPDX-License-Identifier: ISC */
#ifndef PARENT_COMMANDS_H
#define PARENT_COMMANDS_H

#include "parent/parent.h"

bool parent_init(struct errand *errand, struct fault *f);
bool parent_check(struct errand *errand, struct fault *f);
bool parent_backup(struct errand *errand, struct fault *f);
bool parent_restore(struct errand *errand, struct fault *f);

#endif

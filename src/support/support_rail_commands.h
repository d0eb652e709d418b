/* support_rail_commands.h: `mimeo support bank …`, `… monero …`, `… rails`. SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_RAIL_COMMANDS_H
#define SUPPORT_SUPPORT_RAIL_COMMANDS_H

#include <stdbool.h>

struct errand;
struct fault;

bool support_run_bank_import(struct errand *errand, struct fault *f);
bool support_run_bank_match(struct errand *errand, struct fault *f);
bool support_run_monero_import(struct errand *errand, struct fault *f);
bool support_run_monero_addresses(struct errand *errand, struct fault *f);
bool support_run_push_now(struct errand *errand, struct fault *f);
bool support_run_rails(struct errand *errand, struct fault *f);

#endif

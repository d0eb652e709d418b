/* newsletter_command.h: what the commands of the newsletter room share.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_COMMAND_H
#define NEWSLETTER_NEWSLETTER_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include "base/str.h"
#include "house/errand.h"

struct fault;

/* newsletter_bounce_command.c, newsletter_dns_command.c, newsletter_doctor.c */
bool newsletter_run_bounce(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_dns(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_rotate_key(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_doctor(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));

/* newsletter_list_command.c, newsletter_export_command.c */
bool newsletter_run_import(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_confirm(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_decline(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_look_up(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_list(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_staff_key(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_export(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_run_open(struct errand *errand, struct fault *f) __attribute__((warn_unused_result));
/* Takes "NAME VALUE" off the line; *value stays where it is not there. */
bool newsletter_take_option(struct errand *errand, const char *name, const char **value, struct fault *f)
	__attribute__((warn_unused_result));
/* Takes --as NAME off the line: somebody active at the desk. */
bool newsletter_take_as(struct errand *errand, struct str *who, struct fault *f) __attribute__((warn_unused_result));

/* --- newsletter_dns_command.c, for the doctor --- */

struct dns_asker;

enum newsletter_record { RECORD_THERE, RECORD_MISSING, RECORD_OTHER, RECORD_REVOKED, RECORD_UNKNOWN };

/* What stands at SELECTOR._domainkey.DOMAIN, held against the record that should (by its p=, as verifiers do). */
enum newsletter_record newsletter_look_up_key(const struct dns_asker *asker, const json_t *record, struct arena *arena);
/* One line "NAME TXT "…"": what to add. */
struct str newsletter_record_line(const json_t *record, const char *which, struct arena *arena);

#endif

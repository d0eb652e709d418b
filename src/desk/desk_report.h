/* desk_report.h: what is told of a send while it goes and after it: counts and plots.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_REPORT_H
#define DESK_DESK_REPORT_H

#include <jansson.h>

struct desk_visit;
struct press_value;

/* {{bar}}: three colours, "12,391 of 12,391 handled in 9 minutes", rate and time left while it goes. progress: the newsletter's
 * GET /issues/{id}/progress. */
void desk_report_bar(struct desk_visit *visit, struct press_value *root, const json_t *progress);
/* {{report}}: tiles, the course, refusals, what became of its readers since. */
void desk_report_values(struct desk_visit *visit, struct press_value *root, const json_t *progress);
/* {{report.former}}: this issue beside the ones before it; issues: GET /issues. */
void desk_report_former(struct desk_visit *visit, struct press_value *root, const json_t *issues, int64_t id);

#endif

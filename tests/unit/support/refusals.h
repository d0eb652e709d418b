/* refusals.h: does refusing a signature take as long, whichever of its bytes is wrong?
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_SUPPORT_REFUSALS_H
#define TESTS_SUPPORT_REFUSALS_H

#include "support_bench.h"
#include <time.h>
#include "base/secret.h"

/* Two secrets, of which the second is NULL, and a header that is forged. */
typedef bool is_signed(const struct secret *const *secrets, const char *header);

enum { REFUSALS_ROUNDS = 100, REFUSALS_A_ROUND = 100 };

/* How much of the processor a round of refusals of one header takes. */
static inline double refusals_seconds(is_signed *is_good, const struct secret *const *secrets, const char *header)
{
	struct timespec from, to;
	int taken = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < REFUSALS_A_ROUND; i++)
		taken += is_good(secrets, header);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_int_equal(taken, 0);
	return (double) (to.tv_sec - from.tv_sec) + (double) (to.tv_nsec - from.tv_nsec) / 1e9;
}

/* A good header, whose last 64 characters are hexadecimal. Told, not asserted: a machine that does other things meanwhile would fail it. */
static inline void refusals_compare(is_signed *is_good, const char *secret, const char *header)
{
	struct secret *known = secret_new(str_from(secret));
	const struct secret *secrets[] = {known, NULL};
	char first[256], last[256];
	double of_first = 1e9, of_last = 1e9; /* the least of many rounds: what it takes undisturbed */
	size_t len = strlen(header);

	assert_true(len >= 64 && len < sizeof(first) && is_good(secrets, header));
	memcpy(first, header, len + 1);
	memcpy(last, header, len + 1);
	first[len - 64] = first[len - 64] == '0' ? '1' : '0';
	last[len - 1] = last[len - 1] == '0' ? '1' : '0';
	for (int round = 0; round < REFUSALS_ROUNDS; round++) {
		double a = refusals_seconds(is_good, secrets, first), b = refusals_seconds(is_good, secrets, last);

		of_first = a < of_first ? a : of_first;
		of_last = b < of_last ? b : of_last;
	}
	print_message("# wrong in the first byte against wrong in the last: %.3f\n", of_first / of_last);
	secret_free(&known);
}

#endif

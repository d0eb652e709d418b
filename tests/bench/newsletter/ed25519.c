/* ed25519.c: ms of CPU for one Ed25519 signature of a digest, as the newsletter's signers make it; bench.py takes it off what a mail costs.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <stdio.h>
#include <time.h>

enum { SIGNS = 20000 };

int main(void)
{
	unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
	unsigned char digest[32] = {0}, signature[crypto_sign_BYTES];
	clock_t began;

	if (sodium_init() < 0 || crypto_sign_keypair(public_key, secret_key) != 0)
		return 1;
	began = clock();
	for (int i = 0; i < SIGNS; i++) {
		digest[0] = signature[0];
		if (crypto_sign_detached(signature, NULL, digest, sizeof(digest), secret_key) != 0)
			return 1;
	}
	printf("%.5f\n", (double) (clock() - began) * 1000 / CLOCKS_PER_SEC / SIGNS);
	return 0;
}

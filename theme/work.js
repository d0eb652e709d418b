/* work.js: on the page of a flood of sign-ups: finds the number that makes SHA-256 of the form's ticket begin with enough zero bits, and sends
 * the form. Without it the same form waits and has a button. SPDX-License-Identifier: ISC */
(function () {
	"use strict";
	var form = document.getElementById("flood"), status = document.getElementById("working");
	if (!form || !status)
		return;
	var bits = +form.dataset.bits, ticket = form.elements.ticket.value, nonce = 0;
	var primes = [], K = [], H = [];
	for (var n = 2; primes.length < 64; n++)
		if (primes.every(function (p) { return n % p; }))
			primes.push(n);
	function fraction(x) { return (x - Math.floor(x)) * 4294967296 | 0; }
	primes.forEach(function (p, i) {
		K.push(fraction(Math.cbrt(p)));
		if (i < 8)
			H.push(fraction(Math.sqrt(p)));
	});
	var W = new Int32Array(64);

	function turn(x, by) { return x >>> by | x << 32 - by; }

	/* The hash's first two words; the text is ASCII and shorter than 119 characters: at most two blocks. */
	function hash(text) {
		var blocks = text.length + 9 > 64 ? 2 : 1, state = H.slice(), b, i;
		for (b = 0; b < blocks; b++) {
			W.fill(0);
			for (i = 0; i < 64; i++) {
				var at = b * 64 + i, c = at < text.length ? text.charCodeAt(at) : at === text.length ? 128 : 0;
				W[i >> 2] |= c << 24 - 8 * (i & 3);
			}
			if (b === blocks - 1)
				W[15] = text.length * 8;
			for (i = 16; i < 64; i++) {
				var x = W[i - 15], y = W[i - 2];
				W[i] = W[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >>> 3) + W[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ y >>> 10) | 0;
			}
			var s = state.slice();
			for (i = 0; i < 64; i++) {
				var t = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + (s[4] & s[5] ^ ~s[4] & s[6]) + K[i] + W[i] | 0;
				var u = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + (s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]) | 0;
				s = [t + u | 0, s[0], s[1], s[2], s[3] + t | 0, s[4], s[5], s[6]];
			}
			for (i = 0; i < 8; i++)
				state[i] = state[i] + s[i] | 0;
		}
		return state;
	}

	function look() {
		for (var i = 0; i < 1000; i++, nonce++)
			if (hash(ticket + "." + nonce)[0] >>> 32 - bits === 0) {
				form.elements.nonce.value = nonce;
				form.submit();
				return;
			}
		setTimeout(look, 0);
	}

	var wait = document.getElementById("wait");
	if (wait)
		wait.hidden = true;
	status.textContent = status.dataset.text;
	setTimeout(look, 50);
})();

// pooled.js: `node pooled.js PORT CONNECTIONS MAILS BYTES`: nodemailer's pooled sender, as its manual shows it, without DKIM.
// Prints mails a second.
// SPDX-License-Identifier: ISC
'use strict';
const nodemailer = require('nodemailer');
const [port, connections, mails, bytes] = process.argv.slice(2).map(Number);
const sender = nodemailer.createTransport({pool: true, host: '127.0.0.1', port, secure: false, ignoreTLS: true, maxConnections: connections, maxMessages: Infinity});
const text = 'What happened this week, and who saw it.\n'.repeat(Math.ceil(bytes / 3 / 41));
const html = ('<p>' + 'What happened this week, and who saw it. '.repeat(4) + '</p>\n').repeat(Math.ceil(bytes * 2 / 3 / 173));
let next = 0, done = 0;
const began = process.hrtime.bigint();
function one() {
	if (next === mails)
		return;
	const number = next++;
	sender.sendMail({from: 'news@bench.example', to: `reader${number}@example.org`, subject: 'Bench', text: text + number, html: html + number,
		list: {unsubscribe: `https://bench.example/newsletter/unsubscribe/${number}`}}, error => {
		if (error)
			throw error;
		if (++done === mails) {
			console.log((mails / (Number(process.hrtime.bigint() - began) / 1e9)).toFixed(0));
			sender.close();
		}
		one();
	});
}
for (let i = 0; i < 4 * connections; i++)
	one();

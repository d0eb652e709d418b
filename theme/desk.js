// desk.js: makes the bar of a running send smooth. Everything works without it: the page then loads itself again.
// SPDX-License-Identifier: ISC
(function () {
	'use strict';
	var parts = ['issue-bar', 'issue-state', 'issue-do'];
	function again() {
		fetch(location.pathname, {credentials: 'same-origin'}).then(function (r) { return r.ok ? r.text() : ''; }).then(function (text) {
			var fresh = new DOMParser().parseFromString(text, 'text/html');
			parts.forEach(function (id) {
				var from = fresh.getElementById(id), to = document.getElementById(id);
				if (from && to && to.outerHTML !== from.outerHTML && !to.contains(document.activeElement)) to.replaceWith(document.importNode(from, true));
			});
			next();
		}, next);
	}
	function next() {
		if (document.querySelector('[data-live]')) setTimeout(again, 700);
	}
	next();
})();

// desk.js: makes the bar of a running send smooth, and the editor kind. Everything works without it.
// SPDX-License-Identifier: ISC
(function () {
	'use strict';
	var isLive = false, parts = ['issue-bar', 'issue-state', 'issue-do'];
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
		if (document.querySelector('[data-live]')) { isLive = true; setTimeout(again, 700); }
		else if (isLive) location.reload(); // it has ended: the report is there
	}
	next();
})();

// The editor: what is typed is kept every few seconds, tools write Markdown, the preview stands beside. Without it the buttons do all that.
(function () {
	'use strict';
	var form = document.getElementById('edit');
	if (!form) return;
	var body = document.getElementById('f-body'), saved = document.getElementById('saved'), tools = document.getElementById('tools'), live = document.getElementById('live');
	var KEEP_MS = 3000, SHOW_MS = 600, AGAIN_MS = 15000;
	var dirty = false, sending = false, leaving = false, keepTimer = 0, showTimer = 0, shown = 0;

	function data(what) {
		var fields = new FormData(form);
		fields.set('do', what);
		return fields;
	}
	function say(text, isIll) {
		if (saved.textContent !== text) saved.textContent = text;
		saved.className = isIll ? 'err' : 'soft';
	}

	// --- keeping ---
	function keep() {
		if (sending || leaving) { keepLater(KEEP_MS); return; }
		sending = true;
		dirty = false;
		fetch(form.action, {method: 'POST', body: data('keep'), credentials: 'same-origin', headers: {Accept: 'application/json'}}).then(function (r) {
			if (!r.ok || (r.headers.get('Content-Type') || '').indexOf('json') < 0) throw r.status;
			return r.json();
		}).then(function (said) {
			sending = false;
			if (dirty) { keepLater(KEEP_MS); return; }
			say('saved ' + said.saved + (said.stale ? ': somebody else saved, too; press Save to see both' : form.dataset.public ? ', not on the site yet' : ''), said.stale);
		}, function (why) {
			sending = false;
			dirty = true;
			say(why === 403 ? 'Not saved: you are signed out. Press Save: nothing is lost.' : why === 409 || why === 404 ? 'The story has moved on. Press Save to see your text.'
				: 'Not saved: the desk does not answer. It is tried again.', true);
			if (why !== 403 && why !== 404 && why !== 409) keepLater(AGAIN_MS);
		});
	}
	function keepLater(ms) {
		if (!keepTimer) keepTimer = setTimeout(function () { keepTimer = 0; if (dirty) keep(); }, ms);
	}
	form.addEventListener('input', function () {
		dirty = true;
		if (saved.className !== 'err') say('not saved yet');
		keepLater(KEEP_MS);
		showLater();
	});
	form.addEventListener('submit', function () { leaving = true; });
	window.addEventListener('beforeunload', function (e) { if (dirty && !leaving) e.preventDefault(); });
	document.addEventListener('visibilitychange', function () { if (document.hidden && dirty) keep(); });

	// --- preview beside ---
	function show() {
		var turn = ++shown;
		fetch(form.dataset.preview, {method: 'POST', body: data('preview'), credentials: 'same-origin'}).then(function (r) { return r.ok ? r.text() : Promise.reject(r.status); }).then(function (text) {
			var fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('article'), old = live.firstElementChild, at = old ? old.scrollTop : 0, head;
			if (turn !== shown || !fresh) return;
			head = fresh.querySelector('h1');
			if (head) { var h = document.createElement('h2'); h.className = 'h1'; h.append.apply(h, head.childNodes); head.replaceWith(h); }
			fresh.tabIndex = 0;
			fresh.querySelectorAll('[id]').forEach(function (e) { e.removeAttribute('id'); });
			live.replaceChildren(document.importNode(fresh, true));
			live.firstElementChild.scrollTop = at;
		}, function () { });
	}
	function showLater() {
		if (live.hidden) return;
		clearTimeout(showTimer);
		showTimer = setTimeout(show, SHOW_MS);
	}

	// --- tools ---
	function put(before, after, otherwise, from, to) {
		var start = from === undefined ? body.selectionStart : from, end = to === undefined ? body.selectionEnd : to;
		var words = body.value.slice(start, end) || otherwise;
		body.focus();
		body.setSelectionRange(start, end);
		// execCommand keeps the browser's own undo
		if (!document.execCommand('insertText', false, before + words + after)) body.setRangeText(before + words + after, start, end, 'end');
		body.setSelectionRange(start + before.length, start + before.length + words.length);
		body.dispatchEvent(new Event('input', {bubbles: true}));
	}
	function lines(prefix, otherwise) {
		var value = body.value, start = value.lastIndexOf('\n', body.selectionStart - 1) + 1, end = value.indexOf('\n', body.selectionEnd);
		if (end < 0) end = value.length;
		var words = value.slice(start, end) || otherwise, before = start > 1 && value.slice(start - 2, start) !== '\n\n' ? '\n' : '';
		body.focus();
		body.setSelectionRange(start, end);
		words = before + words.split('\n').map(function (line) { return prefix + line; }).join('\n');
		if (!document.execCommand('insertText', false, words)) body.setRangeText(words, start, end, 'end');
		body.dispatchEvent(new Event('input', {bubbles: true}));
	}
	function footnote() {
		var numbers = (body.value.match(/\[\^(\d+)\]/g) || []).map(function (m) { return +m.slice(2, -1); }), n = Math.max.apply(null, [0].concat(numbers)) + 1, at = body.selectionEnd;
		put('[^' + n + ']', '', '', at, at);
		put('\n\n[^' + n + ']: ', '', 'Where it is from.', body.value.length, body.value.length);
	}
	var doings = {
		bold: function () { put('**', '**', 'bold'); },
		italic: function () { put('*', '*', 'italic'); },
		link: function () { put('[', '](https://)', 'its words'); },
		head: function () { lines('## ', 'A crosshead'); },
		quote: function () { lines('> ', 'What somebody said.'); },
		list: function () { lines('- ', 'One thing'); },
		note: footnote,
		beside: function (button) {
			live.hidden = !live.hidden;
			button.setAttribute('aria-pressed', String(!live.hidden));
			document.body.classList.toggle('beside', !live.hidden);
			if (!live.hidden) show();
		}
	};
	tools.hidden = false;
	tools.addEventListener('click', function (e) {
		var button = e.target.closest('[data-tool]');
		if (button) doings[button.dataset.tool](button);
	});
	body.addEventListener('keydown', function (e) {
		if (!(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey) return;
		if (e.key === 'b') { e.preventDefault(); doings.bold(); }
		if (e.key === 'i') { e.preventDefault(); doings.italic(); }
		if (e.key === 's') { e.preventDefault(); dirty = true; keep(); }
	});
})();

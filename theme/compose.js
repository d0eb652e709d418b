// compose.js: the composer kept by itself: what is typed is saved, the preview follows, stories are dragged. Everything works without it.
// SPDX-License-Identifier: ISC
(function () {
	'use strict';
	var form = document.getElementById('compose');
	if (!form) return;
	var KEEP_MS = 1500, AGAIN_MS = 15000;
	var kept = document.getElementById('kept'), version = document.getElementById('version'), list = document.getElementById('picked');
	var dirty = false, sending = false, leaving = false, timer = 0, dragged = null;

	function say(text, isIll) {
		if (kept.textContent !== text) kept.textContent = text;
		kept.className = isIll ? 'err' : 'soft';
	}

	// --- keeping ---
	function fields() {
		var data = new FormData(form);
		data.set('do', 'keep');
		data.delete('add'); // a tick is no pick yet
		return new URLSearchParams(data);
	}
	function keep() {
		if (sending || leaving) { later(KEEP_MS); return; }
		sending = true;
		dirty = false;
		fetch(form.action, {method: 'POST', body: fields(), credentials: 'same-origin', headers: {Accept: 'application/json'}}).then(function (r) {
			if ((r.headers.get('Content-Type') || '').indexOf('json') < 0) throw {say: r.status === 403 ? 'Not saved: you are signed out. Press Save: nothing is lost.' : ''};
			return r.json().then(function (said) { if (!r.ok) throw said; return said; });
		}).then(function (said) {
			sending = false;
			version.value = said.version;
			say(dirty ? 'not saved yet' : 'saved ' + said.saved);
			if (!dirty) show();
		}, function (why) {
			sending = false;
			dirty = true;
			say(why.say || 'Not saved: the desk does not answer. It is tried again.', true);
			if (!why.say) later(AGAIN_MS);
		});
	}
	function later(ms) {
		if (!timer) timer = setTimeout(function () { timer = 0; if (dirty) keep(); }, ms);
	}
	function changed() {
		dirty = true;
		if (kept.className !== 'err') say('not saved yet');
		later(KEEP_MS);
	}
	form.addEventListener('input', function (e) {
		if (e.target.name === 'subject') document.getElementById('subject-chars').textContent = Array.from(e.target.value.trim()).length;
		if (['view', 'add', 'find', 'to'].indexOf(e.target.name) < 0) changed();
	});
	form.addEventListener('submit', function () { leaving = true; });
	window.addEventListener('beforeunload', function (e) { if (dirty && !leaving) e.preventDefault(); });

	// --- the preview, size and text of what was saved: parts of this same page ---
	function show() {
		fetch(location.pathname, {credentials: 'same-origin'}).then(function (r) { return r.ok ? r.text() : Promise.reject(r.status); }).then(function (text) {
			var fresh = new DOMParser().parseFromString(text, 'text/html');
			['size', 'mail-text'].forEach(function (id) {
				var from = fresh.getElementById(id), to = document.getElementById(id);
				if (from && to) to.replaceWith(document.importNode(from, true));
			});
			var from = fresh.querySelector('.inbox'), to = document.querySelector('.inbox');
			if (from && to) to.replaceWith(document.importNode(from, true));
			['mail', 'mail-dark'].forEach(function (id) {
				var frame = document.getElementById(id);
				if (frame) frame.src = frame.getAttribute('src');
			});
		}, function () { });
	}

	// --- the order ---
	function number() {
		Array.from(list.children).forEach(function (item, i, all) {
			item.querySelector('.num').textContent = i + 1;
			item.querySelector('[value^="up-"]').disabled = i === 0;
			item.querySelector('[value^="down-"]').disabled = i === all.length - 1;
		});
	}
	function moved(focus) {
		number();
		changed();
		if (focus && !focus.disabled) focus.focus();
	}
	list.addEventListener('click', function (e) {
		var button = e.target.closest('button'), item = button && button.closest('li');
		if (!item) return;
		var verb = button.value.split('-')[0];
		if (verb === 'up' && item.previousElementSibling) list.insertBefore(item, item.previousElementSibling);
		else if (verb === 'down' && item.nextElementSibling) list.insertBefore(item.nextElementSibling, item);
		else return; // × goes to the server: the story is offered again there
		e.preventDefault();
		moved(button);
	});
	Array.from(list.children).forEach(function (item) {
		item.draggable = true;
		item.addEventListener('dragstart', function (e) {
			if (e.target.closest('input')) { e.preventDefault(); return; }
			dragged = item;
			e.dataTransfer.effectAllowed = 'move';
			e.dataTransfer.setData('text/plain', item.dataset.id);
		});
		item.addEventListener('dragover', function (e) {
			if (!dragged || dragged === item) return;
			e.preventDefault();
			var box = item.getBoundingClientRect();
			list.insertBefore(dragged, e.clientY < box.top + box.height / 2 ? item : item.nextElementSibling);
		});
		item.addEventListener('drop', function (e) { e.preventDefault(); });
		item.addEventListener('dragend', function () { if (dragged) { dragged = null; moved(null); } });
	});
	Array.from(list.querySelectorAll('input')).forEach(function (input) { // words can be marked in a line that is in a draggable
		input.addEventListener('focus', function () { input.closest('li').draggable = false; });
		input.addEventListener('blur', function () { input.closest('li').draggable = true; });
	});
})();

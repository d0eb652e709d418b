// photo.js: the focal point by a click on the picture, progress without loading the page again, the Markdown of a picture as its
// words are typed, a file that is too large said before it is sent. Everything works without it.
// SPDX-License-Identifier: ISC
(function () {
	'use strict';
	var pane = document.querySelector('[data-focal]');
	function place(x, y) {
		var now = document.getElementById('as-now');
		now.value = x + ' ' + y;
		now.checked = true;
		pane.querySelectorAll('circle').forEach(function (c) { c.setAttribute('cx', x + '%'); c.setAttribute('cy', y + '%'); });
		document.querySelectorAll('.crops img').forEach(function (img) { img.style.objectPosition = x + '% ' + y + '%'; });
	}
	if (pane) {
		pane.classList.add('js');
		pane.addEventListener('click', function (e) {
			var box = pane.getBoundingClientRect();
			if (e.target.closest('label') && e.detail === 0) return; // the keyboard chose a cell
			e.preventDefault();
			place(Math.max(0, Math.min(100, Math.round((e.clientX - box.left) * 100 / box.width))), Math.max(0, Math.min(100, Math.round((e.clientY - box.top) * 100 / box.height))));
		});
		pane.addEventListener('change', function (e) {
			var at = e.target.value.split(' ');
			if (e.target.id !== 'as-now' && at.length === 2) {
				pane.querySelectorAll('circle').forEach(function (c) { c.setAttribute('cx', at[0] + '%'); c.setAttribute('cy', at[1] + '%'); });
				document.querySelectorAll('.crops img').forEach(function (img) { img.style.objectPosition = at[0] + '% ' + at[1] + '%'; });
			}
		});
	}
	function escaped(text, signs) {
		return text.trim().replace(/[\u0000-\u001f]/g, ' ').replace(signs, '\\$&');
	}
	document.querySelectorAll('[data-picture]').forEach(function (form) {
		var out = form.querySelector('[readonly]');
		form.addEventListener('input', function () {
			var caption = escaped(form.elements.caption.value, /[\\"&]/g), credit = escaped(form.elements.credit.value, /[\\"&]/g);
			if (caption && credit && !/[.!?…؟。][”»)]?$/.test(caption)) caption += '.';
			out.value = '![' + escaped(form.elements.alt.value, /[\\[\]*_`<>~&!^]/g) + '](photo:' + form.dataset.picture +
				(caption || credit ? ' "' + (caption && credit ? caption + ' ' + credit : caption || credit) + '"' : '') + ')';
		});
		out.addEventListener('focus', function () { out.select(); });
	});
	var file = document.getElementById('file');
	if (file) file.addEventListener('change', function () {
		var big = file.files[0] && file.files[0].size > +file.dataset.cap;
		file.setCustomValidity(big ? 'This file is larger than mimeo takes. Save a smaller copy and choose that one.' : '');
		if (big) file.reportValidity();
	});
	function again() {
		fetch(location.pathname, {credentials: 'same-origin'}).then(function (r) { return r.ok ? r.text() : ''; }).then(function (text) {
			var fresh = new DOMParser().parseFromString(text, 'text/html'), to = document.getElementById('making'), from = fresh.getElementById('making');
			if (to && from) to.textContent = from.textContent; else if (to) to.parentNode.remove();
			if (from) setTimeout(again, 700);
		}, function () { setTimeout(again, 2000); });
	}
	if (document.querySelector('[data-photo-live]')) setTimeout(again, 500);
})();

/* coupon.js: Continue says what it is for and, while the payment page is asked for, that it is at work. Nothing needs it.
 * SPDX-License-Identifier: ISC */
(function () {
	"use strict";
	var coupon = document.getElementById("support"), form = coupon && coupon.querySelector("form[action*=continue]");
	if (!form)
		return;
	var go = form.querySelector(".go"), plain = go.textContent, busy = false;

	/* The amount as the page writes it; empty where one was typed: whoever typed it sees it. */
	function amount(set) {
		var own = set.querySelector(".own input"), picked = set.querySelector(":checked"), lines = set.querySelectorAll(".share");
		var is_own = own.value.trim() !== "";
		if (is_own || !picked)
			return "";
		var at = Array.prototype.indexOf.call(set.querySelectorAll("[type=radio]"), picked);
		if (form.elements.cover && form.elements.cover.checked)
			return lines[at] ? lines[at].dataset.with : "";
		return picked.nextElementSibling.textContent;
	}

	function say() {
		var often = form.querySelector("[name=freq]:checked"), sum = often && amount(form.querySelector(".p-" + often.value));
		go.textContent = sum && !go.dataset.other ? often.dataset.say.replace("{amount}", sum) : plain;
	}

	form.addEventListener("input", say);
	form.addEventListener("submit", function (event) {
		if (busy) {
			event.preventDefault();
			return;
		}
		busy = true;
		go.textContent = go.dataset.wait;
		setTimeout(function () { /* after its own name and value were taken along */
			form.querySelectorAll("button").forEach(function (button) { button.disabled = true; });
		});
	});
	addEventListener("pageshow", function () { /* also when somebody comes back with the browser's button */
		busy = false;
		form.querySelectorAll("button").forEach(function (button) { button.disabled = false; });
		say();
	});
}());

/* coupon.js: in a coupon, Continue says what it is for and that it is at work; on stories, which have no bytes to spare for it, this also
 * says what the fee takes, offers to add it, and shows the goal. Nothing needs it: the support page has all of that without.
 * The bake puts the newsroom's figures and each language's words behind it: say(words).
 * SPDX-License-Identifier: ISC */
function say(all) {
	"use strict";
	var coupon = document.getElementById("support"), form = coupon && coupon.querySelector("form[action*=continue]");
	var words = all.words[document.documentElement.lang] || all.words[all.otherwise], busy = false;
	if (!form || !words)
		return;
	var go = form.querySelector(".go"), plain = go.textContent, cover = form.elements.cover, line = null;

	function fee(minor) { return Math.min(Math.floor((minor * all.fee[0] + 5000) / 10000) + all.fee[1], minor); }

	/* What is paid so that all of the amount is left. */
	function covered(minor) {
		var sum = Math.floor((minor + all.fee[1]) * 10000 / (10000 - all.fee[0]));
		while (sum > minor && sum - 1 - fee(sum - 1) >= minor)
			sum--;
		while (sum - fee(sum) < minor)
			sum++;
		return sum;
	}

	/* As `like`, an amount that the page wrote, is written. */
	function money(minor, like, is_short) {
		var unit = Math.pow(10, all.digits), text = minor % unit === 0 && is_short ? String(minor / unit) : (minor / unit).toFixed(all.digits);
		return like.replace(/\d[\d.,\s]*\d|\d/, text.replace(".", words.point));
	}

	function set_of(often) { return form.querySelector(".p-" + often.value); }

	/* The picked amount; null where one was typed: whoever typed it sees it. */
	function picked(often) {
		var set = set_of(often), one = set.querySelector(":checked");
		return set.querySelector(".own input").value.trim() || !one ? null : {minor: +one.value, text: one.nextElementSibling.textContent};
	}

	function tell() {
		var often = form.querySelector("[name=freq]:checked"), one = often && picked(often);
		var adds = one && cover && cover.checked && all.fee;
		go.textContent = !one || go.dataset.other ? plain
			: words[often.value].replace("{amount}", adds ? money(covered(one.minor), one.text, true) : one.text);
		if (!line)
			return;
		line.hidden = !one;
		if (one) {
			var taken = fee(one.minor), share = Math.floor((taken * 100 + one.minor / 2) / one.minor);
			line.textContent = (taken === 0 ? words.none : share === 0 ? words.little : words.share).replace("{amount}", one.text)
				.replace("{fee}", money(taken, one.text, false)).replace("{share}", share);
		}
	}

	/* On a story: a line, and a box. */
	function add_fee() {
		var label = document.createElement("label"), before = form.querySelector(".safe");
		line = document.createElement("p");
		line.className = "fine";
		line.style.marginBlockStart = ".5rem";
		cover = document.createElement("input");
		cover.type = "checkbox";
		cover.name = "cover";
		cover.value = "1";
		cover.style.cssText = "width:1.25rem;min-height:1.25rem;flex:none";
		label.style.cssText = "display:flex;gap:.75rem;align-items:center;font-weight:400;min-height:3rem;margin:.5rem 0 0";
		label.append(cover, words.cover);
		before.before(line, label);
	}

	function add_goal() {
		var figure = document.createElement("figure"), caption = document.createElement("figcaption"), image = document.createElement("img");
		var letter = coupon.parentNode.querySelector(".letter"), script = document.querySelector("script[src$='coupon.js']");
		caption.textContent = words.goal;
		image.src = script.src.replace(/coupon\.js$/, "support/goal.svg");
		image.alt = words.alt;
		image.style.cssText = "background:none;max-width:30rem;aspect-ratio:60/7";
		figure.style.marginBlockStart = "1rem";
		figure.append(caption, image);
		letter.append(figure);
	}

	if (all.fee && !cover && all.fee[0] + all.fee[1] > 0)
		add_fee();
	if (words.goal && !document.querySelector(".goal") && coupon.parentNode.querySelector(".letter"))
		add_goal();
	form.addEventListener("input", tell);
	form.addEventListener("submit", function (event) {
		if (busy) {
			event.preventDefault();
			return;
		}
		busy = true;
		go.textContent = words.wait;
		setTimeout(function () { /* after its own name and value were taken along */
			form.querySelectorAll("button").forEach(function (button) { button.disabled = true; });
		});
	});
	addEventListener("pageshow", function () { /* also when somebody comes back with the browser's button */
		busy = false;
		form.querySelectorAll("button").forEach(function (button) { button.disabled = false; });
		tell();
	});
}

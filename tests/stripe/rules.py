"""rules: what a request to Stripe may hold, and in which words Stripe refuses the rest.

Decides whether a form's parameters are taken (names, shapes, limits: one nested table per call). Leaves to shapes.py what comes of them
and to server.py the wire. The hard thing: Stripe names a fault by the parameter's bracketed path, so every check carries it.

SPDX-License-Identifier: ISC
"""
import re
from urllib.parse import parse_qsl, urlsplit

VERSION = "2026-07-29.dahlia"

CURRENCIES = set("""usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jpy kes kgs
khr kmf krw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php
pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx uyu uzs vnd vuv wst
xaf xcd xof xpf yer zar zmw""".split())
# The least that a charge may be, in minor units (docs: "Minimum and maximum charge amounts").
MINIMUM = {"usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
           "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200,
           "ron": 200, "sek": 300, "sgd": 50, "thb": 1000}
ZERO_DECIMAL = set("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())
MAXIMUM = 99999999
LOCALES = """auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru
sk sl sv th tr vi zh zh-HK zh-TW""".split()


class Refused(Exception):
    """An answer with Stripe's error shape."""

    def __init__(self, status, message, kind="invalid_request_error", code=None, param=None, **more):
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": kind}
        if code:
            self.error["code"] = code
            self.error["doc_url"] = "https://stripe.com/docs/error-codes/" + code.replace("_", "-")
        if param:
            self.error["param"] = param
        self.error.update(more)


# --- the form -------------------------------------------------------------------------------------------------------

def parse_form(text):
    """a[b][0][c]=v as nested dicts; a list is a dict whose keys are all numbers (Stripe numbers or leaves them empty)."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), encoding="utf-8", errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise Refused(400, "Invalid request: the body is not a form, or not UTF-8.")
    root = {}
    for key, value in pairs:
        match = re.fullmatch(r"([^\[\]]+)((?:\[[^\[\]]*\])*)", key)
        if not match:
            raise Refused(400, "Received unknown parameter: %s" % key, code="parameter_unknown", param=key)
        path = [match.group(1)] + re.findall(r"\[([^\[\]]*)\]", match.group(2))
        at = root
        for i, part in enumerate(path):
            if part == "":
                part = str(len(at))
            if i == len(path) - 1:
                if isinstance(at.get(part), dict):
                    raise Refused(400, "Invalid object", code="parameter_invalid", param=key)
                at[part] = value
            else:
                at = at.setdefault(part, {})
                if not isinstance(at, dict):
                    raise Refused(400, "Invalid object", param=key)
    return root


# --- kinds of value ----------------------------------------------------------------------------------------------------

def text(most=5000, empty=False):
    def check(value, path):
        if not isinstance(value, str):
            raise Refused(400, "Invalid string: %s" % brief(value), param=path)
        if value == "" and not empty:
            raise Refused(400, "You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however "
                          "'%s' cannot be unset. You should remove '%s' from your request or supply a non-empty value." % (path, path, path),
                          code="parameter_invalid_empty", param=path)
        if len(value) > most:
            raise Refused(400, "Invalid string: %s…; must be at most %d characters" % (value[:20], most), param=path)
        return value
    return check


def integer(least=None, most=None, code=None):
    def check(value, path):
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,15}", value):
            raise Refused(400, "Invalid integer: %s" % brief(value), code="parameter_invalid_integer", param=path)
        number = int(value)
        if least is not None and number < least:
            raise Refused(400, "This value must be greater than or equal to %d." % least, code="parameter_invalid_integer", param=path)
        if most is not None and number > most:
            raise Refused(400, "This value must be less than or equal to %d." % most, code=code or "parameter_invalid_integer", param=path)
        return number
    return check


def boolean(value, path):
    if value not in ("true", "false"):
        raise Refused(400, "Invalid boolean: %s" % brief(value), param=path)
    return value == "true"


def one_of(*words):
    def check(value, path):
        if value not in words:
            listed = words[0] if len(words) == 1 else ", ".join(words[:-1]) + (", or " if len(words) > 2 else " or ") + words[-1]
            raise Refused(400, "Invalid %s: must be one of %s" % (path, listed), param=path)
        return value
    return check


def currency(value, path):
    value = text()(value, path).lower()
    if value not in CURRENCIES:
        raise Refused(400, "Invalid currency: %s. Stripe currently supports these currencies: %s" % (value, ", ".join(sorted(CURRENCIES))), param=path)
    return value


def url(value, path):
    value = text(5000)(value, path)
    parts = urlsplit(value.replace("{CHECKOUT_SESSION_ID}", "x"))
    if not parts.scheme:
        raise Refused(400, "Invalid URL: An explicit scheme (such as https) must be provided.", code="url_invalid", param=path)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s<>\"\\]", value):
        raise Refused(400, "Not a valid URL", code="url_invalid", param=path)
    return value


def email(value, path):
    value = text(512)(value, path)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value):
        raise Refused(400, "Invalid email address: %s" % value, code="email_invalid", param=path)
    return value


def metadata(value, path):
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise Refused(400, "Invalid object", param=path)
    if len(value) > 50:
        raise Refused(400, "Metadata can have at most 50 keys.", param=path)
    for key, one in value.items():
        if len(key) > 40:
            raise Refused(400, "Metadata keys can be at most 40 characters.", param="%s[%s]" % (path, key))
        if not isinstance(one, str):
            raise Refused(400, "Metadata values must be strings, but for key \"%s\" you passed in a value of type \"hash\"" % key, param="%s[%s]" % (path, key))
        if len(one) > 500:
            raise Refused(400, "Metadata values can have up to 500 characters, but you passed in a value that is %d characters. "
                          "Invalid value: %s" % (len(one), one[:60]), param="%s[%s]" % (path, key))
    return {key: one for key, one in value.items() if one != ""}


def many(kind, most=100):
    def check(value, path):
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise Refused(400, "Invalid array", param=path)
        if len(value) > most:
            raise Refused(400, "Array %s exceeded maximum %d allowed elements." % (path, most), param=path)
        return [check_value(kind, value[key], "%s[%s]" % (path, key)) for key in sorted(value, key=int)]
    return check


class UNREHEARSED:
    """Stripe knows the parameter, the rehearsal does not act it out: refused aloud rather than ignored."""


def brief(value):
    return value[:60] if isinstance(value, str) else "(hash)"


def check_value(kind, value, path):
    if isinstance(kind, dict):
        if not isinstance(value, dict):
            raise Refused(400, "Invalid object", param=path)
        return check_params(kind, value, path)
    if kind is UNREHEARSED:
        raise Refused(400, "The rehearsal server does not act out '%s' (Stripe knows it)." % path, code="rehearsal_unsupported", param=path)
    return kind(value, path)


def check_params(table, given, path=""):
    """Names ending in ! are required."""
    known = {name.rstrip("!"): kind for name, kind in table.items()}
    out = {}

    def full(name):
        return "%s[%s]" % (path, name) if path else name
    for name in given:
        if name not in known:
            raise Refused(400, "Received unknown parameter: %s" % full(name), code="parameter_unknown", param=full(name))
    for name in table:
        if name.endswith("!") and name[:-1] not in given:
            raise Refused(400, "Missing required param: %s." % full(name[:-1]), code="parameter_missing", param=full(name[:-1]))
    for name, value in given.items():
        out[name] = check_value(known[name], value, full(name))
    return out


# --- the tables -----------------------------------------------------------------------------------------------------------

EXPAND = many(text(), 20)
PRICE_DATA = {
    "currency!": currency,
    "product": UNREHEARSED,
    "product_data": {"name!": text(5000), "description": text(40000), "images": many(url, 8), "metadata": metadata, "tax_code": text(),
                     "unit_label": text()},
    "recurring": {"interval!": one_of("day", "month", "week", "year"), "interval_count": integer(1, 1095)},
    "tax_behavior": one_of("exclusive", "inclusive", "unspecified"),
    "unit_amount": integer(0, MAXIMUM),
    "unit_amount_decimal": UNREHEARSED,
}
SESSION_CREATE = {
    "mode": one_of("payment", "setup", "subscription"),
    "line_items": many({"price": text(), "price_data": PRICE_DATA, "quantity": integer(0, 999999), "adjustable_quantity": UNREHEARSED,
                        "metadata": metadata, "tax_rates": UNREHEARSED}),
    "success_url": url, "cancel_url": url,
    "client_reference_id": text(200), "customer_email": email, "metadata": metadata,
    "locale": one_of(*LOCALES), "submit_type": one_of("auto", "book", "donate", "pay", "subscribe"),
    "expires_at": integer(), "currency": currency, "expand": EXPAND,
    "customer_creation": one_of("always", "if_required"),
    "payment_method_types": many(text(60), 60),
    "billing_address_collection": one_of("auto", "required"),
    "phone_number_collection": {"enabled!": boolean},
    "allow_promotion_codes": boolean,
    "automatic_tax": {"enabled!": boolean, "liability": UNREHEARSED},
    "custom_text": {"after_submit": {"message!": text(1200)}, "shipping_address": {"message!": text(1200)},
                    "submit": {"message!": text(1200)}, "terms_of_service_acceptance": {"message!": text(1200)}},
    "payment_intent_data": {"description": text(1000), "metadata": metadata, "statement_descriptor": text(22),
                            "statement_descriptor_suffix": text(22), "receipt_email": email,
                            "capture_method": one_of("automatic", "automatic_async", "manual"),
                            "setup_future_usage": one_of("off_session", "on_session"), "application_fee_amount": UNREHEARSED,
                            "on_behalf_of": UNREHEARSED, "shipping": UNREHEARSED, "transfer_data": UNREHEARSED, "transfer_group": UNREHEARSED},
    "subscription_data": {"description": text(500), "metadata": metadata, "trial_period_days": UNREHEARSED, "trial_end": UNREHEARSED,
                          "application_fee_percent": UNREHEARSED, "billing_cycle_anchor": UNREHEARSED, "default_tax_rates": UNREHEARSED,
                          "billing_cycle_anchor_config": UNREHEARSED, "billing_mode": UNREHEARSED, "invoice_settings": UNREHEARSED,
                          "on_behalf_of": UNREHEARSED, "proration_behavior": UNREHEARSED, "transfer_data": UNREHEARSED,
                          "pending_invoice_item_interval": UNREHEARSED, "trial_settings": UNREHEARSED},
    "payment_method_collection": one_of("always", "if_required"),
    "ui_mode": one_of("elements", "embedded_page", "form", "hosted_page"),
}
for _name in """adaptive_pricing after_expiration allowed_payment_method_types branding_settings consent_collection custom_fields customer
customer_account customer_update discounts excluded_payment_method_types integration_identifier invoice_creation managed_payments
name_collection optional_items origin_context payment_method_configuration payment_method_data payment_method_options permissions
redirect_on_completion return_url saved_payment_method_options setup_intent_data shipping_address_collection shipping_options
tax_id_collection wallet_options""".split():
    SESSION_CREATE[_name] = UNREHEARSED

REFUND_CREATE = {"amount": integer(1, MAXIMUM), "charge": text(), "payment_intent": text(), "metadata": metadata, "expand": EXPAND,
                 "reason": one_of("duplicate", "fraudulent", "requested_by_customer"), "currency": UNREHEARSED, "customer": UNREHEARSED,
                 "instructions_email": UNREHEARSED, "origin": UNREHEARSED, "refund_application_fee": UNREHEARSED, "reverse_transfer": UNREHEARSED}
SUBSCRIPTION_CANCEL = {
    "expand": EXPAND, "invoice_now": boolean, "prorate": boolean,
    "cancellation_details": {"comment": text(5000, empty=True), "feedback": one_of(
        "", "customer_service", "low_quality", "missing_features", "other", "switched_service", "too_complex", "too_expensive", "unused")}}
SUBSCRIPTION_UPDATE = {
    "expand": EXPAND, "metadata": metadata, "proration_behavior": one_of("always_invoice", "create_prorations", "none"),
    "items": many({"id": text(), "quantity": integer(0), "price": UNREHEARSED, "price_data": {
        "currency!": currency, "product!": text(), "recurring!": PRICE_DATA["recurring"], "unit_amount!": integer(0, MAXIMUM), "unit_amount_decimal": UNREHEARSED,
        "tax_behavior": one_of("exclusive", "inclusive", "unspecified")}}, 20),
    "pause_collection": lambda value, path: {} if value == "" else check_value(
        {"behavior!": one_of("keep_as_draft", "mark_uncollectible", "void"), "resumes_at": integer()}, value, path),
    "cancel_at_period_end": UNREHEARSED, "default_payment_method": UNREHEARSED, "trial_end": UNREHEARSED, "billing_cycle_anchor": UNREHEARSED}
PORTAL_CREATE = {"customer!": text(), "return_url": url, "locale": one_of(*LOCALES), "configuration": text(), "flow_data": UNREHEARSED,
                 "on_behalf_of": UNREHEARSED, "expand": EXPAND}
RETRIEVE = {"expand": EXPAND}
EXPIRE = {"expand": EXPAND}
LIST = {"limit": integer(1, 100), "starting_after": text(), "ending_before": text(), "expand": EXPAND}
EVENT_LIST = dict(LIST, type=text(), types=many(text(), 20), delivery_success=boolean,
                  created=lambda value, path: check_value({k: integer() for k in ("gt", "gte", "lt", "lte")}, value, path)
                  if isinstance(value, dict) else integer()(value, path))
BALANCE_LIST = dict(LIST, payout=text(), source=text(), currency=currency, type=text())
REFUND_LIST = dict(LIST, charge=text(), payment_intent=text())
INVOICE_PAYMENT_LIST = dict(LIST, invoice=text(), status=one_of("canceled", "open", "paid"), payment={
    "type!": one_of("payment_intent", "payment_record"), "payment_intent": text(), "payment_record": UNREHEARSED})


def money(amount, code):
    return "%d %s" % (amount, code) if code in ZERO_DECIMAL else "%d.%02d %s" % (amount // 100, amount % 100, code)


def check_session(given, now):
    """The form of POST /v1/checkout/sessions, checked; adds what Stripe fills in."""
    p = check_params(SESSION_CREATE, given)
    mode = p.get("mode")
    if p.get("ui_mode", "hosted_page") != "hosted_page":
        raise Refused(400, "The rehearsal server only acts out ui_mode hosted_page.", code="rehearsal_unsupported", param="ui_mode")
    if mode == "setup":
        raise Refused(400, "The rehearsal server does not act out mode setup.", code="rehearsal_unsupported", param="mode")
    if "success_url" not in p:
        raise Refused(400, "Missing required param: success_url.", code="parameter_missing", param="success_url")
    if mode is None:
        raise Refused(400, "Missing required param: mode.", code="parameter_missing", param="mode")
    items = p.get("line_items")
    if not items:
        raise Refused(400, "Missing required param: line_items." if items is None else "You must provide at least one line item.",
                      code="parameter_missing", param="line_items")
    seen = set()
    total = 0
    recurring = 0
    for i, item in enumerate(items):
        at = "line_items[%d]" % i
        if "price" in item and "price_data" in item:
            raise Refused(400, "You may only specify one of these parameters: price, price_data.", param=at)
        if "price" in item:
            raise Refused(400, "No such price: '%s'" % item["price"], code="resource_missing", param=at + "[price]")
        if "price_data" not in item:
            raise Refused(400, "Missing required param: %s[price]." % at, code="parameter_missing", param=at + "[price]")
        price = item["price_data"]
        if "product_data" not in price:
            raise Refused(400, "You must specify either `product` or `product_data` when creating a price.", code="parameter_missing", param=at + "[price_data]")
        if "unit_amount" not in price:
            raise Refused(400, "`%s[price_data]` must have `unit_amount` or `unit_amount_decimal`." % at, code="parameter_missing", param=at + "[price_data][unit_amount]")
        if "quantity" not in item:
            raise Refused(400, "Quantity is required. Add `quantity` to `%s`" % at, param=at + "[quantity]")
        if item["quantity"] < 1:
            raise Refused(400, "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param=at + "[quantity]")
        seen.add(price["currency"])
        total += price["unit_amount"] * item["quantity"]
        recurring += "recurring" in price
        a_year = {"day": 365, "week": 52, "month": 12, "year": 1}.get(price.get("recurring", {}).get("interval"))
        if a_year and price["recurring"].get("interval_count", 1) > 3 * a_year:
            raise Refused(400, "The maximum billing interval is three years.", param=at + "[price_data][recurring][interval_count]")
    if len(seen) > 1:
        raise Refused(400, "All line items must have the same currency.", param="line_items")
    if mode == "payment" and recurring:
        raise Refused(400, "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only "
                      "one-time prices.", param="line_items[0][price_data][recurring]")
    if mode == "subscription" and not recurring:
        raise Refused(400, "You must provide at least one recurring price in `subscription` mode when using prices.", param="mode")
    if mode == "subscription":
        for name in ("payment_intent_data", "customer_creation"):
            if name in p:
                raise Refused(400, "You can not pass `%s` in `subscription` mode." % name, param=name)
        if p.get("submit_type") in ("book", "donate"):
            raise Refused(400, "Invalid submit_type: `%s` can not be used in `subscription` mode." % p["submit_type"], param="submit_type")
    else:
        for name in ("subscription_data", "payment_method_collection"):
            if name in p:
                raise Refused(400, "You can not pass `%s` in `%s` mode." % (name, mode), param=name)
        if p.get("submit_type") == "subscribe":
            raise Refused(400, "Invalid submit_type: `subscribe` can only be used in `subscription` mode.", param="submit_type")
    code = seen.pop()
    if total < MINIMUM.get(code, 1):
        raise Refused(400, "The Checkout Session's total amount due must add up to at least %s" % money(MINIMUM.get(code, 1), code), code="amount_too_small")
    if total > MAXIMUM:
        raise Refused(400, "The Checkout Session's total amount due must be no more than %s" % money(MAXIMUM, code), code="amount_too_large")
    if "expires_at" in p and not now + 30 * 60 <= p["expires_at"] <= now + 24 * 3600:
        raise Refused(400, "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.", param="expires_at")
    for word in p.get("payment_method_types", []):
        if word not in ("card", "sepa_debit", "us_bank_account", "bacs_debit", "paypal", "link", "ideal", "bancontact"):
            raise Refused(400, "Invalid payment_method_types: unknown type %s" % word, param="payment_method_types")
    p["_currency"], p["_total"] = code, total
    return p

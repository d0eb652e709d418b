"""paypal: a rehearsal of PayPal: OAuth, Orders v2, Payments v2 refunds, Subscriptions v1, webhooks signed with a certificate. No money.

Decides what a request may hold and in which words PayPal refuses the rest (developer.paypal.com/api). The hard thing: an order that was
approved has not moved money yet; only its capture does, once, and a second try with the same PayPal-Request-Id answers the same.

SPDX-License-Identifier: ISC
"""
import base64
import datetime
import json
import os
import re
import subprocess
import tempfile
import time
import zlib
from urllib.parse import parse_qs

from wire import Refused, Wrong, anything, boolean, integer, items, new_id, one_of, shape, text, url

CURRENCIES = set("AUD BRL CAD CNY CZK DKK EUR HKD HUF ILS JPY MYR MXN TWD NZD NOK PHP PLN GBP SGD SEK CHF THB USD".split())
WHOLE = set("HUF JPY TWD".split())


def amount(value, path):
    shape(currency_code_=text(3, r"[A-Z]{3}"), value_=text(32), breakdown=anything)(value, path)
    if value["currency_code"] not in CURRENCIES:
        raise Wrong(path + "/currency_code", "CURRENCY_NOT_SUPPORTED", "Currency code is not supported")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value["value"]):
        raise Wrong(path + "/value", "INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format")
    part = value["value"].partition(".")[2]
    if (value["currency_code"] in WHOLE and part) or len(part) > 2:
        raise Wrong(path + "/value", "DECIMAL_PRECISION", "The value of the field should not be more than two decimal places")
    if float(value["value"]) <= 0:
        raise Wrong(path + "/value", "CANNOT_BE_ZERO_OR_NEGATIVE", "Must be greater than zero")
    return value


LOCALE = text(10, r"[a-z]{2}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
ORDER = shape(intent_=one_of("CAPTURE", "AUTHORIZE"),
              purchase_units_=items(shape(reference_id=text(256), description=text(127), custom_id=text(255), invoice_id=text(127), soft_descriptor=text(22), amount_=amount), 1, 10),
              payment_source=shape(paypal=shape(experience_context=shape(
                  brand_name=text(127), locale=LOCALE, shipping_preference=one_of("GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"),
                  landing_page=one_of("LOGIN", "GUEST_CHECKOUT", "NO_PREFERENCE", "BILLING"), user_action=one_of("CONTINUE", "PAY_NOW"),
                  payment_method_preference=one_of("UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED"), return_url_=url, cancel_url_=url))))
SUBSCRIPTION = shape(plan_id_=text(50, r"P-[A-Z0-9]+"), custom_id=text(127), quantity=text(32), start_time=text(64),
                     application_context=shape(brand_name=text(127), locale=LOCALE, shipping_preference=one_of("GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"),
                                               user_action=one_of("CONTINUE", "SUBSCRIBE_NOW"), return_url_=url, cancel_url_=url),
                     plan=shape(billing_cycles_=items(shape(sequence_=integer(1, 99), total_cycles=integer(0, 999), pricing_scheme_=shape(fixed_price_=amount)), 1, 12)))
REFUND = shape(amount=amount, custom_id=text(127), invoice_id=text(127), note_to_payer=text(255))
CANCEL = shape(reason_=text(128))


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def minor(money):
    return int(money["value"]) if money["currency_code"] in WHOLE else round(float(money["value"]) * 100)


def written(value, code):
    return {"currency_code": code, "value": "%d" % value if code in WHOLE else "%d.%02d" % divmod(value, 100)}


class Paypal:
    def __init__(self, options):
        self.client, self.client_secret, self.webhook, self.public = options.paypal_client, options.paypal_secret, options.paypal_webhook, options.public_url
        self.plans = {options.paypal_plan_monthly: "MONTH", options.paypal_plan_annual: "YEAR"}
        self.tokens, self.kept = {}, {}
        self.orders, self.captures, self.refunds, self.subscriptions, self.disputes, self.events = {}, {}, {}, {}, {}, []
        self.ahead = 0
        self.send = lambda event: None
        self.folder = tempfile.mkdtemp(prefix="mimeo-paypal-")
        self.cert_id = "CERT-" + new_id("", 8, "0123456789abcdef")
        self.make_key("good", "messageverificationcerts.paypal.com")

    def make_key(self, name, subject):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/O=PayPal rehearsal/CN=" + subject, "-keyout",
                        os.path.join(self.folder, name + ".key"), "-out", os.path.join(self.folder, name + ".pem")], check=True, stderr=subprocess.DEVNULL)

    def now(self):
        return int(time.time()) + self.ahead

    def certificate(self, name="good"):
        with open(os.path.join(self.folder, name + ".pem"), "rb") as file:
            return file.read()

    # --- webhooks ----------------------------------------------------------------------------------------------------------------------

    def emit(self, kind, resource_type, resource, summary=""):
        event = {"id": new_id("WH-"), "event_version": "1.0", "create_time": stamp(self.now()), "resource_type": resource_type, "resource_version": "2.0",
                 "event_type": kind, "summary": summary or kind, "resource": json.loads(json.dumps(resource)),
                 "links": [{"href": self.public + "/v1/notifications/webhooks-events/", "rel": "self", "method": "GET"}]}
        event = {"id": event["id"], "payload": event}
        self.events.append(event)
        self.send(event)
        return event

    def make(self, event, attempt, key="good", webhook=None, at=None, cert_url=None):
        body = json.dumps(event["payload"], separators=(",", ":")).encode()
        return body, self.sign(body, key, webhook, at, cert_url)

    def sign(self, body, key="good", webhook=None, at=None, cert_url=None):
        transmission, when = new_id("", 36, "0123456789abcdef-"), stamp(at if at is not None else self.now())
        base = "%s|%s|%s|%d" % (transmission, when, webhook or self.webhook, zlib.crc32(body))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", os.path.join(self.folder, key + ".key")], input=base.encode(), stdout=subprocess.PIPE, check=True).stdout
        return {"PAYPAL-TRANSMISSION-ID": transmission, "PAYPAL-TRANSMISSION-TIME": when, "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
                "PAYPAL-CERT-URL": cert_url or "%s/v1/notifications/certs/%s" % (self.public, self.cert_id), "PAYPAL-AUTH-ALGO": "SHA256withRSA"}

    # --- the API -----------------------------------------------------------------------------------------------------------------------

    def refuse(self, status, name, said, issue=None, path=None):
        details = [{"issue": issue, "description": said, **({"field": path} if path else {})}] if issue else []
        raise Refused(status, {"name": name, "message": said, "debug_id": new_id("", 13, "0123456789abcdef"), "details": details, "links": []})

    def token(self, headers, body):
        kind, _, rest = (headers.get("Authorization") or "").partition(" ")
        try:
            given = base64.b64decode(rest).decode() if kind.lower() == "basic" else ""
        except ValueError:
            given = ""
        if given != "%s:%s" % (self.client, self.client_secret):
            raise Refused(401, {"error": "invalid_client", "error_description": "Client Authentication failed"})
        if parse_qs(body).get("grant_type") != ["client_credentials"]:
            raise Refused(400, {"error": "unsupported_grant_type", "error_description": "Grant Type is NULL"})
        token = new_id("A21AA", 40)
        self.tokens[token] = self.now() + 32400
        return 200, {"scope": "https://uri.paypal.com/services/payments/payment", "access_token": token, "token_type": "Bearer", "app_id": "APP-REHEARSAL",
                     "expires_in": 32400, "nonce": stamp(self.now())}

    def answer(self, method, parts, headers, body):
        if (method, *parts) == ("POST", "v1", "oauth2", "token"):
            return self.token(headers, body)
        if method == "GET" and parts[:3] == ["v1", "notifications", "certs"]:
            if parts[3:] != [self.cert_id]:
                raise Refused(404, {"name": "RESOURCE_NOT_FOUND", "message": "no such certificate"})
            return 200, self.certificate()
        given = (headers.get("Authorization") or "").partition(" ")[2]
        if self.tokens.get(given, 0) < self.now():
            raise Refused(401, {"error": "invalid_token", "error_description": "Token signature verification failed"})
        asked = None
        if method == "POST":
            if headers.get_content_type() != "application/json":
                self.refuse(415, "UNSUPPORTED_MEDIA_TYPE", "The server does not support the request payload's media type.")
            try:
                asked = json.loads(body) if body else {}
            except ValueError:
                self.refuse(400, "INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema.", "MALFORMED_REQUEST_JSON")
        key = headers.get("PayPal-Request-Id")
        if method == "POST" and key and (key, tuple(parts)) in self.kept:
            return self.kept[key, tuple(parts)]
        try:
            out = self.route(method, parts, asked)
        except Wrong as wrong:
            status = 422 if wrong.issue in ("CURRENCY_NOT_SUPPORTED", "DECIMAL_PRECISION", "CANNOT_BE_ZERO_OR_NEGATIVE") else 400
            self.refuse(status, "UNPROCESSABLE_ENTITY" if status == 422 else "INVALID_REQUEST", str(wrong), wrong.issue, wrong.path)
        if method == "POST" and key:
            self.kept[key, tuple(parts)] = out
        return out

    def route(self, method, parts, asked):
        match (method, *parts):
            case ("POST", "v2", "checkout", "orders"):
                return 201, self.create_order(ORDER(asked))
            case ("GET", "v2", "checkout", "orders", order_id):
                return 200, self.shown(self.find(self.orders, order_id))
            case ("POST", "v2", "checkout", "orders", order_id, "capture"):
                return 201, self.capture(self.find(self.orders, order_id))
            case ("POST", "v2", "payments", "captures", capture_id, "refund"):
                return 201, self.refund(self.find(self.captures, capture_id), REFUND(asked))
            case ("GET", "v2", "payments", "captures", capture_id):
                return 200, self.shown(self.find(self.captures, capture_id))
            case ("POST", "v1", "billing", "subscriptions"):
                return 201, self.create_subscription(SUBSCRIPTION(asked))
            case ("GET", "v1", "billing", "subscriptions", subscription_id):
                return 200, self.shown(self.find(self.subscriptions, subscription_id))
            case ("POST", "v1", "billing", "subscriptions", subscription_id, ("cancel" | "suspend" | "activate") as what):
                self.change(self.find(self.subscriptions, subscription_id), what, CANCEL(asked))
                return 204, None
        self.refuse(404, "RESOURCE_NOT_FOUND", "The specified resource does not exist.")

    def find(self, where, thing_id):
        if thing_id not in where:
            self.refuse(404, "RESOURCE_NOT_FOUND", "The specified resource does not exist.", "INVALID_RESOURCE_ID")
        return where[thing_id]

    def link(self, rel, path, method="GET"):
        return {"href": self.public + path, "rel": rel, "method": method}

    def create_order(self, asked):
        order_id = new_id("", 17)
        order = {"id": order_id, "intent": asked["intent"], "status": "PAYER_ACTION_REQUIRED", "create_time": stamp(self.now()),
                 "payment_source": {"paypal": {}}, "purchase_units": [dict(unit, reference_id=unit.get("reference_id", "default")) for unit in asked["purchase_units"]],
                 "links": [self.link("self", "/v2/checkout/orders/" + order_id), self.link("payer-action", "/checkoutnow?token=" + order_id)]}
        self.orders[order_id] = order
        context = asked.get("payment_source", {}).get("paypal", {}).get("experience_context")
        if context is None:
            order["status"] = "CREATED"
        order["_context"] = context or {}
        return self.shown(order)

    def fee(self, gross):
        return gross * 29 // 1000 + 30

    def capture(self, order):
        if order["status"] == "COMPLETED":
            self.refuse(422, "UNPROCESSABLE_ENTITY", "Order already captured.", "ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            self.refuse(422, "UNPROCESSABLE_ENTITY", "Payer has not yet approved the Order for payment.", "ORDER_NOT_APPROVED")
        if order.get("_declined"):
            self.refuse(422, "UNPROCESSABLE_ENTITY", "The instrument presented was either declined by the processor or bank.", "INSTRUMENT_DECLINED")
        unit = order["purchase_units"][0]
        gross, code = minor(unit["amount"]), unit["amount"]["currency_code"]
        capture = {"id": new_id("", 17), "status": "COMPLETED", "amount": {k: unit["amount"][k] for k in ("currency_code", "value")}, "final_capture": True,
                   "seller_receivable_breakdown": {"gross_amount": written(gross, code), "paypal_fee": written(self.fee(gross), code), "net_amount": written(gross - self.fee(gross), code)},
                   "supplementary_data": {"related_ids": {"order_id": order["id"]}}, "create_time": stamp(self.now()), "update_time": stamp(self.now())}
        if "custom_id" in unit:
            capture["custom_id"] = unit["custom_id"]
        capture["links"] = [self.link("self", "/v2/payments/captures/" + capture["id"]), self.link("up", "/v2/checkout/orders/" + order["id"])]
        self.captures[capture["id"]] = capture
        order["status"] = "COMPLETED"
        unit["payments"] = {"captures": [capture]}
        self.emit("PAYMENT.CAPTURE.COMPLETED", "capture", capture)
        return {"id": order["id"], "status": "COMPLETED", "payer": order["payer"], "payment_source": order["payment_source"], "purchase_units": [{"reference_id": "default", "payments": {"captures": [capture]}}]}

    def refund(self, capture, asked):
        code, whole = capture["amount"]["currency_code"], minor(capture["amount"])
        given = sum(minor(one["amount"]) for one in self.refunds.values() if one["_capture"] == capture["id"])
        wanted = minor(asked["amount"]) if "amount" in asked else whole - given
        if given >= whole:
            self.refuse(422, "UNPROCESSABLE_ENTITY", "The capture has already been fully refunded.", "CAPTURE_FULLY_REFUNDED")
        if given + wanted > whole or asked.get("amount", {}).get("currency_code", code) != code:
            self.refuse(422, "UNPROCESSABLE_ENTITY", "The refund amount must be less than or equal to the capture amount that has not yet been refunded.", "REFUND_AMOUNT_EXCEEDED")
        out = {"id": new_id("", 17), "status": "COMPLETED", "amount": written(wanted, code), "create_time": stamp(self.now()), "update_time": stamp(self.now()),
               "seller_payable_breakdown": {"gross_amount": written(wanted, code), "paypal_fee": written(0, code), "net_amount": written(wanted, code),
                                            "total_refunded_amount": written(given + wanted, code)}, "_capture": capture["id"]}
        if "custom_id" in capture:
            out["custom_id"] = capture["custom_id"]
        out["links"] = [self.link("self", "/v2/payments/refunds/" + out["id"]), self.link("up", "/v2/payments/captures/" + capture["id"])]
        capture["status"] = "REFUNDED" if given + wanted == whole else "PARTIALLY_REFUNDED"
        self.refunds[out["id"]] = out
        out = {name: value for name, value in out.items() if name != "_capture"}
        self.emit("PAYMENT.CAPTURE.REFUNDED", "refund", out)
        return out

    def create_subscription(self, asked):
        if asked["plan_id"] not in self.plans:
            self.refuse(404, "RESOURCE_NOT_FOUND", "The specified resource does not exist.", "INVALID_RESOURCE_ID", "/plan_id")
        subscription_id = new_id("I-", 12)
        price = (asked.get("plan") or {"billing_cycles": [{"pricing_scheme": {"fixed_price": written(100, "USD")}}]})["billing_cycles"][0]["pricing_scheme"]["fixed_price"]
        one = {"id": subscription_id, "status": "APPROVAL_PENDING", "plan_id": asked["plan_id"], "create_time": stamp(self.now()), "quantity": "1",
               "links": [self.link("approve", "/webapps/billing/subscriptions?ba_token=" + subscription_id), self.link("self", "/v1/billing/subscriptions/" + subscription_id)]}
        if "custom_id" in asked:
            one["custom_id"] = asked["custom_id"]
        self.subscriptions[subscription_id] = one
        one["_context"], one["_price"] = asked.get("application_context", {}), price
        return self.shown(one)

    def shown(self, one):
        return {name: value for name, value in one.items() if not name.startswith("_")}

    def change(self, one, what, asked):
        allowed = {"cancel": ("ACTIVE", "SUSPENDED"), "suspend": ("ACTIVE",), "activate": ("SUSPENDED",)}[what]
        if one["status"] not in allowed:
            self.refuse(422, "UNPROCESSABLE_ENTITY", "Invalid subscription status for %s action; subscription status should be %s." % (what, " or ".join(allowed).lower()), "SUBSCRIPTION_STATUS_INVALID")
        one["status"] = {"cancel": "CANCELLED", "suspend": "SUSPENDED", "activate": "ACTIVE"}[what]
        kind = {"cancel": "CANCELLED", "suspend": "SUSPENDED", "activate": "ACTIVATED"}[what]
        self.emit("BILLING.SUBSCRIPTION." + kind, "subscription", self.shown(one))

    @staticmethod
    def payer(asked):
        """Who holds the account that pays, as PayPal tells the one who is paid."""
        given, _, family = asked.get("name", "").rpartition(" ")
        return {"name": {"given_name": given or "Nadia", "surname": family or "Payer"}, "email_address": asked.get("email") or "payer@rehearsal.example", "payer_id": new_id("", 13)}

    # --- payers and time -------------------------------------------------------------------------------------------------------------------

    def charge(self, one):
        gross, code = minor(one["_price"]), one["_price"]["currency_code"]
        sale = {"id": new_id("", 17), "state": "completed", "amount": {"total": one["_price"]["value"], "currency": code, "details": {"subtotal": one["_price"]["value"]}},
                "payment_mode": "INSTANT_TRANSFER", "transaction_fee": {"value": written(self.fee(gross), code)["value"], "currency": code},
                "billing_agreement_id": one["id"], "create_time": stamp(self.now()), "update_time": stamp(self.now())}
        if "custom_id" in one:
            sale["custom"] = one["custom_id"]
        self.captures[sale["id"]] = {"id": sale["id"], "status": "COMPLETED", "amount": one["_price"], "_sale": True}
        self.emit("PAYMENT.SALE.COMPLETED", "sale", sale)
        return sale

    def rehearse(self, what, thing_id, asked):
        """approve, decline (approved, then the bank says no), subscribe, month (time passes), fail, dispute, resolve."""
        if what in ("approve", "decline"):
            order = self.find(self.orders, thing_id)
            if order["status"] not in ("CREATED", "PAYER_ACTION_REQUIRED"):
                self.refuse(409, "CONFLICT", "It was approved already.")
            order["status"], order["_declined"] = "APPROVED", what == "decline"
            payer = order["payer"] = self.payer(asked)
            order["payment_source"] = {"paypal": {"name": payer["name"], "email_address": payer["email_address"], "account_id": payer["payer_id"], "account_status": "VERIFIED"}}
            self.emit("CHECKOUT.ORDER.APPROVED", "checkout-order", self.shown(order))
            return self.shown(order)
        if what == "subscribe":
            one = self.find(self.subscriptions, thing_id)
            if one["status"] != "APPROVAL_PENDING":
                self.refuse(409, "CONFLICT", "It was approved already.")
            one["status"], one["subscriber"] = "ACTIVE", self.payer(asked)
            self.emit("BILLING.SUBSCRIPTION.ACTIVATED", "subscription", self.shown(one))
            self.charge(one)
            return self.shown(one)
        if what == "month":
            return self.charge(self.find(self.subscriptions, thing_id))
        if what == "fail":
            one = self.find(self.subscriptions, thing_id)
            self.emit("BILLING.SUBSCRIPTION.PAYMENT.FAILED", "subscription", dict(self.shown(one), billing_info={
                "outstanding_balance": one["_price"], "failed_payments_count": 1, "last_failed_payment": {"amount": one["_price"], "time": stamp(self.now()), "reason_code": "PAYMENT_DENIED",
                                                                                                           "next_payment_retry_time": stamp(self.now() + 5 * 86400)}}))
            return self.shown(one)
        if what == "dispute":
            capture = self.find(self.captures, thing_id)
            dispute = {"dispute_id": new_id("PP-R-", 10), "create_time": stamp(self.now()), "update_time": stamp(self.now()), "reason": "UNAUTHORISED", "status": "WAITING_FOR_SELLER_RESPONSE",
                       "disputed_transactions": [{"seller_transaction_id": thing_id, "custom": capture.get("custom_id", "")}], "dispute_amount": capture["amount"],
                       "dispute_life_cycle_stage": "CHARGEBACK", "seller_response_due_date": stamp(self.now() + 10 * 86400)}
            self.disputes[dispute["dispute_id"]] = dispute
            self.emit("CUSTOMER.DISPUTE.CREATED", "dispute", dispute)
            return dispute
        if what == "resolve":
            dispute = self.find(self.disputes, thing_id)
            dispute.update(status="RESOLVED", update_time=stamp(self.now()), dispute_outcome={"outcome_code": asked.get("outcome", "RESOLVED_SELLER_FAVOUR"), "amount_refunded": dispute["dispute_amount"]})
            self.emit("CUSTOMER.DISPUTE.RESOLVED", "dispute", dispute)
            return dispute
        if what == "refund":
            return self.refund(self.find(self.captures, thing_id), {})
        self.refuse(404, "RESOURCE_NOT_FOUND", "no such rehearsal")

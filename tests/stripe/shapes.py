"""shapes: Stripe's objects at the pinned version, and what paying, renewing, refunding and disputing do to them.

Decides which objects exist, with every key that the version has, and which events follow from what. Leaves checking of forms to
rules.py, sending of events to webhooks.py and the wire to server.py. One World is one account; the caller holds its lock.
The hard thing: since version "basil" an invoice no longer names its subscription or its charge at the top: it is
parent.subscription_details, and an invoice_payment object in between.

SPDX-License-Identifier: ISC
"""
import calendar
import copy
import secrets
import string
import time

from later import Later
from rules import Refused, VERSION

ALPHABET = string.ascii_letters + string.digits
ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}
CARD_FEE = (290, 30)      # 2.9 % in hundredths of a percent, and 30 minor units
BANK_FEE = (80, 0)


def new_id(prefix, length=24):
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))


def listed(data, url):
    return {"object": "list", "data": data, "has_more": False, "url": url}


class World(Later):
    def __init__(self, public_url, offset=0):
        self.public_url = public_url
        self.offset = offset          # seconds that this world's clock is ahead
        self.objects = {}             # id -> object, in order of birth
        self.events = []              # newest last
        self.replies = {}             # idempotency key -> (digest, status, body)
        self.asked = {}               # session id -> the checked form
        self.names = {}               # who typed a name beside that address at the page to pay at
        self.paid_out = {}            # balance transaction id -> payout id
        self.send = lambda event: None

    def now(self):
        return int(time.time()) + self.offset

    # --- keeping ------------------------------------------------------------------------------------------------

    def keep(self, thing):
        self.objects[thing["id"]] = thing
        return thing

    def find(self, kind, thing_id, param="id"):
        thing = self.objects.get(thing_id)
        if thing is None or thing["object"] != kind:
            raise Refused(404, "No such %s: '%s'" % (kind, thing_id), code="resource_missing", param=param)
        return thing

    def all(self, kind):
        return [thing for thing in reversed(list(self.objects.values())) if thing["object"] == kind]

    def event(self, kind, thing, before=None):
        data = {"object": copy.deepcopy(thing)}
        if before is not None:
            data["previous_attributes"] = before
        event = {"id": new_id("evt_"), "object": "event", "api_version": VERSION, "created": self.now(), "data": data, "livemode": False,
                 "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}, "type": kind}
        self.events.append(event)
        self.send(event)
        return event

    # --- checkout -------------------------------------------------------------------------------------------------

    def create_session(self, p):
        now = self.now()
        session_id = new_id("cs_test_a1", 56)
        total, code, mode = p["_total"], p["_currency"], p["mode"]
        texts = p.get("custom_text", {})
        session = {
            "id": session_id, "object": "checkout.session", "adaptive_pricing": {"enabled": False} if mode == "payment" else None,
            "after_expiration": None, "allow_promotion_codes": p.get("allow_promotion_codes"), "amount_subtotal": total, "amount_total": total,
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "billing_address_collection": p.get("billing_address_collection"), "cancel_url": p.get("cancel_url"),
            "client_reference_id": p.get("client_reference_id"), "client_secret": None,
            "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
            "consent": None, "consent_collection": None, "created": now, "currency": code, "currency_conversion": None, "custom_fields": [],
            "custom_text": {k: texts.get(k) for k in ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")},
            "customer": None, "customer_account": None,
            "customer_creation": p.get("customer_creation", "if_required") if mode == "payment" else "always",
            "customer_details": self.details(p["customer_email"]) if "customer_email" in p else None, "customer_email": p.get("customer_email"),
            "discounts": [], "expires_at": p.get("expires_at", now + 24 * 3600), "integration_identifier": None, "invoice": None,
            "invoice_creation": {"enabled": False, "invoice_data": {
                "account_tax_ids": None, "custom_fields": None, "description": None, "footer": None, "issuer": None, "metadata": {},
                "rendering_options": None}} if mode == "payment" else None,
            "livemode": False, "locale": p.get("locale"), "managed_payments": None, "metadata": p.get("metadata", {}), "mode": mode,
            "origin_context": None, "payment_intent": None, "payment_link": None,
            "payment_method_collection": p.get("payment_method_collection", "always") if mode == "subscription" else "if_required",
            "payment_method_configuration_details": None, "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": p.get("payment_method_types", ["card", "us_bank_account"] if code == "usd" else ["card"]),
            "payment_status": "unpaid", "permissions": None, "phone_number_collection": p.get("phone_number_collection", {"enabled": False}),
            "recovered_from": None, "saved_payment_method_options": None, "setup_intent": None, "shipping_address_collection": None,
            "shipping_cost": None, "shipping_options": [], "status": "open", "submit_type": p.get("submit_type"), "subscription": None,
            "success_url": p["success_url"], "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page", "url": "%s/pay/%s" % (self.public_url, session_id), "wallet_options": None,
        }
        self.asked[session_id] = p
        return self.keep(session)

    def details(self, email):
        return {"address": dict(ADDRESS), "business_name": None, "email": email, "individual_name": None, "name": self.names.get(email), "phone": None,
                "tax_exempt": "none", "tax_ids": []}

    def expire_old(self):
        """Sessions end by themselves at expires_at."""
        for session in self.all("checkout.session"):
            if session["status"] == "open" and session["expires_at"] <= self.now():
                self.expire_session(session)

    def expire_session(self, session):
        if session["status"] != "open":
            raise Refused(400, "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `%s`." % session["status"])
        session["status"], session["url"] = "expired", None
        self.event("checkout.session.expired", session)
        return session

    def pay(self, session, email="", by_bank=False, name=None):
        """The human at the payment page agrees. The money of a bank debit comes later, by settle()."""
        if session["status"] != "open":
            raise Refused(400, "This Checkout Session is %s." % session["status"])
        p = self.asked[session["id"]]
        email = email or session["customer_email"] or "giver@rehearsal.example"
        self.names[email] = name or None
        code, total = session["currency"], session["amount_total"]
        session["customer_details"] = self.details(email)
        session["status"], session["url"] = "complete", None
        if session["mode"] == "payment":
            if session["customer_creation"] == "always":
                session["customer"] = self.create_customer(email)["id"]
            intent = self.create_intent(total, code, p.get("payment_intent_data", {}), session["customer"], by_bank)
            session["payment_intent"] = intent["id"]
            charge = None if by_bank else self.charge(intent, email, by_bank)
            session["payment_status"] = "unpaid" if by_bank else "paid"
        else:
            customer = self.create_customer(email)
            session["customer"] = customer["id"]
            subscription = self.create_subscription(p, code, customer, by_bank)
            session["subscription"] = subscription["id"]
            session["payment_status"] = "unpaid" if by_bank else "paid"
            invoice, charge = self.bill(subscription, "subscription_create", email, by_bank)
            session["invoice"] = invoice["id"]
        self.event("checkout.session.completed", session)
        if charge:
            self.book(charge)
        return session

    def settle(self, session, succeeds=True):
        """The bank's answer to a payment that was promised at the page."""
        if session["status"] != "complete" or session["payment_status"] != "unpaid":
            raise Refused(400, "This Checkout Session does not wait for a bank.")
        email = session["customer_details"]["email"]
        if not succeeds:
            if session["payment_intent"]:
                intent = self.objects[session["payment_intent"]]
                intent["status"] = "requires_payment_method"
                self.event("payment_intent.payment_failed", intent)
            self.event("checkout.session.async_payment_failed", session)
            return session
        session["payment_status"] = "paid"
        if session["mode"] == "payment":
            charge = self.charge(self.objects[session["payment_intent"]], email, True)
        else:
            subscription = self.objects[session["subscription"]]
            charge = self.pay_invoice(self.objects[session["invoice"]], subscription, email, True)
        self.event("checkout.session.async_payment_succeeded", session)
        self.book(charge)
        return session

    # --- people, intents, charges -----------------------------------------------------------------------------------

    def create_customer(self, email):
        customer = self.keep({
            "id": new_id("cus_", 14), "object": "customer", "address": None, "balance": 0, "created": self.now(), "currency": None,
            "default_source": None, "delinquent": False, "description": None, "discount": None, "email": email,
            "invoice_prefix": secrets.token_hex(4).upper(), "invoice_settings": {"custom_fields": None, "default_payment_method": None,
                                                                                 "footer": None, "rendering_options": None},
            "livemode": False, "metadata": {}, "name": self.names.get(email), "next_invoice_sequence": 1, "phone": None, "preferred_locales": [],
            "shipping": None, "tax_exempt": "none", "test_clock": None})
        self.event("customer.created", customer)
        return customer

    def create_intent(self, amount, code, data, customer, by_bank):
        intent_id = new_id("pi_3")
        return self.keep({
            "id": intent_id, "object": "payment_intent", "amount": amount, "amount_capturable": 0, "amount_details": {"tip": {}},
            "amount_received": 0, "application": None, "application_fee_amount": None, "automatic_payment_methods": None,
            "canceled_at": None, "cancellation_reason": None, "capture_method": "automatic_async", "client_secret": new_id(intent_id + "_secret_"),
            "confirmation_method": "automatic", "created": self.now(), "currency": code, "customer": customer, "customer_account": None,
            "description": data.get("description"), "excluded_payment_method_types": None, "last_payment_error": None, "latest_charge": None,
            "livemode": False, "managed_payments": None, "metadata": dict(data.get("metadata", {})), "next_action": None, "on_behalf_of": None,
            "payment_method": new_id("pm_1"), "payment_method_configuration_details": None, "payment_method_options": {},
            "payment_method_types": ["us_bank_account" if by_bank else "card"], "processing": None, "receipt_email": data.get("receipt_email"),
            "review": None, "setup_future_usage": data.get("setup_future_usage"), "shipping": None, "source": None,
            "statement_descriptor": data.get("statement_descriptor"), "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
            "status": "processing" if by_bank else "requires_payment_method", "transfer_data": None, "transfer_group": None})

    def charge(self, intent, email, by_bank):
        """Money is taken: the intent succeeds. The balance transaction comes a moment later, by book()."""
        now = self.now()
        charge_id = new_id("ch_3")
        card = {
            "amount_authorized": intent["amount"], "authorization_code": "123456", "brand": "visa",
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}, "country": "US", "exp_month": 12,
            "exp_year": 2034, "extended_authorization": {"status": "disabled"}, "fingerprint": "rehearsal0000000", "funding": "credit",
            "incremental_authorization": {"status": "unavailable"}, "installments": None, "last4": "4242", "mandate": None,
            "multicapture": {"status": "unavailable"}, "network": "visa", "network_token": {"used": False}, "network_transaction_id": None,
            "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"}, "regulated_status": "unregulated",
            "three_d_secure": None, "transaction_link_id": None, "wallet": None}
        bank = {"account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK", "fingerprint": "rehearsal0000000",
                "last4": "6789", "mandate": new_id("mandate_1"), "payment_reference": None, "routing_number": "110000000"}
        charge = self.keep({
            "id": charge_id, "object": "charge", "amount": intent["amount"], "amount_captured": intent["amount"], "amount_refunded": 0,
            "application": None, "application_fee": None, "application_fee_amount": None, "balance_transaction": None,
            "billing_details": {"address": dict(ADDRESS), "email": email, "name": self.names.get(email), "phone": None, "tax_id": None},
            "calculated_statement_descriptor": "REHEARSAL", "captured": True, "created": now, "currency": intent["currency"],
            "customer": intent["customer"], "description": intent["description"], "disputed": False, "failure_balance_transaction": None,
            "failure_code": None, "failure_message": None, "fraud_details": {}, "livemode": False, "metadata": dict(intent["metadata"]),
            "on_behalf_of": None, "outcome": {"advice_code": None, "network_advice_code": None, "network_decline_code": None,
                                              "network_status": "approved_by_network", "reason": None, "risk_level": "normal", "risk_score": 12,
                                              "seller_message": "Payment complete.", "type": "authorized"},
            "paid": True, "payment_intent": intent["id"], "payment_method": intent["payment_method"],
            "payment_method_details": {"type": "us_bank_account", "us_bank_account": bank} if by_bank else {"type": "card", "card": card},
            "receipt_email": intent["receipt_email"], "receipt_number": None, "receipt_url": "%s/receipt/%s" % (self.public_url, charge_id),
            "refunded": False, "refunds": listed([], "/v1/charges/%s/refunds" % charge_id), "review": None, "shipping": None, "source": None, "source_transfer": None,
            "statement_descriptor": intent["statement_descriptor"], "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
            "status": "succeeded", "transfer_data": None, "transfer_group": None})
        intent["status"], intent["amount_received"], intent["latest_charge"] = "succeeded", intent["amount"], charge_id
        self.event("payment_intent.succeeded", intent)
        self.event("charge.succeeded", charge)
        return charge

    def movement(self, kind, source, amount, code, fee, words, category=None):
        """A balance transaction: what reaches the account, with the fee."""
        now = self.now()
        return self.keep({
            "id": new_id("txn_3"), "object": "balance_transaction", "amount": amount, "available_on": now + 2 * 86400, "balance_type": "payments",
            "created": now, "currency": code, "description": words, "exchange_rate": None, "fee": fee,
            "fee_details": [{"amount": fee, "application": None, "currency": code, "description": "Stripe processing fees", "type": "stripe_fee"}] if fee else [],
            "net": amount - fee, "reporting_category": category or kind, "source": source, "status": "pending", "type": kind})

    def book(self, charge):
        by_bank = charge["payment_method_details"]["type"] != "card"
        rate, fixed = BANK_FEE if by_bank else CARD_FEE
        fee = min((charge["amount"] * rate + 5000) // 10000 + fixed, charge["amount"])
        moved = self.movement("payment" if by_bank else "charge", charge["id"], charge["amount"], charge["currency"], fee, charge["description"], "charge")
        charge["balance_transaction"] = moved["id"]
        self.event("charge.updated", charge, {"balance_transaction": None, "receipt_url": None})

    # --- subscriptions and invoices -----------------------------------------------------------------------------------

    def create_subscription(self, p, code, customer, by_bank):
        now = self.now()
        sub_id = new_id("sub_1")
        items = []
        for item in p["line_items"]:
            price = item["price_data"]
            if "recurring" not in price:
                continue
            every, count = price["recurring"]["interval"], price["recurring"].get("interval_count", 1)
            product, price_id, amount = new_id("prod_", 14), new_id("price_1"), price["unit_amount"]
            items.append({
                "id": new_id("si_", 14), "object": "subscription_item", "billing_thresholds": None, "created": now,
                "current_period_end": self.later(now, every, count), "current_period_start": now, "discounts": [], "metadata": {},
                "plan": {"id": price_id, "object": "plan", "active": False, "amount": amount, "amount_decimal": str(amount), "billing_scheme": "per_unit",
                         "created": now, "currency": code, "interval": every, "interval_count": count, "livemode": False, "metadata": {}, "meter": None,
                         "nickname": None, "product": product, "tiers_mode": None, "transform_usage": None, "trial_period_days": None, "usage_type": "licensed"},
                "price": {"id": price_id, "object": "price", "active": False, "billing_scheme": "per_unit", "created": now, "currency": code,
                          "custom_unit_amount": None, "livemode": False, "lookup_key": None, "metadata": {}, "nickname": None, "product": product,
                          "recurring": {"interval": every, "interval_count": count, "meter": None, "trial_period_days": None, "usage_type": "licensed"},
                          "tax_behavior": price.get("tax_behavior", "unspecified"), "tiers_mode": None, "transform_quantity": None, "type": "recurring",
                          "unit_amount": amount, "unit_amount_decimal": str(amount)},
                "quantity": item["quantity"], "subscription": sub_id, "tax_rates": []})
        data = p.get("subscription_data", {})
        subscription = self.keep({
            "id": sub_id, "object": "subscription", "application": None, "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None}, "billing_cycle_anchor": now,
            "billing_cycle_anchor_config": None, "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"}, "billing_schedules": [],
            "billing_thresholds": None, "cancel_at": None, "cancel_at_period_end": False, "canceled_at": None,
            "cancellation_details": {"comment": None, "feedback": None, "reason": None}, "collection_method": "charge_automatically", "created": now,
            "currency": code, "customer": customer["id"], "customer_account": None, "days_until_due": None, "default_payment_method": new_id("pm_1"),
            "default_source": None, "default_tax_rates": [], "description": data.get("description"), "discounts": [], "ended_at": None,
            "invoice_settings": {"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None, "issuer": {"type": "self"}},
            "items": listed(items, "/v1/subscription_items?subscription=" + sub_id), "latest_invoice": None, "livemode": False, "managed_payments": None,
            "metadata": dict(data.get("metadata", {})), "next_pending_invoice_item_invoice": None, "on_behalf_of": None, "pause_collection": None,
            "payment_settings": {"payment_method_options": None, "payment_method_types": ["us_bank_account"] if by_bank else ["card"],
                                 "save_default_payment_method": "off"},
            "pending_invoice_item_interval": None, "pending_setup_intent": None, "pending_update": None, "schedule": None, "start_date": now,
            "status": "active", "test_clock": None, "transfer_data": None, "trial_end": None,
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}}, "trial_start": None})
        self.payment_method(subscription["default_payment_method"], customer["id"])
        self.event("customer.subscription.created", subscription)
        return subscription

    @staticmethod
    def later(start, every, count):
        """The same day of a later month or year, or its last day."""
        if every in ("day", "week"):
            return start + count * 86400 * (7 if every == "week" else 1)
        t = time.gmtime(start)
        months = t.tm_year * 12 + t.tm_mon - 1 + count * (12 if every == "year" else 1)
        year, month = divmod(months, 12)
        day = min(t.tm_mday, calendar.monthrange(year, month + 1)[1])
        return calendar.timegm((year, month + 1, day, t.tm_hour, t.tm_min, t.tm_sec))

    def bill(self, subscription, why, email, by_bank=False, succeeds=True):
        """One period's invoice; paid at once unless a bank is to answer first."""
        now = self.now()
        invoice_id = new_id("in_1")
        lines, total = [], 0
        for item in subscription["items"]["data"]:
            amount = item["price"]["unit_amount"] * item["quantity"]
            total += amount
            lines.append({
                "id": new_id("il_1"), "object": "line_item", "amount": amount, "currency": subscription["currency"],
                "description": "%d × contribution" % item["quantity"], "discount_amounts": [], "discountable": True, "discounts": [],
                "invoice": invoice_id, "livemode": False, "metadata": dict(subscription["metadata"]),
                "parent": {"invoice_item_details": None, "subscription_item_details": {
                    "invoice_item": None, "proration": False, "proration_details": {"credited_items": None}, "subscription": subscription["id"],
                    "subscription_item": item["id"]}, "type": "subscription_item_details"},
                "period": {"end": item["current_period_end"], "start": item["current_period_start"]}, "pretax_credit_amounts": [],
                "pricing": {"price_details": {"price": item["price"]["id"], "product": item["price"]["product"]}, "type": "price_details",
                            "unit_amount_decimal": item["price"]["unit_amount_decimal"]},
                "quantity": item["quantity"], "quantity_decimal": str(item["quantity"]), "subscription": subscription["id"], "subtotal": amount, "taxes": []})
        customer = self.objects[subscription["customer"]]
        invoice = self.keep({
            "id": invoice_id, "object": "invoice", "account_country": "US", "account_name": "Rehearsal", "account_tax_ids": None, "amount_due": total,
            "amount_overpaid": 0, "amount_paid": 0, "amount_remaining": total, "amount_shipping": 0, "application": None, "attempt_count": 0,
            "attempted": False, "auto_advance": True, "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
            "automatically_finalizes_at": None, "billing_reason": why, "collection_method": "charge_automatically", "created": now,
            "currency": subscription["currency"], "custom_fields": None, "customer": customer["id"], "customer_account": None, "customer_address": None,
            "customer_email": customer["email"], "customer_name": customer["name"], "customer_phone": None, "customer_shipping": None, "customer_tax_exempt": "none",
            "customer_tax_ids": [], "default_payment_method": None, "default_source": None, "default_tax_rates": [], "description": None, "discounts": [],
            "due_date": None, "effective_at": now, "ending_balance": 0, "footer": None, "from_invoice": None,
            "hosted_invoice_url": "%s/invoice/%s" % (self.public_url, invoice_id), "invoice_pdf": None, "issuer": {"type": "self"},
            "last_finalization_error": None, "latest_revision": None, "lines": listed(lines, "/v1/invoices/%s/lines" % invoice_id), "livemode": False,
            "metadata": {}, "next_payment_attempt": None, "number": "%s-%04d" % (customer["invoice_prefix"], customer["next_invoice_sequence"]),
            "on_behalf_of": None, "parent": {"quote_details": None, "subscription_details": {
                "metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}, "type": "subscription_details"},
            "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
            "period_end": now, "period_start": now, "post_payment_credit_notes_amount": 0, "pre_payment_credit_notes_amount": 0, "receipt_number": None,
            "rendering": None, "shipping_cost": None, "shipping_details": None, "starting_balance": 0, "statement_descriptor": None, "status": "open",
            "status_transitions": {"finalized_at": now, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None}, "subtotal": total,
            "subtotal_excluding_tax": total, "test_clock": None, "total": total, "total_discount_amounts": [], "total_excluding_tax": total,
            "total_pretax_credit_amounts": [], "total_taxes": [], "webhooks_delivered_at": now})
        customer["next_invoice_sequence"] += 1
        subscription["latest_invoice"] = invoice_id
        intent = self.create_intent(total, subscription["currency"], {"description": "Subscription creation" if why == "subscription_create" else "Subscription update"},
                                    customer["id"], by_bank)
        self.keep({"id": new_id("inpay_1"), "object": "invoice_payment", "amount_paid": None, "amount_requested": total, "created": now,
                   "currency": subscription["currency"], "invoice": invoice_id, "is_default": True, "livemode": False,
                   "payment": {"payment_intent": intent["id"], "type": "payment_intent"}, "status": "open",
                   "status_transitions": {"canceled_at": None, "paid_at": None}})
        self.event("invoice.created", invoice)
        self.event("invoice.finalized", invoice)
        if not succeeds:
            invoice["attempted"], invoice["attempt_count"], invoice["next_payment_attempt"] = True, 1, now + 3 * 86400
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = {"advice_code": "try_again_later", "code": "card_declined", "decline_code": "insufficient_funds",
                                            "doc_url": "https://stripe.com/docs/error-codes/card-declined", "message": "Your card has insufficient funds.",
                                            "type": "card_error"}
            subscription["status"] = "past_due"
            self.event("payment_intent.payment_failed", intent)
            self.event("invoice.payment_failed", invoice)
            self.event("customer.subscription.updated", subscription, {"status": "active"})
            return invoice, None
        if by_bank:
            return invoice, None
        return invoice, self.pay_invoice(invoice, subscription, email, by_bank)

    def pay_invoice(self, invoice, subscription, email, by_bank):
        now = self.now()
        payment = next(t for t in self.all("invoice_payment") if t["invoice"] == invoice["id"])
        charge = self.charge(self.objects[payment["payment"]["payment_intent"]], email, by_bank)
        invoice.update(status="paid", attempted=True, attempt_count=1, amount_paid=invoice["amount_due"], amount_remaining=0, auto_advance=False)
        invoice["status_transitions"]["paid_at"] = now
        payment.update(status="paid", amount_paid=invoice["amount_due"])
        payment["status_transitions"]["paid_at"] = now
        self.event("invoice.paid", invoice)
        self.event("invoice.payment_succeeded", invoice)
        self.event("invoice_payment.paid", payment)
        return charge

    def advance(self, subscription, succeeds=True):
        """The next period begins: for tests that cannot wait a month."""
        if subscription["status"] == "canceled":
            raise Refused(400, "A canceled subscription has no next period.")
        for item in subscription["items"]["data"]:
            every, count = item["price"]["recurring"]["interval"], item["price"]["recurring"]["interval_count"]
            item["current_period_start"] = item["current_period_end"]
            item["current_period_end"] = self.later(item["current_period_end"], every, count)
        invoice, charge = self.bill(subscription, "subscription_cycle", self.objects[subscription["customer"]]["email"], False, succeeds)
        if charge:
            self.event("customer.subscription.updated", subscription, {"latest_invoice": None})
            self.book(charge)
        return invoice

    def cancel(self, subscription, p):
        if subscription["status"] == "canceled":
            raise Refused(404, "No such subscription: '%s'" % subscription["id"], code="resource_missing", param="id")
        now = self.now()
        asked = p.get("cancellation_details", {})
        subscription.update(status="canceled", canceled_at=now, ended_at=now)
        subscription["cancellation_details"] = {"comment": asked.get("comment") or None, "feedback": asked.get("feedback") or None, "reason": "cancellation_requested"}
        self.event("customer.subscription.deleted", subscription)
        return subscription

    # --- money going back -----------------------------------------------------------------------------------------------

    def refund(self, p):
        if ("charge" in p) == ("payment_intent" in p):
            raise Refused(400, "One of the following params should be provided for this request: payment_intent or charge." if "charge" not in p
                          else "You may only specify one of these parameters: charge, payment_intent.", code=None if "charge" in p else "parameter_missing")
        if "charge" in p:
            charge = self.find("charge", p["charge"], "charge")
        else:
            intent = self.find("payment_intent", p["payment_intent"], "payment_intent")
            if not intent["latest_charge"]:
                raise Refused(400, "This PaymentIntent (%s) does not have a successful charge to refund." % intent["id"])
            charge = self.objects[intent["latest_charge"]]
        rest = charge["amount"] - charge["amount_refunded"]
        if rest == 0:
            raise Refused(400, "Charge %s has already been refunded." % charge["id"], code="charge_already_refunded")
        if charge["disputed"]:
            raise Refused(400, "This charge has been charged back; cannot issue a refund.", code="charge_disputed")
        amount = p.get("amount", rest)
        if amount > rest:
            raise Refused(400, "Refund amount ($%d.%02d) is greater than unrefunded amount on charge ($%d.%02d)" % (amount // 100, amount % 100, rest // 100, rest % 100), param="amount")
        refund_id = new_id("re_3")
        moved = self.movement("refund" if charge["payment_method_details"]["type"] == "card" else "payment_refund", refund_id, -amount, charge["currency"], 0,
                              "REFUND FOR CHARGE", "refund")
        refund = self.keep({
            "id": refund_id, "object": "refund", "amount": amount, "balance_transaction": moved["id"], "charge": charge["id"], "created": self.now(),
            "currency": charge["currency"], "customer": charge["customer"], "customer_account": None,
            "destination_details": {"card": {"reference": None, "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}, "type": "card"},
            "metadata": p.get("metadata", {}), "payment_intent": charge["payment_intent"], "payment_method": charge["payment_method"],
            "reason": p.get("reason"), "receipt_number": None, "source_transfer_reversal": None, "status": "succeeded", "transfer_reversal": None})
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        charge["refunds"]["data"].insert(0, refund)
        self.event("refund.created", refund)
        self.event("charge.refunded", charge, {"amount_refunded": charge["amount_refunded"] - amount})
        return refund

    def dispute(self, charge):
        """The giver's bank takes the money back, with a fee on top."""
        dispute_id = new_id("du_1")
        moved = self.movement("adjustment", dispute_id, -charge["amount"], charge["currency"], 1500, "Chargeback withdrawal for " + charge["id"], "dispute")
        dispute = self.keep({
            "id": dispute_id, "object": "dispute", "amount": charge["amount"], "balance_transactions": [moved], "charge": charge["id"],
            "created": self.now(), "currency": charge["currency"], "enhanced_eligibility_types": [], "evidence": dict.fromkeys(EVIDENCE),
            "evidence_details": {"due_by": self.now() + 14 * 86400, "enhanced_eligibility": {}, "has_evidence": False, "past_due": False, "submission_count": 0},
            "is_charge_refundable": False, "livemode": False, "metadata": {}, "payment_intent": charge["payment_intent"],
            "payment_method_details": {"card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "83"}, "type": "card"},
            "reason": "fraudulent", "status": "needs_response"})
        dispute["evidence"]["enhanced_evidence"] = {}
        charge["disputed"] = True
        self.event("charge.dispute.created", dispute)
        self.event("charge.dispute.funds_withdrawn", dispute)
        return dispute

    # --- expand[] ---------------------------------------------------------------------------------------------------------

    def expanded(self, thing, paths):
        """A copy with ids replaced by objects along "a.b.c"; lists are walked by "data"."""
        thing = copy.deepcopy(thing)
        for path in paths or []:
            parts = path.split(".")
            if len(parts) > (5 if parts[0] == "data" else 4):
                raise Refused(400, "You cannot expand more than 4 levels of a property. Property: %s" % path)
            self.expand_one(thing, parts, path)
        return thing

    def expand_one(self, at, parts, path):
        if isinstance(at, list):
            for one in at:
                self.expand_one(one, parts, path)
            return
        name = parts[0]
        if at.get("object") == "invoice" and name == "payments" and "payments" not in at:
            at["payments"] = listed([copy.deepcopy(t) for t in self.all("invoice_payment") if t["invoice"] == at["id"]], "/v1/invoice_payments?invoice=" + at["id"])
        elif at.get("object") == "checkout.session" and name == "line_items" and "line_items" not in at:
            at["line_items"] = listed(self.line_items(at), "/v1/checkout/sessions/%s/line_items" % at["id"])
        elif name not in at:
            raise Refused(400, "This property cannot be expanded (%s). You may want to try expanding 'data.%s' instead." % (path, path), param="expand[0]")
        elif isinstance(at[name], str):
            if at[name] not in self.objects:
                raise Refused(400, "This property cannot be expanded (%s)." % path, param="expand[0]")
            at[name] = copy.deepcopy(self.objects[at[name]])
        if len(parts) > 1 and at[name] is not None:
            self.expand_one(at[name], parts[1:], path)

    def line_items(self, session):
        out = []
        for item in self.asked[session["id"]]["line_items"]:
            price = item["price_data"]
            amount = price["unit_amount"] * item["quantity"]
            out.append({"id": new_id("li_1"), "object": "item", "adjustable_quantity": None, "amount_discount": 0, "amount_subtotal": amount, "amount_tax": 0,
                        "amount_total": amount, "currency": price["currency"], "description": price["product_data"]["name"], "metadata": {}, "price": None,
                        "quantity": item["quantity"]})
        return out


EVIDENCE = """access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal
customer_communication customer_email_address customer_name customer_purchase_ip customer_signature duplicate_charge_documentation
duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy refund_policy_disclosure
refund_refusal_explanation service_date service_documentation shipping_address shipping_carrier shipping_date shipping_documentation
shipping_tracking_number uncategorized_file uncategorized_text""".split()

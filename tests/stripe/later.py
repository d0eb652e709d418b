"""later: what happens to money after it was given: payouts, the ends of disputes, refunds that fail, cards that are refused and then not,
subscriptions that are changed, and the portal.

Decides which objects and events follow, as shapes.py does for what comes before (World inherits from Later). The hard thing: a payout
takes along every movement of the balance that no payout took before, so that their nets are its amount to the cent.

SPDX-License-Identifier: ISC
"""
import secrets

from rules import Refused

DAY = 86400


class Later:
    # --- cards ---------------------------------------------------------------------------------------------------------

    def payment_method(self, method_id, customer):
        return self.keep({
            "id": method_id, "object": "payment_method", "allow_redisplay": "unspecified",
            "billing_details": {"address": {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None},
                                "email": None, "name": None, "phone": None, "tax_id": None},
            "card": {"brand": "visa", "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}, "country": "US",
                     "display_brand": "visa", "exp_month": 12, "exp_year": 2034, "fingerprint": "rehearsal0000000", "funding": "credit", "generated_from": None,
                     "last4": "4242", "networks": {"available": ["visa"], "preferred": None}, "regulated_status": "unregulated",
                     "three_d_secure_usage": {"supported": True}, "wallet": None},
            "created": self.now(), "customer": customer, "customer_account": None, "livemode": False, "metadata": {}, "type": "card"})

    def card_until(self, subscription, year, month):
        """The card with which it is paid ends with that month."""
        method = self.find("payment_method", subscription["default_payment_method"])
        method["card"].update(exp_year=year, exp_month=month)
        return method

    def retry(self, subscription):
        """The card is tried again and taken: the open invoice is paid."""
        invoice = self.find("invoice", subscription["latest_invoice"], "invoice")
        if invoice["status"] != "open":
            raise Refused(400, "There is no open invoice.")
        charge = self.pay_invoice(invoice, subscription, self.objects[subscription["customer"]]["email"], False)
        subscription["status"] = "active"
        self.event("customer.subscription.updated", subscription, {"status": "past_due"})
        self.book(charge)
        return invoice

    def refuse_again(self, subscription):
        """The next try of the open invoice is refused as well; the fourth is the last."""
        invoice = self.find("invoice", subscription["latest_invoice"], "invoice")
        if invoice["status"] != "open" or not invoice["attempted"]:
            raise Refused(400, "There is no invoice that failed.")
        invoice["attempt_count"] += 1
        invoice["next_payment_attempt"] = self.now() + 3 * DAY if invoice["attempt_count"] < 4 else None
        self.event("invoice.payment_failed", invoice)
        return invoice

    # --- subscriptions -------------------------------------------------------------------------------------------------

    def change(self, subscription, p):
        """POST /v1/subscriptions/ID: its one item's price, or whether money is collected."""
        if subscription["status"] == "canceled":
            raise Refused(404, "No such subscription: '%s'" % subscription["id"], code="resource_missing", param="id")
        before = {}
        for asked in p.get("items", []):
            item = next((one for one in subscription["items"]["data"] if one["id"] == asked.get("id")), None)
            if item is None:
                raise Refused(400, "No such subscription_item: '%s'" % asked.get("id"), code="resource_missing", param="items[0][id]")
            price = asked["price_data"]
            if price["product"] != item["price"]["product"]:
                raise Refused(400, "No such product: '%s'" % price["product"], code="resource_missing", param="items[0][price_data][product]")
            if price["currency"] != item["price"]["currency"]:
                raise Refused(400, "The price specified supports currencies of `%s`, but this subscription uses `%s`." % (price["currency"], item["price"]["currency"]))
            amount, every = price["unit_amount"], price["recurring"]["interval"]
            before["items"] = {"data": [{"id": item["id"]}]}
            for thing, name in ((item["price"], "unit_amount"), (item["plan"], "amount")):
                thing[name], thing[name + "_decimal"] = amount, str(amount)
            item["price"]["recurring"]["interval"] = item["plan"]["interval"] = every
            item["price"]["id"] = item["plan"]["id"] = "price_1" + secrets.token_hex(10)
            item["current_period_end"] = self.later(item["current_period_start"], every, item["price"]["recurring"]["interval_count"])
        if "pause_collection" in p:
            before["pause_collection"] = subscription["pause_collection"]
            subscription["pause_collection"] = dict({"resumes_at": None}, **p["pause_collection"]) if p["pause_collection"] else None
        self.event("customer.subscription.updated", subscription, before)
        return subscription

    def portal(self, p):
        customer = self.find("customer", p["customer"], "customer")
        session_id = "bps_1" + secrets.token_hex(10)
        return self.keep({
            "id": session_id, "object": "billing_portal.session", "configuration": "bpc_1rehearsal", "created": self.now(), "customer": customer["id"],
            "customer_account": None, "flow": None, "livemode": False, "locale": p.get("locale"), "on_behalf_of": None, "return_url": p.get("return_url"),
            "url": "%s/portal/%s" % (self.public_url, session_id)})

    # --- disputes ------------------------------------------------------------------------------------------------------

    def end_dispute(self, dispute, is_won):
        if dispute["status"] in ("won", "lost"):
            raise Refused(400, "This dispute is closed.")
        before = {"status": dispute["status"]}
        dispute["status"] = "won" if is_won else "lost"
        if is_won:
            dispute["balance_transactions"].append(
                self.movement("adjustment", dispute["id"], dispute["amount"], dispute["currency"], 0, "Chargeback reversal for " + dispute["charge"], "dispute_reversal"))
            self.event("charge.dispute.funds_reinstated", dispute)
        self.event("charge.dispute.closed", dispute, before)
        return dispute

    def fail_refund(self, refund):
        """The giver's bank sends the refund back."""
        if refund["status"] != "succeeded":
            raise Refused(400, "This refund is %s." % refund["status"])
        charge = self.objects[refund["charge"]]
        moved = self.movement("refund_failure", refund["id"], refund["amount"], refund["currency"], 0, "REFUND FAILURE", "refund_failure")
        refund.update(status="failed", failure_reason="lost_or_stolen_card", failure_balance_transaction=moved["id"])
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        self.event("refund.updated", refund)
        self.event("refund.failed", refund)
        return refund

    # --- payouts -------------------------------------------------------------------------------------------------------

    def pay_out(self, code, asked):
        """All movements of a currency that no payout took yet go to the bank. own_fee: the provider keeps something for itself."""
        now = self.now()
        if asked.get("own_fee"):
            self.movement("stripe_fee", None, -int(asked["own_fee"]), code, 0, "Billing - usage fee", "fee")
        moved = [one for one in reversed(self.all("balance_transaction")) if one["currency"] == code and one["type"] != "payout" and one["id"] not in self.paid_out]
        total = sum(one["net"] for one in moved)
        if total <= 0:
            raise Refused(400, "There is nothing to pay out.")
        payout_id = "po_1" + secrets.token_hex(10)
        own = self.movement("payout", payout_id, -total, code, 0, "STRIPE PAYOUT", "payout")
        payout = self.keep({
            "id": payout_id, "object": "payout", "amount": total, "application_fee": None, "application_fee_amount": None, "arrival_date": now + 2 * DAY,
            "automatic": True, "balance_transaction": own["id"], "created": now, "currency": code, "description": "STRIPE PAYOUT", "destination": "ba_1rehearsal",
            "failure_balance_transaction": None, "failure_code": None, "failure_message": None, "livemode": False, "metadata": {}, "method": "standard",
            "original_payout": None, "payout_method": None, "reconciliation_status": "in_progress", "reversed_by": None, "source_type": "card",
            "statement_descriptor": None, "status": "in_transit", "trace_id": {"status": "pending", "value": None}, "type": "bank_account"})
        for one in moved + [own]:
            self.paid_out[one["id"]] = payout_id
        self.event("payout.created", payout)
        payout.update(status="paid", reconciliation_status="completed")
        self.event("payout.paid", payout)
        return payout

    def fail_payout(self, payout):
        if payout["status"] != "paid":
            raise Refused(400, "This payout is %s." % payout["status"])
        moved = self.movement("payout_failure", payout["id"], payout["amount"], payout["currency"], 0, "PAYOUT FAILURE", "payout_failure")
        payout.update(status="failed", failure_code="account_closed", failure_message="The bank account has been closed.", failure_balance_transaction=moved["id"])
        self.event("payout.failed", payout)
        return payout

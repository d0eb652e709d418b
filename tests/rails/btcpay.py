"""btcpay: a rehearsal of BTCPay Server's Greenfield API: invoices of one store and its signed webhooks. No coins.

Decides what a request may hold (docs.btcpayserver.org/API/Greenfield/v1), what an invoice's life is, and how an event is signed. The hard
thing: an event names an invoice and no sum, so what a newsroom wants to know later must have been put into the invoice's metadata.

SPDX-License-Identifier: ISC
"""
import hashlib
import hmac
import json
import time

from wire import Refused, Wrong, anything, boolean, integer, new_id, one_of, shape, text, url

LOWER = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"

CREATE = shape(amount=text(20, r"[0-9]{1,12}(\.[0-9]{1,8})?"), currency=text(5, r"[A-Z]{3,5}"), metadata=anything, additionalSearchTerms=anything,
               checkout=shape(speedPolicy=one_of("HighSpeed", "MediumSpeed", "LowSpeed", "LowMediumSpeed"), paymentMethods=anything, defaultPaymentMethod=text(),
                              expirationMinutes=integer(1, 525600), monitoringMinutes=integer(1, 525600), paymentTolerance=integer(0, 100), redirectURL=url,
                              redirectAutomatically=boolean, defaultLanguage=text(20)))
REFUND = shape(name=text(50), description=text(5000), payoutMethodId_=text(30),
               refundVariant_=one_of("RateThen", "CurrentRate", "Fiat", "OverpaidAmount", "Custom"), customAmount=text(20, r"[0-9]{1,12}(\.[0-9]{1,8})?"),
               customCurrency=text(5, r"[A-Z]{3,5}"))


class Btcpay:
    def __init__(self, options):
        self.key, self.store, self.secret, self.public = options.btcpay_key, options.btcpay_store, options.btcpay_secret, options.public_url
        self.webhook = new_id("", 22, LOWER)
        self.invoices, self.refunds, self.events = {}, {}, []
        self.ahead = 0
        self.send = lambda event: None

    def now(self):
        return int(time.time()) + self.ahead

    # --- webhooks ----------------------------------------------------------------------------------------------------------------------

    def emit(self, kind, invoice, **more):
        delivery = new_id("", 22, LOWER)
        event = dict({"deliveryId": delivery, "webhookId": self.webhook, "originalDeliveryId": delivery, "isRedelivery": False, "type": kind,
                      "timestamp": self.now(), "storeId": self.store, "invoiceId": invoice["id"], "metadata": invoice["metadata"]}, **more)
        event = {"id": delivery, "payload": event}
        self.events.append(event)
        self.send(event)
        return event

    def make(self, event, attempt, secret=None):
        """Bytes and headers of one delivery; a second one has a delivery id of its own."""
        payload = dict(event["payload"])
        if attempt:
            payload.update(deliveryId=new_id("", 22, LOWER), isRedelivery=True)
        body = json.dumps(payload, indent=2).encode()
        return body, {"BTCPay-Sig": "sha256=" + hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()}

    # --- the API -----------------------------------------------------------------------------------------------------------------------

    def answer(self, method, parts, headers, body):
        """parts: behind /api/v1."""
        if headers.get("Authorization") != "token " + self.key:
            raise Refused(401, {"code": "unauthenticated", "message": "Authentication is required for accessing this endpoint"})
        if parts[:1] != ["stores"] or len(parts) < 3:
            raise Refused(404, {"code": "not-found", "message": "no such endpoint"})
        if parts[1] != self.store:
            raise Refused(403, {"code": "missing-permission", "message": "Insufficient API Permissions. Please use an API key with permission: "
                                "btcpay.store.canviewinvoices", "missingPermission": "btcpay.store.canviewinvoices"})
        self.expire()
        try:
            match (method, *parts[2:]):
                case ("POST", "invoices"):
                    return 200, self.create(self.json_of(body, headers))
                case ("GET", "invoices", invoice_id):
                    return 200, self.find(invoice_id)
                case ("GET", "invoices", invoice_id, "payment-methods"):
                    invoice = self.find(invoice_id)
                    paid = "0.0001" if invoice["status"] in ("Processing", "Settled") else "0"
                    return 200, [{"paymentMethodId": "BTC-CHAIN", "currency": "BTC", "rate": "50000", "amount": "0.0001", "totalPaid": paid, "payments": []}]
                case ("GET", "pull-payments"):
                    return 200, list(self.refunds.values())
                case ("POST", "invoices", invoice_id, "refund"):
                    return 200, self.refund(self.find(invoice_id), REFUND(self.json_of(body, headers)))
        except Wrong as wrong:
            raise Refused(422, [{"path": wrong.path.strip("/").replace("/", "."), "message": str(wrong)}])
        raise Refused(404, {"code": "not-found", "message": "no such endpoint"})

    def json_of(self, body, headers):
        if headers.get_content_type() != "application/json":
            raise Refused(415, {"code": "unsupported-media-type", "message": "send application/json"})
        try:
            return json.loads(body)
        except ValueError:
            raise Refused(422, [{"path": "", "message": "The body is no JSON"}])

    def create(self, asked):
        CREATE(asked)
        if "amount" in asked and float(asked["amount"]) <= 0:
            raise Wrong("/amount", "", "The amount should be more than 0")
        if "metadata" in asked and not isinstance(asked["metadata"], dict):
            raise Wrong("/metadata", "", "must be an object")
        checkout = dict({"speedPolicy": "MediumSpeed", "paymentMethods": ["BTC-CHAIN", "BTC-LN"], "expirationMinutes": 15, "monitoringMinutes": 1440,
                         "paymentTolerance": 0, "redirectURL": None, "redirectAutomatically": False, "defaultLanguage": None}, **asked.get("checkout", {}))
        invoice_id = new_id("", 22, LOWER)
        now = self.now()
        invoice = {"id": invoice_id, "storeId": self.store, "amount": asked.get("amount", "0"), "paidAmount": "0", "currency": asked.get("currency", "USD"),
                   "type": "Standard", "checkoutLink": "%s/i/%s" % (self.public, invoice_id), "createdTime": now,
                   "expirationTime": now + 60 * checkout["expirationMinutes"],
                   "monitoringExpiration": now + 60 * (checkout["expirationMinutes"] + checkout["monitoringMinutes"]), "status": "New",
                   "additionalStatus": "None", "availableStatusesForManualMarking": ["Settled", "Invalid"], "archived": False,
                   "metadata": asked.get("metadata", {}), "checkout": checkout}
        self.invoices[invoice_id] = invoice
        self.emit("InvoiceCreated", invoice)
        return invoice

    def find(self, invoice_id):
        if invoice_id not in self.invoices:
            raise Refused(404, {"code": "invoice-not-found", "message": "The invoice was not found"})
        return self.invoices[invoice_id]

    def refund(self, invoice, asked):
        if invoice["status"] != "Settled":
            raise Refused(422, [{"path": "", "message": "Cannot refund this invoice"}])
        if asked["refundVariant"] == "Custom":
            for name in ("customAmount", "customCurrency"):
                if name not in asked:
                    raise Wrong("/" + name, "", "Amount and currency must be specified for a custom refund")
        custom = asked["refundVariant"] == "Custom"
        out = {"id": new_id("", 28, LOWER), "name": asked.get("name", "Refund " + invoice["id"]), "description": asked.get("description", ""), "archived": False,
               "autoApproveClaims": False, "currency": asked["customCurrency"] if custom else invoice["currency"], "amount": asked["customAmount"] if custom else invoice["amount"]}
        out["viewLink"] = "%s/pull-payments/%s" % (self.public, out["id"])
        self.refunds[out["id"]] = out
        return out

    # --- time and payers -----------------------------------------------------------------------------------------------------------------

    def expire(self):
        for invoice in self.invoices.values():
            if invoice["status"] == "New" and invoice["expirationTime"] < self.now():
                invoice["status"] = "Expired"
                self.emit("InvoiceExpired", invoice, partiallyPaid=invoice["additionalStatus"] == "PaidPartial")

    def rehearse(self, what, invoice_id):
        """What only coins bring: pay (seen and settled), see, settle, less (too little), over, mark (settled by hand), invalid."""
        invoice = self.find(invoice_id)
        self.expire()
        payment = {"id": new_id("", 64, "0123456789abcdef") + "-0", "receivedDate": self.now(), "value": "0.0001", "fee": "0", "status": "Settled", "destination": "bcrt1q" + new_id("", 38, "0123456789acdefghjkl")}
        if what in ("pay", "see", "less", "over"):
            late = invoice["status"] == "Expired"
            if invoice["status"] not in ("New", "Expired"):
                raise Refused(409, {"code": "invalid-status", "message": "It was paid already"})
            self.emit("InvoiceReceivedPayment", invoice, afterExpiration=late, paymentMethodId="BTC-CHAIN", payment=payment)
            if what == "less":
                invoice["additionalStatus"] = "PaidPartial"
                return invoice
            if late:
                invoice["additionalStatus"] = "PaidLate"
            invoice["status"] = "Processing"
            self.emit("InvoiceProcessing", invoice, overPaid=what == "over")
            if what == "see":
                return invoice
        if what in ("pay", "over", "settle"):
            if invoice["status"] != "Processing":
                raise Refused(409, {"code": "invalid-status", "message": "Nothing was paid"})
            invoice.update(status="Settled", paidAmount=invoice["amount"])
            if what == "over":
                invoice["additionalStatus"] = "PaidOver"
            self.emit("InvoicePaymentSettled", invoice, afterExpiration=False, paymentMethodId="BTC-CHAIN", payment=payment)
            self.emit("InvoiceSettled", invoice, manuallyMarked=False, overPaid=what == "over")
        elif what == "mark":  # its owner says in BTCPay that it is settled, whatever came
            invoice["status"] = "Settled"
            self.emit("InvoiceSettled", invoice, manuallyMarked=True, overPaid=False)
        elif what == "invalid":
            invoice["status"] = "Invalid"
            self.emit("InvoiceInvalid", invoice, manuallyMarked=True)
        elif what == "expire":
            invoice["expirationTime"] = self.now() - 1
            self.expire()
        return invoice

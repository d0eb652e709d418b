"""bank: a rehearsal of a bank: takes credit transfers as a SEPA bank would, and gives the account's statement as camt.053.001.08.

Decides what a bank refuses (IBAN's and RF reference's check digits, currency, sums) and how a statement looks. Used by tests; it keeps no
process. The hard thing: banks differ, so `style` gives the ways they do: references of their own or none, batches, unstructured text.

SPDX-License-Identifier: ISC
"""
import datetime
import re
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


class Refused(Exception):
    pass


def mod97(text):
    return int("".join(str(int(c, 36)) for c in text)) % 97


def check_iban(text):
    text = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", text) or mod97(text[4:] + text[:4]) != 1:
        raise Refused("IBAN %s is invalid" % text)
    return text


def check_reference(text):
    text = text.replace(" ", "").upper()
    if not re.fullmatch(r"RF[0-9]{2}[A-Z0-9]{1,21}", text) or mod97(text[4:] + text[:4]) != 1:
        raise Refused("creditor reference %s is invalid" % text)
    return text


def read_epc(text):
    """An EPC QR code's text, read as a banking app reads it: what would be transferred."""
    lines = text.split("\n")
    if lines[:4] != ["BCD", "002", "1", "SCT"] or len(text.encode()) > 331:
        raise Refused("no EPC QR code: %r" % lines[:4])
    bic, name, iban, amount, purpose, reference = (lines + [""] * 6)[4:10]
    if not 1 <= len(name) <= 70 or not re.fullmatch(r"EUR[0-9]{1,9}\.[0-9]{2}", amount) or (bic and not re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", bic)):
        raise Refused("name, amount or BIC is wrong: %r" % lines)
    return {"name": name, "iban": check_iban(iban), "minor": int(amount[3:].replace(".", "")), "currency": "EUR", "reference": check_reference(reference)}


class Bank:
    def __init__(self, iban, currency="EUR", style=""):
        self.iban, self.currency, self.style = check_iban(iban), currency, style
        self.entries = []
        self.serial = 0

    def transfer(self, to, minor, currency="EUR", reference="", text="", day=None, payer="Nadia Payer", payer_iban="DE89370400440532013000"):
        """A payer's order: booked here, or refused as their bank would."""
        if check_iban(to) != self.iban:
            raise Refused("no such account")
        if currency != self.currency or not 1 <= minor <= 99999999999:
            raise Refused("currency or sum")
        if reference:
            reference = check_reference(reference)
        if len(text) > 140:
            raise Refused("remittance information is longer than 140 characters")
        return self.book(minor, True, reference, text, day, payer, payer_iban)

    def book(self, minor, credit, reference="", text="", day=None, payer="Nadia Payer", payer_iban="DE89370400440532013000", returned=False, state="BOOK"):
        self.serial += 1
        entry = dict(serial=self.serial, minor=minor, credit=credit, reference=reference, text=text, day=day or datetime.date(2026, 11, 20), payer=payer,
                     payer_iban=payer_iban, returned=returned, state=state)
        self.entries.append(entry)
        return entry

    def amount(self, minor):
        return "<Amt Ccy=\"%s\">%d.%02d</Amt>" % (self.currency, *divmod(minor, 100))

    def details(self, entry, amount=False):
        credit = "CRDT" if entry["credit"] else "DBIT"
        remittance = "<Ustrd>%s</Ustrd>" % escape(entry["text"]) if entry["text"] else ""
        if entry["reference"] and "unstructured" in self.style:
            remittance += "<Ustrd>%s</Ustrd>" % entry["reference"]
        elif entry["reference"]:
            remittance += "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>%s</Ref></CdtrRefInf></Strd>" % entry["reference"]
        return ("<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>%s<RltdPties><Dbtr><Pty><Nm>%s</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>%s</IBAN></Id></DbtrAcct></RltdPties>"
                "<RmtInf>%s</RmtInf>%s</TxDtls>") % (self.amount(entry["minor"]) + "<CdtDbtInd>%s</CdtDbtInd>" % credit if amount else "", escape(entry["payer"]), entry["payer_iban"],
                                                     remittance, "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if entry["returned"] else "")

    def entry(self, entry):
        return ("<Ntry>%s<CdtDbtInd>%s</CdtDbtInd>%s<Sts><Cd>%s</Cd></Sts><BookgDt><Dt>%s</Dt></BookgDt><ValDt><Dt>%s</Dt></ValDt>%s"
                "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls>%s</NtryDtls></Ntry>") % (
                    self.amount(entry["minor"]), "CRDT" if entry["credit"] else "DBIT", "<RvslInd>true</RvslInd>" if entry["returned"] else "", entry["state"], entry["day"], entry["day"],
                    "" if "nameless" in self.style else "<AcctSvcrRef>B%08d</AcctSvcrRef>" % entry["serial"], self.details(entry))

    def batch(self, entries):
        return ("<Ntry>%s<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>%s</Dt></BookgDt><AcctSvcrRef>BATCH%08d</AcctSvcrRef><NtryDtls><Btch><NbOfTxs>%d</NbOfTxs></Btch>%s</NtryDtls></Ntry>") % (
            self.amount(sum(one["minor"] for one in entries)), entries[0]["day"], entries[0]["serial"], len(entries), "".join(self.details(one, True) for one in entries))

    def statement(self, entries=None, number=1):
        entries = self.entries if entries is None else entries
        body = self.batch(entries) if "batch" in self.style and entries else "".join(self.entry(one) for one in entries)
        out = ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"%s\"><BkToCstmrStmt><GrpHdr><MsgId>M%d</MsgId><CreDtTm>2026-11-21T02:00:00</CreDtTm></GrpHdr>"
               "<Stmt><Id>S%d</Id><ElctrncSeqNb>%d</ElctrncSeqNb><CreDtTm>2026-11-21T02:00:00</CreDtTm><Acct><Id><IBAN>%s</IBAN></Id><Ccy>%s</Ccy></Acct>%s</Stmt></BkToCstmrStmt></Document>\n") % (
                   NAMESPACE, number, number, number, self.iban, self.currency, body)
        xml.fromstring(out)
        return out

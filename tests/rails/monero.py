"""monero: a rehearsal of the treasurer's wallet: makes subaddresses, and lists what came in as monero-wallet-rpc's get_transfers does.

Decides which addresses there are (random keys: nobody can spend from them) and how a transfer looks. Used by tests; it keeps no process; the
real daemon and wallet are in tests/scenario/test_monero.py. The hard thing: an address ends in four bytes of Keccak-256 as it was before SHA-3.

SPDX-License-Identifier: ISC
"""
import json
import secrets
import time

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CHARS = (0, 2, 3, 5, 6, 7, 9, 10, 11)            # of base58 for so many bytes
MAIN_SUBADDRESS = 42
WORD = (1 << 64) - 1


def _turned(word, by):
    return (word << by | word >> (64 - by)) & WORD if by else word


def _rounds():
    state, out = 1, []
    for _ in range(24):
        constant = 0
        for j in range(7):
            if state & 1:
                constant |= 1 << ((1 << j) - 1)
            state = (state << 1) ^ (0x171 if state & 0x80 else 0)
        out.append(constant)
    return out


ROUNDS = _rounds()


def _permute(a):
    """Keccak-f[1600] on {(x, y): lane}."""
    for constant in ROUNDS:
        c = [a[x, 0] ^ a[x, 1] ^ a[x, 2] ^ a[x, 3] ^ a[x, 4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ _turned(c[(x + 1) % 5], 1) for x in range(5)]
        a = {(x, y): lane ^ d[x] for (x, y), lane in a.items()}
        x, y, lane = 1, 0, a[1, 0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            lane, a[x, y] = a[x, y], _turned(lane, (t + 1) * (t + 2) // 2 % 64)
        a = {(x, y): lane ^ (~a[(x + 1) % 5, y] & WORD & a[(x + 2) % 5, y]) for (x, y), lane in a.items()}
        a[0, 0] ^= constant
    return a


def keccak(data):
    """Of less than 136 bytes, which is one block."""
    block = bytearray(data + b"\1" + bytes(135 - len(data)))
    block[135] |= 0x80
    a = {(x, y): int.from_bytes(block[8 * (x + 5 * y):][:8], "little") if x + 5 * y < 17 else 0 for x in range(5) for y in range(5)}
    a = _permute(a)
    return b"".join(a[i, 0].to_bytes(8, "little") for i in range(4))


def base58(data):
    out = ""
    for at in range(0, len(data), 8):
        block, digits = int.from_bytes(data[at:at + 8], "big"), ""
        for _ in range(CHARS[len(data[at:at + 8])]):
            block, digit = divmod(block, 58)
            digits = ALPHABET[digit] + digits
        out += digits
    return out


class Wallet:
    def __init__(self):
        self.addresses, self.transfers = [], []

    def make(self, count):
        """New subaddresses."""
        made = []
        for _ in range(count):
            data = bytes([MAIN_SUBADDRESS]) + secrets.token_bytes(64)
            made.append(base58(data + keccak(data)[:4]))
        self.addresses += made
        return made

    def receive(self, address, units, confirmations=12):
        transfer = {"address": address, "amount": units, "amounts": [units], "confirmations": confirmations, "double_spend_seen": False, "fee": 30640000, "height": 3100000, "locked": False,
                    "note": "", "payment_id": "0000000000000000", "subaddr_index": {"major": 0, "minor": self.addresses.index(address) + 1}, "suggested_confirmations_threshold": 1,
                    "timestamp": int(time.time()) - 120 * confirmations, "txid": secrets.token_hex(32), "type": "in", "unlock_time": 0}
        self.transfers.append(transfer)
        return transfer

    def listed(self, transfers=None):
        """get_transfers' answer."""
        return json.dumps({"id": "0", "jsonrpc": "2.0", "result": {"in": self.transfers if transfers is None else transfers}})

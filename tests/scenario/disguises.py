"""The shapes in which an address, a name or a number could lie about on a disk.
SPDX-License-Identifier: ISC
"""
import base64
import hashlib
import json
import urllib.parse


def disguises(text):
    """Pairs: what the shape is called, and its bytes. Hashes are those without a key: anybody could try them."""
    raw = text.encode()
    yield "plain", raw.lower()
    if "@" in text:
        yield "local part", raw.split(b"@")[0]
    yield "quoted", urllib.parse.quote(text).encode()
    yield "quoted in a form", urllib.parse.quote_plus(text).encode()
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "hex", raw.hex().encode()
    yield "UTF-16", text.encode("utf-16-le")
    yield "UTF-16BE", text.encode("utf-16-be")
    for name in ("md5", "sha1", "sha256", "blake2b"):
        digest = hashlib.new(name, raw).digest()
        yield name, digest
        yield name + " hex", digest.hex().encode()
        yield name + " base64", base64.b64encode(digest)[:20]
    yield "blake2b-256", hashlib.blake2b(raw, digest_size=32).digest()
    for shift in range(3):  # base64 of it, wherever in a longer text it began
        piece = b"\0" * shift + raw
        yield "base64+%d" % shift, base64.b64encode(piece)[4 if shift else 0:-4]
        yield "base64url+%d" % shift, base64.urlsafe_b64encode(piece)[4 if shift else 0:-4]
    if text.isdigit():
        yield "in fours", b" ".join(raw[i:i + 4] for i in range(0, len(raw), 4))

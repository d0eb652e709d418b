"""dns: a DNS server on loopback that knows what a test tells it: A, AAAA, MX, TXT, PTR, over UDP and TCP (RFC 1035).

Decides how a zone's records become answers; a name in `silent` gets none, as from a dead server. The hard thing: an answer of more than
512 bytes is cut over UDP, so that the client comes again by TCP.

SPDX-License-Identifier: ISC
"""
import socket
import socketserver
import struct
import threading

TYPES = {"A": 1, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def data_bytes(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "MX":
        return struct.pack(">H", 10) + name_bytes(value)
    if kind == "PTR":
        return name_bytes(value)
    raw = value.encode()
    return b"".join(bytes([len(raw[i:i + 255])]) + raw[i:i + 255] for i in range(0, len(raw), 255))


def answer(zone, silent, question, most):
    """The answer to one message; None: none at all."""
    number, = struct.unpack(">H", question[:2])
    at, labels = 12, []
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode().lower())
        at += 1 + question[at]
    kind, = struct.unpack(">H", question[at + 1:at + 3])
    name, asked = ".".join(labels), question[12:at + 5]
    if name in silent:
        return None
    records = [data_bytes(k, v) for (n, k, v) in zone if n.lower() == name and TYPES[k] == kind]
    known = any(n.lower() == name for n, _, _ in zone)
    body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data for data in records)
    if 12 + len(asked) + len(body) > most:
        return struct.pack(">HHHHHH", number, 0x8780, 1, 0, 0, 0) + asked
    return struct.pack(">HHHHHH", number, 0x8580 | (0 if known else 3), 1, len(records), 0, 0) + asked + body


class Dns:
    """with Dns([(name, type, value), …]) as dns: dns.address is "127.0.0.1:PORT"; dns.zone may change meanwhile."""

    def __init__(self, zone, silent=()):
        self.zone, self.silent, me = list(zone), set(silent), self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                reply = answer(me.zone, me.silent, self.request[0], 512)
                if reply:
                    self.request[1].sendto(reply, self.client_address)

        class Tcp(socketserver.BaseRequestHandler):
            def handle(self):
                size, = struct.unpack(">H", self.request.recv(2, socket.MSG_WAITALL))
                reply = answer(me.zone, me.silent, self.request.recv(size, socket.MSG_WAITALL), 65535)
                if reply:
                    self.request.sendall(struct.pack(">H", len(reply)) + reply)

        class TcpServer(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True
        while True:
            self.udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Udp)
            port = self.udp.server_address[1]
            try:
                self.tcp = TcpServer(("127.0.0.1", port), Tcp)
                break
            except OSError:  # of that number somebody else has the one for TCP
                self.udp.server_close()
        self.address = "127.0.0.1:%d" % port

    def __enter__(self):
        for server in (self.udp, self.tcp):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *what):
        for server in (self.udp, self.tcp):
            server.shutdown()
            server.server_close()

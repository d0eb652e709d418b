"""Monero, with a real daemon and a real wallet on a chain of their own (--regtest).
SPDX-License-Identifier: ISC
"""
import json
import os
import re
import shutil
import subprocess
import threading
from urllib.parse import urljoin

import pytest
from house import ask_url, free_ports, wait_for
from rails import RailsHouse, main_text


class Chain:
    """monerod --regtest, and wallets behind monero-wallet-rpc: the reader's and the treasurer's."""

    def __init__(self, house):
        self.house = house
        first = free_ports(4)
        self.daemon, self.p2p, self.reader, self.treasurer = range(first, first + 4)
        folder = os.path.join(house.folder, "monero")
        os.makedirs(folder)
        self.spawn(["monerod", "--regtest", "--offline", "--fixed-difficulty", "1", "--data-dir", os.path.join(folder, "chain"), "--rpc-bind-port", str(self.daemon),
                    "--p2p-bind-port", str(self.p2p), "--no-zmq", "--non-interactive", "--log-level", "0", "--no-igd", "--disable-rpc-ban", "--confirm-external-bind"])
        self.wait(self.daemon, "get_block_count")
        for name, port in (("reader", self.reader), ("treasurer", self.treasurer)):
            os.makedirs(os.path.join(folder, name))
            self.spawn(["monero-wallet-rpc", "--daemon-address", "127.0.0.1:%d" % self.daemon, "--trusted-daemon", "--rpc-bind-port", str(port), "--disable-rpc-login",
                        "--wallet-dir", os.path.join(folder, name), "--log-file", os.path.join(folder, name + ".log"), "--log-level", "0"])
            self.wait(port, "get_version")
            self.rpc(port, "create_wallet", filename="w", password="", language="English")

    def spawn(self, command):
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--"] + command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
        self.house.helpers.append(process)
        threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()

    def ask(self, port, method, **params):
        body = json.dumps({"jsonrpc": "2.0", "id": "0", "method": method, "params": params})
        return ask_url("POST", "http://127.0.0.1:%d/json_rpc" % port, body, headers={"Content-Type": "application/json"}, timeout=120)

    def rpc(self, port, method, **params):
        answer = self.ask(port, method, **params)
        assert answer.status == 200 and "result" in answer.json, (method, answer)
        return answer.json["result"]

    def wait(self, port, method):
        def is_up():
            try:
                return self.ask(port, method).status == 200
            except OSError:
                return False
        wait_for(is_up, 60, 0.3, why="port %d does not answer" % port)

    def mine(self, blocks):
        address = self.rpc(self.reader, "get_address")["address"]
        self.rpc(self.daemon, "generateblocks", amount_of_blocks=blocks, wallet_address=address)


@pytest.mark.skipif(not (shutil.which("monerod") and shutil.which("monero-wallet-rpc")), reason="no monerod")
def test_a_reader_pays_in_monero_and_no_key_is_here():
    with RailsHouse() as house:
        chain = Chain(house)
        chain.mine(80)
        # the treasurer's wallet makes addresses; the house gets those alone
        made = chain.rpc(chain.treasurer, "create_address", account_index=0, count=3)["addresses"]
        path = os.path.join(house.folder, "addresses")
        with open(path, "w", encoding="ascii") as file:
            file.write("# from the wallet\n" + "\n".join(made) + "\n")
        assert house.mimeo("support", "monero", "addresses", path, json_out=True) == {"new": 3, "known": 0, "left": 3}
        first = chain.rpc(chain.treasurer, "get_address")["address"]
        with open(path, "w", encoding="ascii") as file:
            file.write(first + "\n")
        assert house.mimeo("support", "monero", "addresses", path, ok=False).returncode == 2, "a wallet's first address was taken"

        where = urljoin(house.site + "/support/continue", house.give_by("monero", "once", 1000).headers["location"])
        page = ask_url("GET", where)
        assert page.status == 200, page
        words = main_text(page)
        shown = next(one for one in made if one in words)
        coins = re.search(r"([0-9.]+) XMR", words).group(1)
        assert abs(float(coins) - 10 / 158.30) < 0.0002, coins
        other = ask_url("GET", urljoin(house.site + "/support/continue", house.give_by("monero", "once", 1000).headers["location"]))
        assert shown not in main_text(other), "two gifts got one address"

        units = round(float(coins) * 10 ** 12)
        wait_for(lambda: chain.rpc(chain.reader, "refresh") and chain.rpc(chain.reader, "get_balance")["unlocked_balance"] > units, 60, 0.5, why="the reader's wallet has nothing")
        chain.rpc(chain.reader, "transfer", destinations=[{"amount": units, "address": shown}])
        chain.mine(3)

        def imported():
            chain.rpc(chain.treasurer, "refresh")
            listed = os.path.join(house.folder, "transfers.json")
            with open(listed, "w", encoding="utf-8") as file:
                json.dump({"result": chain.rpc(chain.treasurer, "get_transfers", **{"in": True})}, file)
            return house.mimeo("support", "monero", "import", listed, json_out=True)
        early = imported()
        assert early["new"] == 0 and house.gifts("monero") == [], "taken before it was ten blocks deep"
        chain.mine(12)
        said = imported()
        assert (said["new"], said["matched"]) == (1, 1), said
        gift = house.wait_gift("monero")[0]
        assert (gift["amount_minor"], gift["currency"]) == (units, "XMR")
        assert imported()["new"] == 0 and len(house.gifts("monero")) == 1
        thanks = ask_url("GET", where)
        assert thanks.status == 303
        # nothing that can see or spend is here, and no address stands in the open
        view = chain.rpc(chain.treasurer, "query_key", key_type="view_key")["key"]
        for folder, _, names in os.walk(house.home):
            for name in names:
                if not name.endswith(".sock"):
                    with open(os.path.join(folder, name), "rb") as file:
                        data = file.read()
                    assert view.encode() not in data and shown.encode() not in data, os.path.join(folder, name)

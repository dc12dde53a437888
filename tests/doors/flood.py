#!/usr/bin/env python3
"""Lets gigabytes through the doors and tells the most memory that the program took meanwhile.

    tests/doors/flood.py [DOOR …] [--gigabytes 5] [--postgres postgres://USER@HOST:PORT] [--binary FILE]

Doors: ingest v1 hooks upload, all at once into one server, unless some are named; or `pipe`, a command that reads a CSV
file from standard input. What is sent is made as it goes, records of some 20 KiB each, and all of it is kept by the
database: that needs the space (of a temporary folder, `TMPDIR`), and gives it back.

VmHWM is the most that was resident, pages of mapped files with it; RssAnon the most that was the program's own, looked
at five times a second. Needs Python 3, Linux, and psql for PostgreSQL."""

import argparse
import http.client
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from house import TOKEN, House, end
from ledger import Ledger, person
from senders import Hooks, Tracking, csv, ticket

ROOT = Path(__file__).resolve().parents[2]
RECORD = 20 << 10
# Any text will do that is no copy of itself and needs no escaping.
WORDS = [f"w{random.Random(n).randrange(10**9):x}" for n in range(50_000)]
TEXT = " ".join(WORDS)


def text_of(record):
    at = int(record.rsplit("-", 1)[1]) * 7919 % (len(TEXT) - RECORD)
    return TEXT[at : at + RECORD]


class Flow:
    """How much is sent, of how much."""

    def __init__(self, most):
        self.most = most
        self.bytes = 0
        self.lock = threading.Lock()

    def add(self, body):
        with self.lock:
            self.bytes += len(body)
        return body

    @property
    def over(self):
        return self.bytes >= self.most


def large(record):
    return ticket(record) | {"description": text_of(record)}


def large_csv(records):
    head, *rows = csv(records).splitlines()
    return f"{head},description\n" + "".join(f"{row},{text_of(one)}\n" for row, one in zip(rows, records))


def padded(door):
    """The door's own requests with more in each record."""

    class Padded(door):
        flow = None

        def request(self, sender, records):
            path, headers, body = super().request(sender, records)
            body = json.loads(body)
            parts = body["batch"] if "batch" in body else [body["data"]]
            for part, one in zip(parts, records):
                part["properties" if "batch" in body else "meta"] = {"text": text_of(one)}
            body = json.dumps(body)
            if door is Hooks:
                headers = self.signed(records[0], body)
            if self.flow.over:
                self.stop.set()
            return path, headers, self.flow.add(body)

    return Padded


def stream(name, house, ledger, flow):
    """A body that ends when enough has flowed."""

    def pieces():
        if name == "upload":
            yield large_csv([]).encode()
        while not flow.over:
            records = ledger.take(20)
            if name == "upload":
                text = large_csv(records).split("\n", 1)[1]
            else:
                text = "".join(json.dumps(large(record)) + "\n" for record in records)
            yield flow.add(text.encode())

    path = {"ingest": "/ingest/desk-0?stream=tickets", "upload": "/ingest/desk-1/files?name=tickets.csv"}[name]
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=600)
    headers = {"Authorization": f"Bearer {TOKEN}", "Transfer-Encoding": "chunked"}
    connection.connect()
    # The answer comes while the body goes: it has to be read beside it.
    answer = http.client.HTTPResponse(connection.sock)
    sums = {}

    def hear():
        answer.begin()
        for line in answer:
            sums.update(json.loads(line))

    listener = threading.Thread(target=hear, daemon=True)
    listener.start()
    connection.request("POST", path, pieces(), headers, encode_chunked=True)
    listener.join()
    if not sums.get("done") or sums["rejected"]:
        raise SystemExit(f"{name} ended with {sums}")
    ledger.acknowledge(range(sums["taken"]))


class Memory:
    """The most that a process took."""

    def __init__(self, process):
        self.high = self.own = 0
        self._process = process
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while self._process.poll() is None:
            try:
                lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
            except OSError:
                return
            lines = [line for line in lines if line.startswith(("VmHWM", "RssAnon"))]
            sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
            self.high = max(self.high, sizes.get("VmHWM", 0))
            self.own = max(self.own, sizes.get("RssAnon", 0))
            time.sleep(0.2)


def server(names, house, each):
    running = house.serve()
    memory = Memory(running)
    threads, doors, flows, ledgers = [], [], [], []
    for name in names:
        flow, ledger = Flow(each), Ledger(name)
        flows.append(flow)
        ledgers.append(ledger)
        if name in ("ingest", "upload"):
            threads.append(threading.Thread(target=stream, args=(name, house, ledger, flow), daemon=True))
            threads[-1].start()
            continue
        door = padded({"v1": Tracking, "hooks": Hooks}[name])(house, ledger)
        # Twenty events of this size are what a request may hold.
        door.size = {"v1": 20, "hooks": 1}[name]
        door.flow = flow
        doors.append(door)
        threads += door.load()
    for thread in threads:
        thread.join()
    for door in doors:
        if door.faults:
            raise SystemExit(f"{door.name}: {door.faults[0]}")
    end(running)
    return memory, sum(flow.bytes for flow in flows), sum(len(ledger.acknowledged) for ledger in ledgers)


def pipe(house, each):
    command = house.start("import", "--source", "desk-0", "--stream", "tickets", "-", stdin=subprocess.PIPE)
    memory, flow, ledger = Memory(command), Flow(each), Ledger("pipe")
    with command.stdin as tap:
        tap.write(large_csv([]).encode())
        while not flow.over:
            tap.write(flow.add(large_csv(ledger.take(20)).split("\n", 1)[1].encode()))
    if command.wait() != 0:
        raise SystemExit(f"the import ended with {command.returncode}:\n{house.log()}")
    return memory, flow.bytes, ledger.sent


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("doors", nargs="*", choices=["ingest", "v1", "hooks", "upload", "pipe", []])
    arguments.add_argument("--gigabytes", type=float, default=5)
    arguments.add_argument("--postgres", help="a server to make a database on; else SQLite")
    arguments.add_argument("--binary", default=str(ROOT / "target/release/customer360"))
    asked = arguments.parse_args()
    names = asked.doors or ["ingest", "v1", "hooks", "upload"]
    each = asked.gigabytes * 1e9 / len(names)
    house = House(str(Path(asked.binary).resolve()), asked.postgres)
    began = time.monotonic()
    try:
        memory, sent, records = pipe(house, each) if names == ["pipe"] else server(names, house, each)
        took = time.monotonic() - began
        kept = int(house.database.rows("SELECT count(*) FROM record WHERE state = 'APPLIED'")[0][0])
    finally:
        house.remove()
    print(
        f"{' '.join(names)} | {house.database.name} | {sent / 1e9:.2f} GB | {records} records acknowledged, {kept} kept | "
        f"{took:.0f} s | VmHWM {memory.high / 1024:.0f} MiB | RssAnon {memory.own / 1024:.0f} MiB"
    )
    sys.exit(0 if kept == records else 1)


if __name__ == "__main__":
    main()

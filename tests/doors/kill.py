#!/usr/bin/env python3
"""Kills the program by `kill -9` while records come in at full rate, again and again, and counts what is lost or
doubled.

    tests/doors/kill.py [DOOR …] [--cycles 100] [--postgres postgres://USER@HOST:PORT] [--binary FILE]

Doors: stdin ingest v1 hooks file upload; all of them unless some are named. A cycle starts the program, sends numbered
records from a few senders until a random moment after the first acknowledgement, kills it, and starts it again; what was
not acknowledged is sent again as real clients do, under the same ids. At the end each acknowledged record must be there,
with one effect.

Whether it would see a fault: --early counts records as acknowledged when they are sent, as if the answer came before the
commit, and must report losses; --tamper changes one record before the comparison, and must report one lost and one
doubled.

Not part of the tests: 100 cycles of all doors take some twenty minutes. Needs Python 3, and psql for PostgreSQL."""

import argparse
import random
import sys
import time
from pathlib import Path

from senders import DOORS
from house import House
from ledger import Ledger, compare, tamper

ROOT = Path(__file__).resolve().parents[2]
HEAD = ("door", "database", "kills", "sent", "acknowledged", "resent", "a second", "lost", "doubled", "else")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("doors", nargs="*", choices=[*DOORS, []], help="all unless named")
    arguments.add_argument("--cycles", type=int, default=100)
    arguments.add_argument("--postgres", help="a server to make a database on; else SQLite")
    arguments.add_argument("--binary", default=str(ROOT / "target/release/customer360"))
    arguments.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments.add_argument("--early", action="store_true", help="believe what was not acknowledged: must report losses")
    arguments.add_argument("--tamper", action="store_true", help="must report one lost and one doubled")
    asked = arguments.parse_args()
    print(f"seed {asked.seed}", file=sys.stderr)
    rows, good = [], True
    for name in asked.doors or DOORS:
        row, right = cycles(name, asked, random.Random(f"{asked.seed} {name}"))
        rows.append(row)
        good &= right
        print(" | ".join(row), file=sys.stderr, flush=True)
    widths = [max(len(row[column]) for row in [HEAD, *rows]) for column in range(len(HEAD))]
    for row in [HEAD, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
    sys.exit(0 if good else 1)


def cycles(name, asked, chance):
    house = House(str(Path(asked.binary).resolve()), asked.postgres)
    ledger = Ledger(name, asked.early)
    door = DOORS[name](house, ledger)
    try:
        kills, busy, heard = 0, 0.0, 0
        while kills < asked.cycles:
            ledger.first.clear()
            door.open()
            threads = door.load()
            if not ledger.first.wait(timeout=60):
                raise SystemExit(f"{door.name}: nothing was acknowledged within a minute:\n{house.log()}")
            began = time.monotonic()
            before = len(ledger.acknowledged)
            time.sleep(chance.uniform(0.05, 0.6))
            busy += time.monotonic() - began
            heard += len(ledger.acknowledged) - before
            kills += door.kill()
            door.stop.set()
            for thread in threads:
                thread.join(timeout=60)
            stop_at(door)
        ledger.drain()
        while True:
            door.open()
            for thread in door.load():
                thread.join(timeout=300)
            door.close()
            stop_at(door)
            if not ledger.left:
                break
        if asked.tamper:
            tamper(house.database)
        lost, doubled, differs = compare(house.database, ledger, door.table)
    finally:
        house.remove()
    acknowledged = len(ledger.acknowledged)
    for what, records in (("lost", lost), ("doubled", doubled)):
        if records:
            print(f"{door.name}: {what}: {', '.join(sorted(records)[:10])} …", file=sys.stderr)
    # A file is not acknowledged while it is read.
    rate = round(heard / busy) or ""
    numbers = (kills, ledger.sent, acknowledged, ledger.resent, rate, len(lost), len(doubled))
    row = [door.name, house.database.name, *map(str, numbers), "; ".join(differs) or "agrees"]
    return row, not (lost or doubled or differs or acknowledged < ledger.sent)


def stop_at(door):
    if door.faults:
        raise SystemExit(f"{door.name}: {door.faults[0]}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Every silo at once: what the products, taps and SDKs of `tests/data` sent, each source through its own door and all of
them beside one another, twice. Tells what became of each record, and whether the second time changed anything.

    tests/doors/together.py [--data FOLDER] [--postgres postgres://USER@HOST:PORT] [--binary FILE]

A row is a source at a door: records sent in one round, what was taken of them, known already, older than what was known, or
refused (with the reasons), each as the program counts it for `sources`. Lost is what is in none of these; doubled is what the
second round took once more. At the end the rows of the graph must be those after the first round, and those that
`customer360 rebuild --check` makes of the raw records.

`--data` has three public data sets, which come as nightly files: `cdnow/CDNOW_sample.txt` (purchases), `banking77/train.csv`
(questions, as tickets) and `online-shoppers/online_shoppers_intention.csv` (visits). The latter two name no customer: each of their rows is
given to a customer of the first by its number.

Needs Python 3, and psql for PostgreSQL."""

import argparse
import base64
import csv
import gzip
import hashlib
import hmac
import http.client
import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from house import TOKEN, WRITE_KEY, House, end
from senders import Hooks, now

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data"
OWN = ("faker", "answers", "purchases", "questions", "visits")
HEAD = ("source", "door", "sent", "taken", "repeated", "superseded", "rejected", "sent again", "known", "doubled", "lost")
TABLES = {
    "customer": "id, name, email, stage",
    "source_profile": "id, customer_id, attributes",
    "identifier": "id, status",
    "membership": "id, customer_id",
    "interaction": "id, customer_id, occurred_at",
    "golden_value": "customer_id, attribute, value",
}


def lines(path):
    return path.read_text().splitlines()


# It says which source an event is of.
SHOP_KEY = "2b9e41d07c35f8a6e0917d4b"
# What the source file of a product's samples has to say.
SAID = {"limesurvey": 'time_zone = "Europe/Berlin"\n[constants]\nsurvey = "552489"\nhost = "survey.acme.test"\n'}


class Case:
    """A source at a door, and how many records a round sends."""

    def __init__(self, source, door, sent, send):
        self.source, self.door, self.sent, self.send = source, door, sent, send
        # Webhooks that were delivered before, which are told apart before their records are looked at.
        self.known = 0


class Cases:
    """All that is sent, with the sources that take it."""

    def __init__(self, house, data):
        self.house, self.all = house, []
        house.environment["CUSTOMER360_SECRETS__SHOP"] = SHOP_KEY
        for given in (house.folder / "sources").iterdir():
            given.unlink()
        self.taps()
        self.tracking()
        self.hooks()
        self.samples()
        self.broken()
        if data:
            self.nightly(data)

    def source(self, key, mapping, secrets="token", said=""):
        folder = self.house.folder / "sources"
        if mapping in OWN:
            text = (Path(__file__).parent / "mappings" / f"{mapping}.toml").read_text()
            (folder / "maps").mkdir(exist_ok=True)
            (folder / "maps" / f"{mapping}.toml").write_text(text)
            mapping = f"maps/{mapping}.toml"
        more = f'secrets = ["{secrets}"]\n' if secrets else 'tokens = ["token"]\n'
        (folder / f"{key}.toml").write_text(f'key = "{key}"\nmapping = "{mapping}"\n{more}{said}')

    def add(self, source, door, sent, send):
        self.all.append(Case(source, door, sent, send))

    def command(self, *arguments, given=""):
        finished = self.house.start("import", *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        states = finished.communicate(given)[0].splitlines()
        if finished.returncode not in (0, 3):
            raise RuntimeError(f"import {arguments} ended with {finished.returncode}:\n{self.house.log()}")
        return states

    def post(self, path, headers, body):
        line = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=120)
        line.request("POST", path, body.encode() if isinstance(body, str) else body, headers)
        answer = line.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {text[:500]!r}")
        return text

    def taps(self):
        """A: the captured taps, on standard input and as NDJSON over HTTP."""
        postgres = ["full-incremental", "activate-version", "logbased", "logbased-deletes"]
        streams = [
            ("contacts", "postgres-contacts", "token", [f"singer-tap-postgres-{name}" for name in postgres]),
            ("formbricks-tap", "formbricks", None, ["singer-tap-formbricks-mock"]),
            ("faker", "faker", "token", ["airbyte-source-faker"]),
        ]
        for key, mapping, secrets, files in streams:
            texts = [(DATA / "streams" / f"{file}.jsonl").read_text() for file in files]
            sent = sum(json.loads(line)["type"] == "RECORD" for text in texts for line in text.splitlines())
            for key, door, send in ((key, "A stdin", self.tap), (f"{key}-http", "A /ingest", self.ingest)):
                self.source(key, mapping, secrets)
                self.add(key, door, sent, lambda key=key, send=send, texts=texts: send(key, texts))
        batches = self.house.folder / "batches"
        batches.mkdir()
        (batches / "b.json.gz").write_bytes((DATA / "streams/singer-batch-1.json.gz").read_bytes())
        self.house.environment["CUSTOMER360_INTAKE__BATCH_FOLDER"] = str(batches)
        text = (DATA / "streams/singer-tap-jsonl-batch.jsonl").read_text()
        at = text.index("file:///")
        text = text[:at] + f"file://{batches}/b.json.gz" + text[text.index('"', at) :]
        self.source("answers", "answers")
        self.add("answers", "A BATCH", 2, lambda: self.tap("answers", [text]))

    def tap(self, key, texts):
        for text in texts:
            self.command("--singer", "--source", key, given=text)

    def ingest(self, key, texts):
        for text in texts:
            answer = self.post(f"/ingest/{key}", {"Authorization": f"Bearer {TOKEN}"}, text)
            last = json.loads(answer.splitlines()[-1])
            if not last.get("done"):
                raise RuntimeError(f"{key}: {last}")

    def tracking(self):
        """B: what four SDKs sent, with their headers, and a shop's batches."""
        requests = [json.loads(line) for line in lines(DATA / "streams/segment-sdk-requests.jsonl")]
        self.source("sdks", "segment", "page")
        sent = sum(len(request["body"].get("batch", [0])) for request in requests)
        self.add("sdks", "B /v1/batch", sent, lambda: [self.sdk(request) for request in requests])

    def sdk(self, request):
        headers = {name: value for name, value in request["headers"].items() if name not in ("host", "content-length")}
        headers["authorization"] = "Basic " + base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
        body = json.dumps(request["body"] | ({"writeKey": WRITE_KEY} if "writeKey" in request["body"] else {})).encode()
        packed = headers.get("content-encoding") == "gzip"
        self.post(request["path"], headers, gzip.compress(body) if packed else body)

    def hooks(self):
        """C: webhooks as the products wrap and sign them."""
        sample = lambda name: [json.loads(line) for line in lines(DATA / "samples" / f"{name}.jsonl")]
        events = [one for name in ("tickets", "ticket_comments") for one in sample(f"zendesk/{name}") if "event" in one]
        tickets, articles = sample("zammad/tickets"), sample("zammad/articles")
        messages = [{"event": "message_created"} | one for one in sample("chatwoot/messages")]
        response = sample("typeform/responses")[0]
        bodies = {
            "zendesk": [(1, event) for event in events],
            "zammad": [(2, {"ticket": one, "article": two}) for one, two in zip(tickets, articles)],
            "chatwoot": [(1, message) for message in messages],
            "typeform": [(1, {"event_id": "e1", "event_type": "form_response", "form_response": response})],
            "formbricks": [(1, {"event": "responseFinished", "data": one}) for one in sample("formbricks/responses")],
        }
        for product, deliveries in bodies.items():
            self.source(f"{product}-hook", product, secrets="hook" if product == "formbricks" else "token")
            case = Case(f"{product}-hook", "C /hooks", sum(count for count, _ in deliveries), None)
            case.send = lambda case=case, product=product, deliveries=deliveries: self.deliver(case, product, deliveries)
            self.all.append(case)

    def deliver(self, case, product, deliveries):
        for n, (records, body) in enumerate(deliveries):
            answer = json.loads(self.hook(product, n, json.dumps(body)))
            if answer["taken"] == 0 and answer["repeated"] == 1:
                case.known += records

    def hook(self, product, n, body):
        sign = lambda text, hash="sha256": hmac.new(TOKEN.encode(), text.encode(), hash)
        b64 = lambda signature: base64.b64encode(signature.digest()).decode()
        at, moment = str(int(time.time())), now()
        headers = {
            "zendesk": lambda: {
                "x-zendesk-webhook-signature": b64(sign(moment + body)),
                "x-zendesk-webhook-signature-timestamp": moment,
                "x-zendesk-webhook-invocation-id": f"i{n}",
            },
            "zammad": lambda: {"x-hub-signature": f"sha1={sign(body, 'sha1').hexdigest()}", "x-zammad-delivery": f"z{n}"},
            "chatwoot": lambda: {
                "x-chatwoot-signature": f"sha256={sign(f'{at}.{body}').hexdigest()}",
                "x-chatwoot-timestamp": at,
                "x-chatwoot-delivery": f"c{n}",
            },
            "typeform": lambda: {"typeform-signature": f"sha256={b64(sign(body))}"},
            "formbricks": lambda: Hooks.signed(f"f{n}", body),
        }
        return self.post(f"/hooks/{product}-hook", headers[product](), body)

    def samples(self):
        """D: the samples of all products as files, by the command line and by upload in turn."""
        for number, folder in enumerate(sorted(path for path in (DATA / "samples").iterdir() if path.is_dir())):
            files = sorted(folder.glob("*.jsonl"))
            hooked = folder.name in ("chatwoot", "formbricks", "ga4", "posthog", "typeform", "zammad", "zendesk")
            key = f"{folder.name}-files"
            self.source(key, folder.name, None if hooked else "token", said=SAID.get(folder.name, ""))
            sent = sum(len(lines(file)) for file in files)
            if number % 2:
                self.add(key, "D file", sent, lambda key=key, files=files: self.file(key, files))
            else:
                self.add(key, "D upload", sent, lambda key=key, files=files: [self.upload(key, f.name, f.read_bytes()) for f in files])

    def file(self, key, files):
        self.command("--source", key, *map(str, files))

    def upload(self, key, name, body):
        answer = self.post(f"/ingest/{key}/files?name={name}", {"Authorization": f"Bearer {TOKEN}"}, body)
        last = json.loads(answer.splitlines()[-1])
        if not last.get("done"):
            raise RuntimeError(f"{key}: {last}")

    def broken(self):
        """Records that cannot be taken, each between two that can."""
        ticket = {"status": "OPEN", "subject": "Printer", "opened_at": "2026-05-01", "email": "anna@example.org"}
        odd = [
            b'{"id": 7',
            b'{"id":"deep","a":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
            b"[]",
            b'{"id":"\xff\xfe"}',
            *(json.dumps({"id": f"B{n}"} | ticket | more).encode() for n, more in enumerate([
                {"status": "STRANGE"}, {"opened_at": "0000-01-01T00:00:00Z"}, {"opened_at": "9999-12-31T23:59:59Z"},
                {"opened_at": None}, {"number": "a\0b"}, {"id": None}, {"waiting_seconds": "9" * 400},
            ])),
        ]
        good = [json.dumps({"id": f"G{n}"} | ticket).encode() for n in range(len(odd))]
        body = b"\n".join(line for pair in zip(good, odd) for line in pair)
        events = [
            {"type": "track", "event": "Nobody", "messageId": "x1"},
            {"type": "track", "userId": "u1", "event": "Late", "messageId": "x2", "timestamp": "9999-12-31T00:00:00Z"},
            {"type": "track", "userId": "u1", "event": "Large", "messageId": "x3", "properties": {"a": "b" * 40_000}},
            {"type": "strange", "userId": "u1", "messageId": "x4"},
            {"type": "track", "userId": "u1", "event": "Good", "messageId": "x5"},
        ]
        self.source("broken-files", "csv-support")
        self.source("broken-events", "segment", "shop")
        self.add("broken-files", "D upload", len(good + odd), lambda: self.upload("broken-files", "tickets.jsonl", body))
        batch = json.dumps({"batch": events, "writeKey": SHOP_KEY})
        self.add("broken-events", "B /v1/batch", len(events), lambda: self.post("/v1/batch", {}, batch))

    def nightly(self, data):
        """D: public data sets, as a job brings them every night."""
        bought = [line.split() for line in lines(data / "cdnow/CDNOW_sample.txt") if line.strip()]
        bought = [
            {"customer": one, "date": f"{day[:4]}-{day[4:6]}-{day[6:]}", "cds": cds, "dollars": dollars}
            for one, _, day, cds, dollars in bought
        ]
        known = sorted({row["customer"] for row in bought})
        whose = lambda n: {"id": f"n{n}", "customer": known[n % len(known)], "date": f"2026-{n % 9 + 1:02}-{n % 28 + 1:02}"}
        asked = list(csv.DictReader((data / "banking77/train.csv").open()))
        seen = list(csv.DictReader((data / "online-shoppers/online_shoppers_intention.csv").open()))
        sets = {
            "purchases": ("cdnow", bought),
            "questions": ("banking", [whose(n) | row for n, row in enumerate(asked)]),
            "visits": ("shoppers", [whose(n) | row for n, row in enumerate(seen)]),
        }
        for key, (stream, rows) in sets.items():
            self.source(key, key)
            text = io.StringIO()
            table = csv.DictWriter(text, rows[0])
            table.writeheader()
            table.writerows(rows)
            file = self.house.folder / f"{stream}.csv"
            file.write_text(text.getvalue())
            packed = gzip.compress(text.getvalue().encode())
            if key == "visits":
                self.add(key, "D upload", len(rows), lambda key=key: self.upload(key, "shoppers.csv.gz", packed))
            else:
                self.add(key, "D file", len(rows), lambda key=key, file=file: self.file(key, [file]))


def round_of(cases):
    """Sends all of it, each case by a thread of its own."""
    faults = []

    def send(case):
        try:
            case.send()
        except Exception as fault:
            faults.append(f"{case.source}: {fault}")

    threads = [threading.Thread(target=send, args=(case,)) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit("\n".join(faults))


def counts(house):
    rows = house.database.rows(
        "SELECT source, sum(taken), sum(repeated), sum(superseded), sum(rejected) FROM source_stream GROUP BY source"
    )
    return {row[0]: [int(number) for number in row[1:]] for row in rows}


def graph(house):
    """What the tables have, by a hash of their rows."""
    digest = lambda rows: hashlib.sha256("\n".join(sorted(map(str, rows))).encode()).hexdigest()
    live = {"customer": " WHERE merged_into IS NULL"}
    found = {
        table: house.database.rows(f"SELECT {columns} FROM {table}{live.get(table, '')}") for table, columns in TABLES.items()
    }
    return {table: (len(rows), digest(rows)) for table, rows in found.items()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, help="a folder with the public data sets")
    arguments.add_argument("--postgres", help="a server to make a database on; else SQLite")
    arguments.add_argument("--binary", default=str(ROOT / "target/release/customer360"))
    asked = arguments.parse_args()
    house = House(str(Path(asked.binary).resolve()), asked.postgres)
    try:
        sys.exit(0 if told(house, Cases(house, asked.data).all) else 1)
    finally:
        house.remove()


def told(house, cases):
    server = house.serve()
    began = time.monotonic()
    round_of(cases)
    took = time.monotonic() - began
    first, before = counts(house), graph(house)
    round_of(cases)
    second, after = counts(house), graph(house)
    reasons = house.database.rows(
        "SELECT source, reason_code, count(*) FROM record WHERE state = 'REJECTED' GROUP BY source, reason_code ORDER BY source"
    )
    end(server)
    rows, good = [HEAD, ["-" * len(name) for name in HEAD]], before == after
    for case in cases:
        one, two = first.get(case.source, [0] * 4), second.get(case.source, [0] * 4)
        again = [b - a for a, b in zip(one, two)]
        lost, doubled = case.sent - sum(one), again[0]
        good &= lost == 0 and doubled == 0 and sum(again) + case.known == case.sent
        rows.append([case.source, case.door, case.sent, *one, case.sent, sum(again[1:]) + case.known, doubled, lost])
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(f"\n{sum(case.sent for case in cases)} records in {took:.1f} s, then once more; {house.database.name}")
    for source, code, count in reasons:
        print(f"refused of {source}: {count} {code}")
    print("rows:", ", ".join(f"{table} {count}" for table, (count, _) in before.items()))
    print("after the second round:", "the same" if before == after else [t for t in before if before[t] != after[t]])
    check = house.start("rebuild", "--check", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = check.communicate()[0]
    print("rebuild --check:", said.strip())
    return good and check.returncode == 0


if __name__ == "__main__":
    main()

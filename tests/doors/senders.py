"""The doors, each with the senders that real clients are: they send on until the line goes dead, and what they did not
hear an acknowledgement of is sent again as it was, under its own id."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import subprocess
import threading
import time
from collections import deque
from datetime import datetime, timezone

from house import HOOK_KEY, TOKEN, WRITE_KEY, end
from ledger import person

# Records of a stream that may be on their way: enough for several flushes.
WINDOW = 3_000

# Two sources for doors whose senders each have one.
DESKS = ("desk-0", "desk-1")


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ticket(record):
    return {
        "id": record,
        "status": "OPEN",
        "subject": f"Ticket {record}",
        "opened_at": "2026-05-01",
        "email": f"p{person(record)}@example.org",
    }


class Door:
    """A server with senders of requests; others tell how theirs differ."""

    name = ""
    table = "ticket"
    senders = 4
    # Records of a request.
    size = 1
    sources = ("",)

    def __init__(self, house, ledger):
        self.house = house
        self.ledger = ledger
        self.stop = threading.Event()
        self.server = None
        self.faults = []

    def open(self):
        self.stop.clear()
        self.server = self.house.serve()

    def kill(self):
        """Whether it was at work until then."""
        self.server.kill()
        return self.server.wait() == -9

    def close(self):
        end(self.server)

    def load(self):
        """The senders at work: threads that end when the line goes dead, or when nothing is left to be sent."""
        threads = [threading.Thread(target=self._guarded, args=(n,), daemon=True) for n in range(self.senders)]
        for thread in threads:
            thread.start()
        return threads

    def _guarded(self, sender):
        try:
            self.send(sender)
        except (OSError, http.client.HTTPException):
            # The line went dead, as it is meant to.
            pass
        except Exception as fault:
            self.faults.append(fault)
            raise

    def source(self, sender):
        return self.sources[sender % len(self.sources)]

    def send(self, sender):
        connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=60)
        while not self.stop.is_set():
            records = self.ledger.take(self.size, self.source(sender))
            if not records:
                return
            heard = False
            try:
                path, headers, body = self.request(sender, records)
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
                heard = answer.status == 200 and self.accepts(records, text)
            finally:
                if heard:
                    self.ledger.acknowledge(records)
                else:
                    self.ledger.give_back(records, self.source(sender))
            if answer.status in (429, 503):
                time.sleep(0.1)
            elif not heard:
                raise RuntimeError(f"{self.name} answered {answer.status}: {text[:500]!r}")

    def request(self, sender, records):
        raise NotImplementedError

    def accepts(self, records, text):
        return True


class Tracking(Door):
    """B: a Segment SDK's batches."""

    name, table, size = "B /v1/batch", "web_event", 100
    headers = {
        "Authorization": "Basic " + base64.b64encode(f"{WRITE_KEY}:".encode()).decode(),
        "Content-Type": "application/json",
    }

    def request(self, sender, records):
        at = now()
        batch = [
            {
                "type": "track",
                "messageId": record,
                "userId": f"u{person(record)}",
                "anonymousId": f"a{person(record)}",
                "event": "Product Viewed",
                "timestamp": at,
            }
            for record in records
        ]
        return "/v1/batch", self.headers, json.dumps({"batch": batch, "sentAt": at})


class Hooks(Door):
    """C: deliveries of webhooks, signed by Standard Webhooks; one that is sent again has its id, and a new signature."""

    name, table, senders = "C /hooks", "survey_response", 8

    def request(self, sender, records):
        (record,) = records
        response = {
            "id": record,
            "surveyId": "s1",
            "finished": True,
            "createdAt": "2026-11-02T08:00:00Z",
            "updatedAt": "2026-11-02T08:00:00Z",
            "contact": {"id": f"c{person(record)}"},
            "data": {"nps": 9, "why": f"Because of {record}"},
        }
        body = json.dumps({"event": "responseFinished", "data": response})
        return "/hooks/surveys", self.signed(record, body), body

    @staticmethod
    def signed(record, body):
        delivery, at = f"msg_{record}", str(int(time.time()))
        text = f"{delivery}.{at}.{body}".encode()
        signature = base64.b64encode(hmac.new(HOOK_KEY, text, hashlib.sha256).digest()).decode()
        return {"webhook-id": delivery, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}

    def accepts(self, records, text):
        answer = json.loads(text)
        return answer["rejected"] == 0 and answer["taken"] + answer["repeated"] == 1


class Upload(Door):
    """D over HTTP: files, each acknowledged as a whole."""

    name, senders, size, sources = "D upload", 3, 500, DESKS
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def request(self, sender, records):
        return f"/ingest/{self.source(sender)}/files?name=tickets.csv", self.headers, csv(records)

    def accepts(self, records, text):
        answer = json.loads(text.splitlines()[-1])
        return answer["done"] and answer["taken"] + answer["repeated"] == len(records)


class Ndjson(Door):
    """A over HTTP: streams without an end, acknowledged a flush at a time."""

    name, sources = "A /ingest", DESKS

    def send(self, sender):
        with socket.create_connection(("127.0.0.1", self.house.port), timeout=60) as line:
            line.sendall(
                f"POST /ingest/{self.source(sender)}?stream=tickets HTTP/1.1\r\nhost: kill\r\n"
                f"authorization: Bearer {TOKEN}\r\n"
                "transfer-encoding: chunked\r\n\r\n".encode()
            )
            window = Window(self.ledger, self.source(sender))
            reader = threading.Thread(target=self._hear, args=(line, window), daemon=True)
            reader.start()
            try:
                while not self.stop.is_set() and (records := window.take(100)):
                    body = "".join(json.dumps(ticket(record)) + "\n" for record in records).encode()
                    line.sendall(b"%x\r\n%s\r\n" % (len(body), body))
                line.sendall(b"0\r\n\r\n")
            finally:
                reader.join()
                window.give_back()

    def _hear(self, line, window):
        try:
            answer = http.client.HTTPResponse(line)
            answer.begin()
            if answer.status != 200:
                raise RuntimeError(f"{self.name} answered {answer.status}: {answer.read()[:500]!r}")
            for text in answer:
                said = json.loads(text)
                if "done" in said:
                    return
                window.acknowledge(said["flushed"])
        except (OSError, http.client.HTTPException, ValueError):
            # The line went dead, perhaps within a word.
            pass
        except RuntimeError as fault:
            self.faults.append(fault)
        finally:
            window.end()


class Tap(Door):
    """A on standard input: Singer taps, which keep the last state that came back and go on after it."""

    name, senders, sources = "A stdin", 2, DESKS

    def open(self):
        self.stop.clear()
        self.commands = [
            self.house.start(
                "import", "--singer", "--source", self.source(n), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            for n in range(self.senders)
        ]

    def kill(self):
        for command in self.commands:
            command.kill()
        return all([command.wait() == -9 for command in self.commands])

    def close(self):
        for command in self.commands:
            if command.wait(timeout=120) != 0:
                raise SystemExit(f"an import ended with {command.returncode}:\n{self.house.log()}")

    def send(self, sender):
        command = self.commands[sender]
        window = Window(self.ledger, self.source(sender))
        reader = threading.Thread(target=self._hear, args=(command.stdout, window), daemon=True)
        reader.start()
        read = 0
        try:
            with command.stdin as tap:
                schema = {"type": "SCHEMA", "stream": "tickets", "schema": {}, "key_properties": ["id"]}
                tap.write(json.dumps(schema).encode() + b"\n")
                while not self.stop.is_set() and (records := window.take(100)):
                    read += len(records)
                    lines = [{"type": "RECORD", "stream": "tickets", "record": ticket(record)} for record in records]
                    lines.append({"type": "STATE", "value": {"read": read}})
                    tap.write("".join(json.dumps(line) + "\n" for line in lines).encode())
                    tap.flush()
        finally:
            reader.join()
            window.give_back()

    @staticmethod
    def _hear(states, window):
        heard = 0
        with states:
            for line in states:
                if not line.endswith(b"\n"):
                    break
                read = json.loads(line)["read"]
                window.acknowledge(read - heard)
                heard = read
        window.end()


class Window:
    """Records of a stream that are on their way, in their order."""

    def __init__(self, ledger, source):
        self._ledger = ledger
        self._source = source
        self._records = deque()
        self._changed = threading.Condition()
        self._ended = False

    def take(self, most):
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._records) < WINDOW)
            if self._ended:
                return []
            records = self._ledger.take(most, self._source)
            self._records.extend(records)
            return records

    def acknowledge(self, count):
        with self._changed:
            self._ledger.acknowledge([self._records.popleft() for _ in range(count)])
            self._changed.notify_all()

    def end(self):
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def give_back(self):
        self._ledger.give_back(self._records, self._source)


def csv(records):
    rows = ",".join(ticket("-0")), *(",".join(ticket(record).values()) for record in records)
    return "".join(f"{row}\n" for row in rows)


class File(Door):
    """D by command line: a file whose import is killed again and again, and each time goes on where it says it was."""

    name, size = "D file", 20_000

    def __init__(self, house, ledger):
        super().__init__(house, ledger)
        self.file = house.folder / "tickets.csv"
        self.records = []
        self.place = 0

    def open(self):
        self.stop.clear()
        if not self.records:
            self.records = self.ledger.take(self.size)
            if self.records:
                self.file.write_text(csv(self.records))
        self.command = self._start() if self.records else None

    def _start(self):
        return self.house.start("import", "--source", "desk-0", str(self.file), stderr=subprocess.PIPE, text=True)

    def load(self):
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        return [thread]

    def _watch(self):
        """Sees the place that is noted move on: what lies before it will not be read again, so it must be there."""
        while not self.stop.is_set() and self.command and self.command.poll() is None:
            if self._noted() > self.place:
                self.ledger.first.set()
                return
            time.sleep(0.02)
        self.ledger.first.set()

    def _noted(self):
        try:
            rows = self.house.database.rows("SELECT records FROM import_progress")
        except Exception:
            # Before the tables are made.
            return 0
        return int(rows[0][0]) if rows else 0

    def kill(self):
        self.command.kill()
        self._ended(self.command.communicate()[1])
        return self.command.returncode == -9

    def close(self):
        if self.command:
            self._ended(self.command.communicate(timeout=300)[1])

    def _ended(self, said):
        went_on = f"went on after {self.place} records"
        if self.place and self.command.returncode == 0 and went_on not in said:
            self.faults.append(RuntimeError(f"the import does not say that it {went_on}:\n{said}"))
        if self.command.returncode == 0:
            self.ledger.acknowledge(self.records)
            self.records, self.place = [], 0
        elif self.command.returncode == -9:
            place = self._noted()
            if place < self.place:
                self.faults.append(RuntimeError(f"the place went back from {self.place} to {place}"))
            self.place = place
            self.ledger.acknowledge(self.records[:place])
            self.ledger.resent += len(self.records) - place
        else:
            self.faults.append(RuntimeError(f"the import ended with {self.command.returncode}:\n{said}"))


DOORS = {"stdin": Tap, "ingest": Ndjson, "v1": Tracking, "hooks": Hooks, "file": File, "upload": Upload}

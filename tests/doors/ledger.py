"""What was sent and what was acknowledged, and whether the database holds just that."""

import threading
from collections import Counter, defaultdict, deque

PEOPLE = 500


def person(record):
    """Whom a record is about, by its number."""
    return int(record.rsplit("-", 1)[1]) * 2654435761 % PEOPLE


class Ledger:
    """Numbered records: taken by senders, given back unless they were acknowledged, then sent again as they were."""

    def __init__(self, door, early=False):
        self.door = door
        self.early = early
        self.first = threading.Event()
        self.sent = 0
        self.resent = 0
        self.acknowledged = set()
        # By the source that they were sent to: to another they would be other records.
        self._left = defaultdict(deque)
        self._draining = False
        self._lock = threading.Lock()

    def take(self, most, source=""):
        """The next to be sent: first what was sent and not acknowledged. None is left when only that is to be sent."""
        with self._lock:
            left = self._left[source]
            records = [left.popleft() for _ in range(min(most, len(left)))]
            self.resent += len(records)
            new = 0 if self._draining else most - len(records)
            records += [f"{self.door}-{number}" for number in range(self.sent, self.sent + new)]
            self.sent += new
        if self.early:
            self.acknowledge(records)
        return records

    def acknowledge(self, records):
        with self._lock:
            self.acknowledged.update(records)
        self.first.set()

    def give_back(self, records, source=""):
        """These were not acknowledged."""
        with self._lock:
            self._left[source].extend(record for record in records if record not in self.acknowledged)

    def drain(self):
        """From here on nothing new is sent."""
        self._draining = True

    @property
    def left(self):
        return sum(map(len, self._left.values()))


def compare(database, ledger, table):
    """Acknowledged records that are not there; records whose effect is there more than once; what else does not agree.

    Looked at are the raw record, its row, the row's place in the timeline and its entry in the sequence of changes."""

    def count(sql):
        return Counter(row[0] for row in database.rows(sql))

    of_rows = f"FROM {table} t JOIN record r ON r.id = t.record_id"
    parts = {
        "record": count("SELECT key FROM record WHERE state = 'APPLIED'"),
        "row": count(f"SELECT r.key {of_rows}"),
        "timeline": count(f"SELECT r.key {of_rows} JOIN interaction i ON i.id = t.id"),
        "change": count(f"SELECT r.key {of_rows} JOIN change c ON c.entity_id = t.id AND c.entity = '{table}'"),
    }
    lost = {record for record in ledger.acknowledged if not all(part[record] for part in parts.values())}
    doubled = {record for part in parts.values() for record, times in part.items() if times > 1}

    def number(sql):
        return int(database.rows(sql)[0][0])

    there = parts["record"]
    expected = {
        "records": (number("SELECT count(*) FROM record"), len(there)),
        "rows": (number(f"SELECT count(*) FROM {table}"), len(there)),
        "timeline": (number("SELECT count(*) FROM interaction"), len(there)),
        "taken by the sources' counts": (number("SELECT coalesce(sum(taken), 0) FROM source_stream"), len(there)),
        "rejected": (number("SELECT coalesce(sum(rejected), 0) FROM source_stream"), 0),
        "superseded": (number("SELECT coalesce(sum(superseded), 0) FROM source_stream"), 0),
        "customers": (number("SELECT count(*) FROM customer"), len({person(record) for record in there})),
        "never sent": (len([record for record in there if int(record.rsplit("-", 1)[1]) >= ledger.sent]), 0),
    }
    if table == "survey_response":
        expected["answers"] = (number("SELECT count(*) FROM survey_answer"), 2 * len(there))
    differs = [f"{what}: {found}, not {wanted}" for what, (found, wanted) in expected.items() if found != wanted]
    return lost, doubled, differs


def tamper(database):
    """One record takes another's name: to see that the comparison finds one lost and one doubled."""
    (first,), (second,) = database.rows("SELECT key FROM record ORDER BY intake_no LIMIT 2")
    database.change(f"UPDATE record SET key = '{second}' WHERE key = '{first}'")

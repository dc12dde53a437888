"""Writes the load test's variables in our ids and cursors: the same customers and pages, asked of the server itself."""

import json
import sys
import time
import urllib.error
import urllib.request

URL, TOKEN, SOURCE, OUT = sys.argv[1:5]


def ask(query, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"content-type": "application/json", "authorization": "Bearer " + TOKEN}
    with urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=30) as answer:
        answer = json.load(answer)
    if answer.get("errors"):
        sys.exit(f"the server answers with errors: {answer['errors']}")
    return answer["data"]


def wait_until_ready():
    end = time.time() + 60
    while True:
        try:
            return ask("{ __typename }")
        except (urllib.error.URLError, ConnectionError):
            if time.time() > end:
                sys.exit("the server does not answer")
            time.sleep(0.1)


def lines(name):
    with open(f"{SOURCE}/{name}.ndjson", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write(name, rows):
    with open(f"{OUT}/{name}.ndjson", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def ids(rows):
    """Keys of the data's customers become our ids, twenty look-ups a request."""
    found = []
    for start in range(0, len(rows), 20):
        part = rows[start : start + 20]
        fields = " ".join(
            f'c{i}: customer(by: {{external: {{source: "load", key: "{row["id"]}"}}}}) {{ id }}'
            for i, row in enumerate(part)
        )
        data = ask("{ " + fields + " }")
        found += [{"id": data[f"c{i}"]["id"]} for i in range(len(part))]
    return found


def pages(rows):
    """Offsets become cursors: each stage's list is walked page by page."""
    query = """query($stage: [LifecycleStage!], $after: String) {
        customers(filter: {stage: $stage}, first: 20, after: $after) { pageInfo { endCursor } } }"""
    cursors = {}
    for stage in {row["stage"] for row in rows}:
        cursor = None
        for offset in range(0, max(row["offset"] for row in rows) + 1, 20):
            cursors[stage, offset] = cursor
            data = ask(query, stage=[stage.upper()], after=cursor)
            cursor = data["customers"]["pageInfo"]["endCursor"]
    return [{"stage": [row["stage"].upper()], "after": cursors[row["stage"], row["offset"]]} for row in rows]


wait_until_ready()
write("q1", ids(lines("q1")))
write("q2", pages(lines("q2")))
write("q4", lines("q4"))

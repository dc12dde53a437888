"""The program under test: a folder with its sources, its database, and the processes that are started and killed."""

import base64
import os
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

# Of each source: its mapping, and what its senders prove themselves with.
HOOK_KEY = b"thirty-two bytes sign deliveries"
TOKEN = "9f1c3a5be27d4f60a1b2c3d4"
# Every browser reads a write key, so it is no token of another source.
WRITE_KEY = "77d0c1e2b3a495867f6e5d4c"
SOURCES = {
    "desk-0": 'mapping = "csv-support"\nsecrets = ["token"]\n',
    "desk-1": 'mapping = "csv-support"\nsecrets = ["token"]\n',
    "web": 'mapping = "segment"\nsecrets = ["page"]\n',
    "surveys": 'mapping = "formbricks"\nsecrets = ["hook"]\n',
}


class Sqlite:
    """A file of its own."""

    name = "SQLite"

    def __init__(self, folder):
        self.path = folder / "customer360.sqlite"
        self.url = f"sqlite://{self.path}"

    def rows(self, sql):
        connection = sqlite3.connect(f"file:{self.path}", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def change(self, sql):
        connection = sqlite3.connect(self.path, timeout=30)
        with connection:
            connection.execute(sql)
        connection.close()

    def remove(self):
        """Goes with its folder."""


class Postgres:
    """A database of its own on a running server, made and asked by psql."""

    name = "PostgreSQL"

    def __init__(self, server):
        self.server = server
        self.database = f"doors_{uuid.uuid4().hex[:12]}"
        self._psql(f"{server}/postgres", f"CREATE DATABASE {self.database}")
        self.url = f"{server}/{self.database}"

    @staticmethod
    def _psql(url, sql):
        command = ["psql", "-X", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", sql, url]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout

    def rows(self, sql):
        return [tuple(line.split("\t")) for line in self._psql(self.url, sql).splitlines()]

    def change(self, sql):
        self._psql(self.url, sql)

    def remove(self):
        self._psql(f"{self.server}/postgres", f"DROP DATABASE {self.database} WITH (FORCE)")


class House:
    """A folder, its sources and settings; the binary is run there."""

    def __init__(self, binary, postgres=None):
        self.binary = binary
        self._folder = tempfile.TemporaryDirectory(prefix="customer360-doors-")
        self.folder = Path(self._folder.name)
        self.database = Postgres(postgres) if postgres else Sqlite(self.folder)
        sources = self.folder / "sources"
        sources.mkdir()
        for key, text in SOURCES.items():
            (sources / f"{key}.toml").write_text(f'key = "{key}"\n{text}')
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("CUSTOMER360_", "DATABASE_"))
        }
        self.environment |= {
            "DATABASE_URL": self.database.url,
            "CUSTOMER360_HTTP__LISTEN": f"127.0.0.1:{self.port}",
            "CUSTOMER360_SECRETS__TOKEN": TOKEN,
            "CUSTOMER360_SECRETS__PAGE": WRITE_KEY,
            "CUSTOMER360_SECRETS__HOOK": "whsec_" + base64.b64encode(HOOK_KEY).decode(),
        }
        self._log = (self.folder / "log").open("ab")
        self._started = []

    def start(self, *arguments, **pipes):
        """A command of the binary; what it complains of goes to the log."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": self._log} | pipes
        process = subprocess.Popen([self.binary, *arguments], cwd=self.folder, env=self.environment, **pipes)
        self._started.append(process)
        return process

    def serve(self):
        """The server, once it is ready."""
        server = self.start("serve")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if server.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                    return server
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise SystemExit(f"the server did not start:\n{self.log()}")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def remove(self):
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()
        self._log.close()
        self.database.remove()
        self._folder.cleanup()


def end(process):
    """The polite way, for a last look."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    if process.wait(timeout=60) != 0:
        raise SystemExit(f"a process ended with {process.returncode} though it was asked politely")

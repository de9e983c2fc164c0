#!/usr/bin/env python3
"""A SIMULATED terminal operating system: its own program, its own HTTP API, its own SQLite database.

It stands in for the system that holds the voyages and that re-slots, stop orders, notes and queries are written to. It
counts every call and every effect that it applied, and can be told to be slow, to fail, or to apply an effect and drop
the connection without an answer. Every answer says {"simulated": true}.

    terminal_system.py --port 0 --database terminal.db        prints {"port": N, ...} on its first line

GET  /voyages/{voyage}                  vessel, rotation, stack limits
POST /plans/{plan}/moves                a re-slot order                     honours Idempotency-Key
POST /plans/{plan}/stop                 stop the plan                       honours Idempotency-Key
POST /queries                           ask the sender of a plan            honours Idempotency-Key
POST /plans/{plan}/notes                a note: applied at EVERY call, the key is not honoured
GET  /plans/{plan}/notes/{reference}    whether a note with that reference is there: the read-back for notes
GET  /effects/{key}                     how often the effect with that key was applied
GET  /calls                             all counts
POST /control                           {"slow_ms", "fail_rate", "drop_after_rate", "seed"}: misbehave from now on
"""
import argparse
import hashlib
import json
import random
import re
import signal
import socket
import sqlite3
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_BYTES_MAX = 1 << 20

VOYAGES = {
    "042W": {"vessel": "MV NORTHERN LANTERN", "callSign": "9VXX7", "operator": "NLH",
             "rotation": ["LKCMB", "EGPSD", "ITGIT", "ESALG", "NLRTM", "DEHAM"],
             "stackLimitsKg": {"deck": 80000, "hold": 240000}},
    "117E": {"vessel": "MV SOUTHERN KEEL", "callSign": "9VXX8", "operator": "BRK",
             "rotation": ["SGSIN", "MYPKG", "CNSHA", "KRPUS"],
             "stackLimitsKg": {"deck": 75000, "hold": 220000}},
}

SCHEMA = """
CREATE TABLE IF NOT EXISTS voyages (voyage TEXT PRIMARY KEY, document TEXT NOT NULL);
-- What the business sees. Nothing here is unique on purpose: an effect applied twice shows as two rows.
CREATE TABLE IF NOT EXISTS effects (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, plan TEXT, reference TEXT, idempotency_key TEXT,
  body TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX IF NOT EXISTS effects_by_reference ON effects (kind, plan, reference);
-- The keys seen, how often each was called with and how often its effect was applied.
CREATE TABLE IF NOT EXISTS keys (
  key TEXT PRIMARY KEY, kind TEXT NOT NULL, body_digest TEXT NOT NULL, answer TEXT NOT NULL,
  calls INTEGER NOT NULL, applied INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS calls (endpoint TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


class Refusal(Exception):
    """An answer other than success, decided before anything was applied."""

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status, self.detail = status, detail


class Terminal:
    """The state: database and told misbehaviour. One lock, so counts are exact."""

    def __init__(self, database):
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.executescript(SCHEMA)
        for voyage, document in VOYAGES.items():
            self.connection.execute("INSERT OR IGNORE INTO voyages VALUES (?, ?)", (voyage, json.dumps(document)))
        self.control = {"slow_ms": 0, "fail_rate": 0.0, "drop_after_rate": 0.0, "seed": 1}
        self.random = random.Random(1)

    # -- misbehaviour

    def set_control(self, wanted):
        limits = {"slow_ms": (0, 600_000), "fail_rate": (0, 1), "drop_after_rate": (0, 1), "seed": (0, 2 ** 63)}
        for name, value in wanted.items():
            if name not in limits:
                raise Refusal(400, f"unknown control '{name}', expected one of {', '.join(limits)}")
            low, high = limits[name]
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
                raise Refusal(400, f"'{name}' must be a number from {low} to {high}, found {json.dumps(value)[:60]}")
        with self.lock:
            self.control.update(wanted)
            if "seed" in wanted:
                self.random = random.Random(int(wanted["seed"]))
            return dict(self.control)

    def draw(self):
        """What happens to one call: (seconds to wait, status to fail with or None, whether to drop the answer)."""
        with self.lock:
            fails = self.random.random() < self.control["fail_rate"]
            status = self.random.choice((500, 503)) if fails else None
            drops = self.random.random() < self.control["drop_after_rate"]
            return self.control["slow_ms"] / 1000, status, drops

    # -- counting and reading

    def count(self, endpoint):
        with self.lock:
            self.connection.execute("INSERT INTO calls VALUES (?, 1) ON CONFLICT (endpoint) DO UPDATE SET count = count + 1",
                                    (endpoint,))

    def voyage(self, voyage):
        with self.lock:
            row = self.connection.execute("SELECT document FROM voyages WHERE voyage = ?", (voyage,)).fetchone()
        if row is None:
            raise Refusal(404, f"no voyage '{voyage}'")
        return {"voyage": voyage, **json.loads(row[0])}

    def note(self, plan, reference):
        with self.lock:
            count = self.connection.execute("SELECT count(*) FROM effects WHERE kind = 'notes' AND plan = ? AND reference = ?",
                                            (plan, reference)).fetchone()[0]
        return {"plan": plan, "reference": reference, "found": count > 0, "count": count}

    def effect(self, key):
        with self.lock:
            row = self.connection.execute("SELECT kind, calls, applied FROM keys WHERE key = ?", (key,)).fetchone()
        if row is None:
            return {"key": key, "found": False, "calls": 0, "applied": 0}
        return {"key": key, "found": row[2] > 0, "kind": row[0], "calls": row[1], "applied": row[2]}

    def counts(self):
        with self.lock:
            query = self.connection.execute
            calls = dict(query("SELECT endpoint, count FROM calls ORDER BY endpoint"))
            applied = dict(query("SELECT kind, count(*) FROM effects GROUP BY kind ORDER BY kind"))
            keys, keyed_calls = query("SELECT count(*), coalesce(sum(calls), 0) FROM keys").fetchone()
            doubled = [row[0] for row in query("SELECT key FROM keys WHERE applied > 1 AND kind <> 'notes' ORDER BY key")]
            doubled_notes = [row[0] for row in query(
                "SELECT reference FROM effects WHERE kind = 'notes' GROUP BY plan, reference HAVING count(*) > 1 ORDER BY 1")]
        return {"calls": calls, "totalCalls": sum(calls.values()), "applied": applied, "totalApplied": sum(applied.values()),
                "keys": keys, "callsWithKey": keyed_calls, "keysAppliedMoreThanOnce": doubled,
                "notesAppliedMoreThanOnce": doubled_notes}

    # -- effects

    def apply(self, kind, plan, body, key, honour_key):
        """Applies an effect and gives its answer; with an honoured key a second call only gives the first answer again."""
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                answer = self.apply_in_transaction(kind, plan, body, key, honour_key, digest)
                self.connection.execute("COMMIT")
                return answer
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise

    def apply_in_transaction(self, kind, plan, body, key, honour_key, digest):
        seen = self.connection.execute("SELECT kind, body_digest, answer FROM keys WHERE key = ?", (key,)).fetchone() if key else None
        if seen is not None and honour_key:
            if seen[0] != kind or seen[1] != digest:
                raise Refusal(422, "this Idempotency-Key came with another request before")
            self.connection.execute("UPDATE keys SET calls = calls + 1 WHERE key = ?", (key,))
            return {**json.loads(seen[2]), "repeated": True}
        row = self.connection.execute("INSERT INTO effects (kind, plan, reference, idempotency_key, body) VALUES (?, ?, ?, ?, ?)",
                                      (kind, plan, body.get("reference"), key, json.dumps(body))).lastrowid
        answer = {"simulated": True, "id": f"{kind.upper()[:2]}{row:06d}", "kind": kind, "repeated": False}
        if key:
            self.connection.execute(
                "INSERT INTO keys VALUES (?, ?, ?, ?, 1, 1) "
                "ON CONFLICT (key) DO UPDATE SET calls = calls + 1, applied = applied + 1",
                (key, kind, digest, json.dumps(answer)))
        return answer


# kind -> (path, fields that the body must have, whether Idempotency-Key is honoured)
EFFECTS = {
    "moves": (r"/plans/([^/]+)/moves", ("finding", "containers", "reason"), True),
    "stop": (r"/plans/([^/]+)/stop", ("finding", "reason"), True),
    "notes": (r"/plans/([^/]+)/notes", ("reference", "text"), False),
    "queries": (r"/queries", ("plan", "finding", "question"), True),
}


def decoded(part):
    """A part of a path, percent-decoded."""
    return urllib.parse.unquote(part)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SimulatedTerminalSystem/1"
    disable_nagle_algorithm = True
    timeout = 120  # of an idle connection, seconds

    def do_GET(self):
        self.serve(self.get)

    def do_POST(self):
        self.serve(self.post)

    def serve(self, handle):
        try:
            body = self.read_body()
            status, answer = handle(self.path.split("?")[0], body)
        except Refusal as refusal:
            status, answer = refusal.status, {"title": "Refused", "status": refusal.status, "detail": refusal.detail}
        if answer is None:  # told to drop the connection
            self.close_connection = True
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            return
        content = json.dumps({"simulated": True, **answer}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def read_body(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if "Transfer-Encoding" in self.headers or not 0 <= length <= BODY_BYTES_MAX:
            self.close_connection = True  # what follows can't be told from the next request
            raise Refusal(413 if length > BODY_BYTES_MAX else 400, f"a body needs a Content-Length of at most {BODY_BYTES_MAX}")
        return self.rfile.read(length)

    def get(self, path, _):
        terminal = self.server.terminal
        if path == "/calls":
            return 200, terminal.counts()
        if match := re.fullmatch(r"/effects/([^/]+)", path):
            return 200, terminal.effect(decoded(match[1]))
        if match := re.fullmatch(r"/voyages/([^/]+)", path):
            return self.misbehaving("GET /voyages", lambda: (200, terminal.voyage(decoded(match[1]))))
        if match := re.fullmatch(r"/plans/([^/]+)/notes/([^/]+)", path):
            return self.misbehaving("GET /plans/notes", lambda: (200, terminal.note(decoded(match[1]), decoded(match[2]))))
        raise Refusal(404, f"no such resource: GET {path[:200]}")

    def post(self, path, raw):
        terminal = self.server.terminal
        try:
            body = json.loads(raw) if raw else {}
        except (ValueError, RecursionError):
            raise Refusal(400, "the body is no JSON") from None
        if not isinstance(body, dict):
            raise Refusal(400, "the body must be a JSON object")
        if path == "/control":
            return 200, {"control": terminal.set_control(body)}
        for kind, (pattern, required, honour_key) in EFFECTS.items():
            if match := re.fullmatch(pattern, path):
                plan = decoded(match[1]) if match.groups() else body.get("plan")
                return self.misbehaving(f"POST {kind}", lambda: self.apply(kind, plan, body, required, honour_key))
        raise Refusal(404, f"no such resource: POST {path[:200]}")

    def apply(self, kind, plan, body, required, honour_key):
        missing = [name for name in required if name not in body]
        if missing:
            raise Refusal(400, f"missing in the body: {', '.join(missing)}")
        key = self.headers.get("Idempotency-Key")
        if honour_key and not key:
            raise Refusal(400, "this call needs an Idempotency-Key")
        return 201, self.server.terminal.apply(kind, str(plan), body, key, honour_key)

    def misbehaving(self, endpoint, work):
        terminal = self.server.terminal
        terminal.count(endpoint)
        seconds, fail_status, drop = terminal.draw()
        if seconds > 0:
            time.sleep(seconds)
        if fail_status is not None:  # before anything was applied
            raise Refusal(fail_status, "the simulated terminal system was told to fail")
        status, answer = work()
        return (status, None) if drop else (status, answer)

    def log_message(self, *arguments):
        if self.server.verbose:
            super().log_message(*arguments)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, terminal, verbose=False):
        super().__init__(address, Handler)
        self.terminal, self.verbose = terminal, verbose

    def handle_error(self, request, client_address):
        """A caller that was killed in mid-call is part of the story, not a reason for a stack trace."""
        if self.verbose or not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="A simulated terminal operating system.")
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free port; it is printed")
    parser.add_argument("--listen", default="127.0.0.1")
    parser.add_argument("--database", required=True, help="SQLite file; created when missing")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    options = parser.parse_args(arguments)
    server = Server((options.listen, options.port), Terminal(options.database), options.verbose)
    print(json.dumps({"simulated": True, "port": server.server_address[1], "database": options.database}), flush=True)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)


if __name__ == "__main__":
    main()

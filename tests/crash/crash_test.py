"""Kills the server with SIGKILL at random moments of the harbour desk's story and checks what is left.

The moments are drawn from a seed. After each story, with the faults stopped: everything that was acknowledged is there,
every instance has ended, the simulated terminal system applied no effect twice, applied every effect that the journal calls
done, and none that it calls failed or denied; every ambiguous effect is resolved or listed as a task for a person.
"""

import argparse
import random
import shutil
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "apps" / "port" / "demo"))
from installation import CallFailed, GantryServer, TerminalSystem, generate_plan, vote  # noqa: E402

VOTERS = ["vera", "dora", "milo"]
FAULTS = {"slow_ms": 5, "drop_after_rate": 0.2, "fail_rate": 0.1}


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


class Story:
    """One plan from arrival to the end, with kills in between; `acknowledged` is what the server said yes to."""

    def __init__(self, options, number):
        self.random = random.Random(options.seed * 1000 + number)
        self.work = Path(options.work) / f"story-{number}"
        self.work.mkdir(parents=True)
        self.plan, self.answers = generate_plan(self.work, seed=options.seed + number, containers=options.containers)
        self.terminal = TerminalSystem(self.work / "terminal.db")
        self.terminal.control(seed=options.seed + number, **FAULTS)
        self.server = GantryServer(options.gantry, self.work, self.terminal.address)
        self.server.create_tokens()
        self.server.start()
        self.instance = None
        self.votes = []  # (person, task) that the server acknowledged
        self.kills = 0

    def attempt(self, action):
        """An action may meet a dead server; it is tried again after the restart, as a client would."""
        try:
            return action()
        except (OSError, CallFailed) as error:
            if isinstance(error, CallFailed) and error.status not in (429, 503):
                raise
            return None

    def send_plan(self):
        instance = self.attempt(lambda: self.server.start_plan(self.plan, "plan"))
        if instance:
            check(self.instance in (None, instance), f"the key 'plan' gave two instances: {self.instance} and {instance}")
            self.instance = instance

    def people_vote(self):
        for person in VOTERS:
            tasks = self.attempt(lambda: self.server.list(person, "/api/v1/tasks?state=open")) or []
            for task in tasks:
                if task["kind"] == "approval" and self.attempt(lambda: vote(self.server, person, task["id"])):
                    self.votes.append((person, task["id"]))

    def open_instances(self):
        return self.attempt(lambda: self.server.list("otto", "/api/v1/instances?status=running") +
                            self.server.list("otto", "/api/v1/instances?status=waiting"))

    def kill_and_restart(self):
        self.server.kill()
        self.kills += 1
        self.server.start()

    def run(self, kills_wanted):
        while self.kills < kills_wanted:
            moment = time.monotonic() + self.random.expovariate(1 / 0.12)
            if self.instance is None:
                self.send_plan()
            elif self.random.random() < 0.5:
                self.people_vote()
            while time.monotonic() < moment:
                time.sleep(0.002)
            self.kill_and_restart()
            if self.instance and self.kills > 3 and self.open_instances() == []:
                break  # the story is over; the next kills go to a new one
        self.settle()

    def settle(self, timeout=60):
        """No more faults: everything must come to an end."""
        self.terminal.control(slow_ms=0, drop_after_rate=0, fail_rate=0)
        while self.instance is None:
            self.send_plan()
        deadline = time.monotonic() + timeout
        while True:
            self.people_vote()
            still_open = self.open_instances()
            if still_open == []:
                return
            if still_open and all(self.waits_for_resolution(row["id"]) for row in still_open):
                return
            check(time.monotonic() < deadline, f"{len(still_open or [])} instances do not end: {[row['id'] for row in still_open or []][:3]}")
            time.sleep(0.02)

    def waits_for_resolution(self, instance):
        tasks = self.server.list("otto", f"/api/v1/tasks?state=open&all=true&instance={instance}")
        return any(task["kind"] == "resolution" for task in tasks)

    def verify(self):
        self.server.stop()
        terminal = sqlite3.connect(f"file:{self.work / 'terminal.db'}?mode=ro", uri=True)
        applied = dict(terminal.execute("SELECT idempotency_key, count(*) FROM effects GROUP BY idempotency_key"))
        terminal.close()
        journal = sqlite3.connect(f"file:{self.server.store}?mode=ro", uri=True)
        effects = journal.execute("SELECT id, key, state, class FROM effects").fetchall()
        voted = set(journal.execute("SELECT person, task FROM approvals").fetchall())
        instances = {row[0] for row in journal.execute("SELECT id FROM instances")}
        journal.close()
        check(self.instance in instances, "the acknowledged instance is lost")
        for acknowledged in self.votes:
            check(acknowledged in voted, f"an acknowledged vote is lost: {acknowledged}")
        writes = [row for row in effects if row[3] not in ("read", "egress_read")]
        known = {row[1] for row in writes}
        for key, count in applied.items():
            check(count == 1, f"effect {key} was applied {count} times")
            check(key in known, f"the terminal system applied {key}, which the journal does not know")
        for effect, key, state, _ in writes:
            check(state != "done" or key in applied, f"{effect} is done in the journal but was not applied")
            check(state not in ("failed", "denied", "proposed", "rejected", "expired", "withdrawn") or key not in applied,
                  f"{effect} is {state} in the journal but was applied")
        listed = sum(1 for row in writes if row[2] == "ambiguous")
        return len(writes), len(applied), listed

    def close(self):
        self.server.stop()
        self.terminal.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gantry", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--crashes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--containers", type=int, default=400)
    parser.add_argument("--kills-per-story", type=int, default=25)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    kills = stories = effects = applied = listed = 0
    while kills < options.crashes:
        story = Story(options, stories)
        try:
            story.run(min(options.kills_per_story, options.crashes - kills))
            counts = story.verify()
        except Failure as failure:
            print(f"FAILED in story {stories} (seed {options.seed}, after {story.kills} kills): {failure}\nkept: {story.work}")
            return 1
        finally:
            story.close()
        kills += story.kills
        stories += 1
        effects += counts[0]
        applied += counts[1]
        listed += counts[2]
        shutil.rmtree(story.work)
        print(f"story {stories}: {story.kills} kills survived, {counts[0]} effects, {counts[1]} applied once each, {counts[2]} left to a person", flush=True)
    print(f"survived {kills} kills in {stories} stories: {effects} effects, {applied} applied once each, 0 twice, 0 lost, {listed} listed for a person")
    return 0


if __name__ == "__main__":
    sys.exit(main())

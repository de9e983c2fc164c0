"""Three nodes on one database, under load, and the one that has the journal is killed again and again, or frozen.

  nodes_test.py PROGRAM [--minutes MINUTES]     by default four times; else for so long
"""
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from nodes import BINARIES, Cluster, ClusterTestCase

PROGRAM, MINUTES = None, 0
CLIENTS, KILLS, INSTANCES_PER_KILL, STEPS, OPEN_MAX = 4, 4, 40, 3, 100
TAKEOVER_SECONDS_MAX = 10  # of a loaded machine; the lease is 2 s


@unittest.skipUnless((BINARIES / "initdb").exists(), "PostgreSQL 15 is not installed")
class NodesTest(ClusterTestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.cluster = Cluster(PROGRAM, self.folder.name, ["north", "south", "west"], {"stow": ["crane.move"] * STEPS}, durable=False)
        self.cluster.start()
        self.started, self.failures, self.stopping = {}, [], threading.Event()

    def tearDown(self):
        self.stopping.set()
        self.cluster.stop()
        self.folder.cleanup()

    def client(self, number):
        try:
            for count in range(1_000_000):
                # What waits long for its turn to be sent is taken for sent at each stop, and after eight of them a person is asked.
                while len(self.started) - len(self.cluster.crane.applied) // STEPS > OPEN_MAX and not self.stopping.is_set():
                    time.sleep(0.01)
                if self.stopping.is_set():
                    return
                key = f"{number}-{count}"
                self.started[key] = self.cluster.start_instance("stow", key)
        except Exception as failure:  # told by the test's own thread
            self.failures.append(failure)

    def what_waits(self):
        return self.cluster.database.rows("SELECT i.status, e.state, e.attempts, e.reason, count(*) FROM instances i LEFT JOIN effects e ON e.instance "
                                          "= i.id AND e.state <> 'done' WHERE i.status <> 'completed' GROUP BY 1, 2, 3, 4")

    def one(self, sql):
        return self.cluster.database.rows(sql)[0][0]

    def test_killed_and_frozen_nodes_lose_nothing_and_nothing_is_done_twice(self):
        cluster = self.cluster
        clients = [threading.Thread(target=self.client, args=(number,), daemon=True) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        takeovers = []
        end = time.monotonic() + 60 * MINUTES
        for kill in itertools.count():
            if time.monotonic() > end if MINUTES else kill == KILLS:
                break
            wanted = len(self.started) + INSTANCES_PER_KILL
            self.wait_until(lambda: len(self.started) >= wanted, f"{wanted} instances started; {len(self.started)} did")
            node = cluster.active()
            frozen = kill % KILLS == KILLS - 1
            node.send(signal.SIGSTOP if frozen else signal.SIGKILL)
            before = time.monotonic()
            if not frozen:
                node.process.wait()
            self.wait_until(lambda: any(each is not node and each.is_ready() for each in cluster.nodes), "another node takes over")
            takeovers.append(time.monotonic() - before)
            if frozen:  # wakes up, finds that it has lost, and ends by itself
                node.send(signal.SIGCONT)
                self.assertEqual(node.process.wait(20), 4)
            node.start()
        self.stopping.set()
        for client in clients:
            client.join()
        self.assertEqual(self.failures, [])
        count = len(self.started)
        completed = "SELECT count(*) FROM instances WHERE status = 'completed'"
        self.wait_until(lambda: self.one(completed) == str(count), lambda: f"{self.one(completed)} of {count} completed: {self.what_waits()}")
        self.assertEqual(self.one("SELECT count(*) FROM instances"), str(count), "each key has one instance")
        self.assertEqual(len(set(self.started.values())), count)
        self.assertEqual(self.one("SELECT count(*) FROM effects WHERE state = 'done'"), str(count * STEPS))
        self.assertEqual(self.one("SELECT count(*) FROM effects"), str(count * STEPS), "no step was decided twice")
        self.assertEqual(self.one("SELECT count(*) FROM events WHERE type = 'instance_completed'"), str(count))
        keys = {row[0] for row in cluster.database.rows("SELECT key FROM effects")}
        self.assertEqual(set(cluster.crane.applied), keys, "the crane moved what the journal says, each once by its key")
        again = cluster.crane.again
        recorded = int(self.one("SELECT count(*) FROM events WHERE type = 'effect_sent_again'"))
        self.assertLessEqual(again, recorded, "what was sent again was recorded first")
        verified = subprocess.run([cluster.program, "audit", "verify", "--store", cluster.database.url], capture_output=True, text=True)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        self.assertLess(max(takeovers), TAKEOVER_SECONDS_MAX)
        froze = len(takeovers) // KILLS
        print(f"survived: {count} instances, {len(takeovers) - froze} nodes killed and {froze} frozen, another took over within {max(takeovers):.1f} s at "
              f"most; {again} calls came again under their key, nothing lost, nothing done twice")

    def test_a_node_that_stands_by_says_which_one_to_ask(self):
        active = self.cluster.active()
        other = next(node for node in self.cluster.nodes if node is not active)
        self.assertEqual(json.loads(urllib.request.urlopen(other.address + "/healthz").read()), {"status": "standby"})
        for _ in range(500):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(other.address + "/api/v1/instances")
            self.assertEqual(refused.exception.code, 503)
            problem = json.loads(refused.exception.read())
            if problem["address"]:
                break
            time.sleep(0.02)
        self.assertEqual((problem["node"], problem["address"]), (active.name, active.address))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    if sys.argv[1:2] == ["--minutes"]:
        MINUTES = float(sys.argv.pop(2))
        sys.argv.pop(1)
    unittest.main()

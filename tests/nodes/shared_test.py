"""Three nodes share one database in partitions, under load; one is killed again and again, or frozen, or asked to stop.

  shared_test.py PROGRAM [--minutes MINUTES]     by default four times; else for so long
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

from nodes import BINARIES, POLICY, Cluster, ClusterTestCase

PROGRAM, MINUTES = None, 0
PARTITIONS, CLIENTS, ENDS, INSTANCES_PER_END, STEPS, OPEN_MAX = 6, 4, 4, 40, 3, 60
PAUSE = 0.06  # of a client between two instances, so that the check at the end is short
TAKEOVER_SECONDS_MAX = 10  # of a loaded machine; the lease is 2 s
HOW = [signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP]


@unittest.skipUnless((BINARIES / "initdb").exists(), "PostgreSQL 15 is not installed")
class SharedTest(ClusterTestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.cluster = Cluster(PROGRAM, cls.folder.name, ["north", "south", "west"], {name: ["crane.move"] * STEPS for name in ("stow", "show")},
                              durable=False, partitions=PARTITIONS, roles=["administrator", "operator", "auditor"])
        cls.cluster.start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        cls.folder.cleanup()

    def setUp(self):
        self.started, self.failures, self.stopping = {}, [], threading.Event()

    def tearDown(self):
        self.stopping.set()

    def client(self, number):
        try:
            for count in range(1_000_000):
                while len(self.started) - (len(self.cluster.crane.applied) - self.applied_before) // STEPS > OPEN_MAX and not self.stopping.is_set():
                    time.sleep(0.01)
                if self.stopping.wait(PAUSE):
                    return
                key = f"{number}-{count}"
                self.started[key] = self.cluster.start_instance("stow", key, at=number)
        except Exception as failure:  # told by the test's own thread
            self.failures.append(failure)

    def shares(self, nodes=None):
        """The partitions of each node that answers."""
        return {node.name: node.partitions() for node in nodes or self.cluster.nodes}

    def are_all_served(self, nodes=None):
        return sorted(number for numbers in self.shares(nodes).values() for number in numbers) == list(range(PARTITIONS))

    def wait_for_fair_shares(self):
        self.wait_until(lambda: sorted(map(len, self.shares().values())) == [2, 2, 2] and self.are_all_served(), lambda: f"fair shares: {self.shares()}")

    def call(self, node, path, body=None, headers=None):
        request = urllib.request.Request(node.address + path, None if body is None else json.dumps(body).encode(),
                                         {"Authorization": "Bearer " + self.cluster.token, "Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def listed(self, node, path, limit=13):
        rows, cursor = [], ""
        while True:
            status, page = self.call(node, f"{path}{'&' if '?' in path else '?'}limit={limit}&cursor={cursor}")
            self.assertEqual(status, 200, page)
            rows += page["items"]
            cursor = page["next"]
            if not cursor:
                return rows

    def of_all(self, sql):
        return self.cluster.database.rows_of_all(PARTITIONS, sql)

    def database_rows(self, partition, sql):
        return self.cluster.database.rows(f"SET search_path = gantry{f'_p{partition}' if partition else ''};\n" + sql)

    def count(self, sql):
        return sum(int(row[0]) for row in self.of_all(sql))

    def what_waits(self):
        return self.of_all("SELECT i.status, e.state, e.attempts, e.reason, count(*) FROM instances i LEFT JOIN effects e ON e.instance = i.id AND e.state "
                           "<> 'done' WHERE i.status <> 'completed' GROUP BY 1, 2, 3, 4;")

    def end_one(self, number):
        """Ends a node, one way or another; how long until the others have all partitions. Then it comes back."""
        cluster, how = self.cluster, HOW[number % len(HOW)]
        node = cluster.nodes[number % len(cluster.nodes)]
        others = [each for each in cluster.nodes if each is not node]
        before = time.monotonic()
        node.send(how)
        if how != signal.SIGSTOP:
            node.process.wait()
        self.wait_until(lambda: self.are_all_served(others), lambda: f"the others take over: {self.shares(others)}")
        took = time.monotonic() - before
        if how == signal.SIGSTOP:  # wakes up, finds that it has lost, and ends by itself
            node.send(signal.SIGCONT)
            self.assertEqual(node.process.wait(20), 4)
        node.start()
        return took

    def test_nodes_that_end_lose_nothing_and_nothing_is_done_twice(self):
        cluster = self.cluster
        self.applied_before = len(cluster.crane.applied)
        clients = [threading.Thread(target=self.client, args=(number,), daemon=True) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        took, end = [], time.monotonic() + 60 * MINUTES
        for number in itertools.count():
            if time.monotonic() > end if MINUTES else number == ENDS:
                break
            wanted = len(self.started) + INSTANCES_PER_END
            self.wait_until(lambda: len(self.started) >= wanted, lambda: f"{wanted} instances started; {len(self.started)} did")
            took.append(self.end_one(number))
        self.stopping.set()
        for client in clients:
            client.join()
        self.assertEqual(self.failures, [])
        self.check_all()
        self.wait_for_fair_shares()
        self.assertLess(max(took), TAKEOVER_SECONDS_MAX)
        print(f"survived: {len(self.started)} instances in {PARTITIONS} partitions, {len(took)} times a node ended and the others had all within "
              f"{max(took):.1f} s at most; {cluster.crane.again} calls came again under their key, nothing lost, nothing done twice")

    def check_all(self):
        cluster, count = self.cluster, len(self.started)
        completed = "SELECT count(*) FROM instances WHERE workflow_name = 'stow' AND status = 'completed';"
        self.wait_until(lambda: self.count(completed) == count, lambda: f"{self.count(completed)} of {count} completed: {self.what_waits()}")
        instances = [self.database_rows(number, "SELECT id FROM instances WHERE workflow_name = 'stow';") for number in range(PARTITIONS)]
        self.assertTrue(all(instances), "every partition has some")
        ids = [row[0] for rows in instances for row in rows]
        known = set(ids)
        self.assertEqual(sorted(ids), sorted(self.started.values()), "each key has one instance")
        effects = self.of_all("SELECT instance, state, key FROM effects;")
        self.assertEqual(sorted(instance for instance, _, _ in effects if instance in known), sorted(ids * STEPS), "no step was decided twice")
        self.assertEqual({state for instance, state, _ in effects if instance in known}, {"done"})
        keys = {key for _, state, key in effects if state == "done"}
        self.assertEqual(set(cluster.crane.applied), keys, "the crane moved what the journals say, each once by its key")
        ends = self.of_all("SELECT instance FROM events WHERE type = 'instance_completed';")
        self.assertEqual(sorted(row[0] for row in ends if row[0] in known), sorted(ids))
        recorded = self.count("SELECT count(*) FROM events WHERE type = 'effect_sent_again';")
        self.assertLessEqual(cluster.crane.again, recorded, "what was sent again was recorded first")
        for node in cluster.nodes[:2]:
            listed = {row["id"] for row in self.listed(node, "/api/v1/instances?workflow=yard/stow", 200)}
            self.assertEqual(listed, set(self.started.values()))
        verified = self.run_program("audit", "verify", "--store", cluster.database.url)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        self.assertEqual(verified.stdout.count("intact:"), PARTITIONS, verified.stdout)

    def run_program(self, *arguments):
        return subprocess.run([self.cluster.program, *map(str, arguments)], capture_output=True, text=True)

    def check_quick_end(self, node):
        """Nobody who waits for an instance keeps a node from ending."""
        self.assertEqual(self.call(node, "/api/v1/projects", {"merge": True, "files": {
            "workflows/long.yaml": "document: {dsl: '1.0.3', namespace: yard, name: long, version: 1.0.0}\ndo:\n- rest: {wait: PT1H}\n"}})[0], 201)
        answers = []
        waiting = [threading.Thread(target=lambda key=key: answers.append(self.call(node, "/api/v1/workflows/yard/long/instances?wait=60", {}, {
            "Idempotency-Key": key})[0]), daemon=True) for key in ("a", "b", "c", "d", "e", "f")]
        for each in waiting:
            each.start()
        long = "SELECT count(*) FROM instances WHERE workflow_name = 'long';"
        self.wait_until(lambda: self.count(long) == len(waiting), "all wait")
        before = time.monotonic()
        node.send(signal.SIGTERM)
        self.assertEqual(node.process.wait(30), 0)
        self.assertLess(time.monotonic() - before, 20)
        for each in waiting:
            each.join()
        self.assertTrue(set(answers) <= {201, 503}, answers)
        node.start()

    def test_every_node_answers_for_all_and_all_follow_the_home(self):
        cluster = self.cluster
        self.wait_for_fair_shares()
        north, south, west = cluster.nodes
        ids = [cluster.start_instance("show", f"key-{number}", wait=10, at=number) for number in range(12)]
        for number, node in enumerate([south, west, north] * 4):
            self.assertEqual(cluster.start_instance("show", f"key-{number}", at=(number + 1)), ids[number], "the key is known at every node")
            self.assertEqual(self.call(node, f"/api/v1/instances/{ids[number]}")[1]["id"], ids[number])
        for node in cluster.nodes:
            rows = self.listed(node, "/api/v1/instances")
            self.assertEqual([row["id"] for row in rows], [row["id"] for row in sorted(rows, key=lambda row: row["startedAt"], reverse=True)])
            self.assertEqual({row["id"] for row in rows}, set(ids))
        audit = self.listed(west, "/api/v1/audit?type=instance_started")
        self.assertEqual({row["instance"] for row in audit}, set(ids))
        self.assertEqual([row["at"] for row in audit], sorted(row["at"] for row in audit))
        # A stop is in force everywhere when it is answered, whoever was asked; and so is a deployment.
        status, stopped = self.call(west, "/api/v1/gate/stop", {"tool": "crane", "reason": "storm"})
        self.assertEqual((status, stopped["unconfirmed"]), (200, []), stopped)
        applied = len(cluster.crane.applied)
        status, held = self.call(south, "/api/v1/workflows/yard/show/instances?wait=10", {})
        self.assertEqual((status, held["status"]), (201, "faulted"), held)
        for number in range(12):
            self.assertEqual(self.call(north, "/api/v1/workflows/yard/show/instances?wait=10", {}, {"Idempotency-Key": f"storm-{number}"})[1]["status"], "faulted")
        self.assertEqual(len(cluster.crane.applied), applied, "nothing went out")
        self.assertEqual(self.call(south, "/api/v1/gate/start", {"tool": "crane"})[1]["unconfirmed"], [])
        files = {"workflows/new.yaml": "document: {dsl: '1.0.3', namespace: yard, name: new, version: 1.0.0}\ndo:\n- one: {set: {a: 1}}\n"}
        status, deployed = self.call(south, "/api/v1/projects", {"files": files, "merge": True})
        self.assertEqual((status, deployed["unconfirmed"]), (201, []), deployed)
        for number in range(12):
            self.assertEqual(self.call(west, "/api/v1/workflows/yard/new/instances?wait=10", {}, {"Idempotency-Key": f"new-{number}"})[1]["status"], "completed")
        # What would be counted in each partition alone, or reach one alone, is refused.
        for path, text, said in [("policies/all.yaml", POLICY.replace("yard", "all") + "budgets: [{id: b, scope: all, classes: [write], count: 3}]\n", "budget 'b'"),
                                 ("workflows/e.yaml", files["workflows/new.yaml"].replace("new", "e").replace(
                                     "{set: {a: 1}}", "{emit: {event: {with: {source: 'https://a.example', type: a.b}}}}"), "emits events")]:
            status, refused = self.call(north, "/api/v1/projects", {"files": {path: text}, "merge": True})
            self.assertEqual(status, 400, refused)
            self.assertIn(said, refused["detail"])
        self.assertEqual(self.call(north, "/api/v1/migrations/plan", {})[0], 501)
        self.assertEqual(self.call(north, "/api/v1/instances/x/cancel", {}, {"Gantry-Partition": "0"})[0], 403, "only nodes say which partition")
        for command in (["run", cluster.project / "workflows/stow.yaml", "--dir", cluster.project], ["store"]):
            alone = self.run_program(*command, "--store", cluster.database.url)
            self.assertEqual(alone.returncode, 2, alone.stderr)
            self.assertIn("partition=0 to partition=5", alone.stderr)
        self.assertEqual(self.run_program("store", "--store", cluster.database.url + "&partition=3").returncode, 0)
        self.check_quick_end(north)
        other = self.run_program("serve", "--dir", cluster.project, "--store", cluster.database.url, "--partitions", 4, "--listen", "127.0.0.1:0")
        self.assertEqual(other.returncode, 2, other.stderr)
        self.assertIn("has 6 partitions", other.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    if sys.argv[1:2] == ["--minutes"]:
        MINUTES = float(sys.argv.pop(2))
        sys.argv.pop(1)
    unittest.main()

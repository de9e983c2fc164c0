"""Steps per second on PostgreSQL with one, two and three nodes, beside what the database itself can do on this machine.

  nodes_bench.py PROGRAM [SECONDS]     SECONDS (10) each, three runs; prints median and range
"""
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from nodes import BINARIES, NOT_REACHED, Cluster

STEPS, CLIENTS, RUNS = 50, 16, 3
INSERT = "INSERT INTO bench (data) SELECT repeat('x', 700) FROM generate_series(1, :rows);\n"


def figure(values, form="{:,.0f}"):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{form.format(middle)} ({form.format(low)}..{form.format(high)})"


class Load:
    """Clients that keep instances of STEPS steps running."""

    def __init__(self, cluster, run):
        self.cluster, self.run, self.stopping, self.failures = cluster, run, threading.Event(), []
        self.threads = [threading.Thread(target=self.client, args=(number,), daemon=True) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def client(self, number):
        try:
            for count in range(1_000_000):
                if self.stopping.is_set():
                    return
                self.cluster.start_instance("look", f"{self.run}-{number}-{count}", wait=30)
        except (*NOT_REACHED, RuntimeError) as failure:
            self.failures.append(failure)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


def counts(database):
    steps = int(database.rows("SELECT count(*) FROM effects WHERE state = 'done'")[0][0])
    commits = int(database.rows("SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'")[0][0])
    return time.monotonic(), steps, commits


def steps_per_second(program, nodes, seconds):
    with tempfile.TemporaryDirectory() as work:
        cluster = Cluster(program, work, [f"node{i + 1}" for i in range(nodes)], {"look": ["note.look"] * STEPS}, durable=True)
        try:
            cluster.start()
            cluster.active()
            rates, per_commit = [], []
            for run in range(RUNS):
                load = Load(cluster, run)
                time.sleep(2)  # until all clients are at it
                before, steps_before, commits_before = counts(cluster.database)
                time.sleep(seconds)
                after, steps_after, commits_after = counts(cluster.database)
                load.stop()
                rates.append((steps_after - steps_before) / (after - before))
                per_commit.append((steps_after - steps_before) / max(1, commits_after - commits_before))
            return rates, per_commit, limits(cluster, seconds, 2 * statistics.median(per_commit))
        finally:
            cluster.stop()


def limits(cluster, seconds, rows):
    """Transactions per second of one client that inserts one row in each, and as many as a batch of ours has."""
    database = cluster.database
    database.rows("CREATE TABLE IF NOT EXISTS public.bench (number bigserial PRIMARY KEY, data text);")
    script = cluster.work / "insert.sql"
    rates = []
    for count in (1, max(1, round(rows))):
        script.write_text(INSERT.replace("bench", "public.bench"))
        done = subprocess.run([BINARIES / "pgbench", "-n", "-h", database.folder, "-U", "gantry", "-D", f"rows={count}", "-T", str(seconds), "-f", script,
                               "postgres"], check=True, capture_output=True, text=True)
        rates.append(next(float(line.split("=")[1].split()[0]) for line in done.stdout.splitlines() if line.startswith("tps")))
    return rates


def main():
    program, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10
    if not (BINARIES / "pgbench").exists():
        sys.exit("PostgreSQL 15 is not installed: make setup")
    print(f"{CLIENTS} clients run instances of {STEPS} steps each (the echo driver); fsync is on; {RUNS} runs of {seconds} s. One node has the journal,\n"
          "the others stand by, so more nodes mean no more throughput (docs/decisions/0004-one-node-writes.md).")
    for nodes in (1, 2, 3):
        rates, per_commit, (single, batched) = steps_per_second(program, nodes, seconds)
        rows = max(1, round(2 * statistics.median(per_commit)))
        share = 100 * statistics.median(rates) / (batched * rows / 2)
        print(f"{nodes} node{'s' if nodes > 1 else ' '}: {figure(rates)} steps/s, {figure(per_commit, '{:.1f}')} steps per commit; the database alone: "
              f"{single:,.0f} commits/s of one row, {batched:,.0f} of {rows} rows: {share:.0f} % of that limit", flush=True)


if __name__ == "__main__":
    main()

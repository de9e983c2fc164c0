"""Steps per second on PostgreSQL with one, two and three nodes that share the work, beside what the database itself can do on this machine.

  nodes_bench.py PROGRAM [SECONDS]     SECONDS (10) each, three runs; prints median and range
"""
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from nodes import BINARIES, NOT_REACHED, Cluster

STEPS, CLIENTS, RUNS, PARTITIONS = 50, 16, 3, 6
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
                self.cluster.start_instance("look", None, wait=30, at=number)
        except (*NOT_REACHED, RuntimeError) as failure:
            self.failures.append(failure)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


def counts(cluster):
    steps = sum(int(row[0]) for row in cluster.database.rows_of_all(cluster.partitions, "SELECT value FROM journal_count WHERE name = 'effects.done';"))
    commits = int(cluster.database.rows("SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'")[0][0])
    return time.monotonic(), steps, commits


def await_shares(cluster):
    """Until every node has its share."""
    while cluster.partitions > 1:
        shares = [len(node.partitions()) for node in cluster.nodes]
        if sum(shares) == cluster.partitions and max(shares) - min(shares) <= 1:
            return
        time.sleep(0.05)
    cluster.active()


def steps_per_second(program, nodes, partitions, seconds):
    with tempfile.TemporaryDirectory() as work:
        cluster = Cluster(program, work, [f"node{i + 1}" for i in range(nodes)], {"look": ["note.look"] * STEPS}, durable=True, partitions=partitions)
        try:
            cluster.start()
            await_shares(cluster)
            rates, per_commit = [], []
            for run in range(RUNS):
                load = Load(cluster, run)
                time.sleep(2)  # until all clients are at it
                before, steps_before, commits_before = counts(cluster)
                time.sleep(seconds)
                after, steps_after, commits_after = counts(cluster)
                load.stop()
                rates.append((steps_after - steps_before) / (after - before))
                per_commit.append((steps_after - steps_before) / max(1, commits_after - commits_before))
            return rates, per_commit, limit(cluster, seconds, 2 * statistics.median(per_commit))
        finally:
            cluster.stop()


def limit(cluster, seconds, rows):
    """Transactions per second of as many writers as there are partitions, each with as many rows as a batch of ours has."""
    database, script, count = cluster.database, cluster.work / "insert.sql", max(1, round(rows))
    database.rows("CREATE TABLE IF NOT EXISTS public.bench (number bigserial PRIMARY KEY, data text);")
    script.write_text(INSERT.replace("bench", "public.bench"))
    done = subprocess.run([BINARIES / "pgbench", "-n", "-h", database.folder, "-U", "gantry", "-D", f"rows={count}", "-T", str(seconds), "-c",
                           str(cluster.partitions), "-f", script, "postgres"], check=True, capture_output=True, text=True)
    return next(float(line.split("=")[1].split()[0]) for line in done.stdout.splitlines() if line.startswith("tps"))


def main():
    program, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10
    if not (BINARIES / "pgbench").exists():
        sys.exit("PostgreSQL 15 is not installed: make setup")
    print(f"{CLIENTS} clients run instances of {STEPS} steps each (the echo driver), asking all nodes in turn; fsync is on; {RUNS} runs of {seconds} s;\n"
          f"{os.cpu_count()} processors for nodes, clients and database together. \"Alone\": the database's own limit, with as many writers as partitions and\n"
          "rows as a batch has.")
    first = None
    for nodes, partitions in ((1, 1), (1, PARTITIONS), (2, PARTITIONS), (3, PARTITIONS)):
        rates, per_commit, commits = steps_per_second(program, nodes, partitions, seconds)
        rows, middle = max(1, round(2 * statistics.median(per_commit))), statistics.median(rates)
        first = first or middle
        print(f"{nodes} node{'s' if nodes > 1 else ' '}, {partitions} partition{'s' if partitions > 1 else ' '}: {figure(rates)} steps/s, {middle / first:.2f} "
              f"times the first; {figure(per_commit, '{:.1f}')} steps per commit; the database alone: {commits:,.0f} commits/s of {rows} rows: "
              f"{100 * middle / (commits * rows / 2):.0f} % of that limit", flush=True)


if __name__ == "__main__":
    main()

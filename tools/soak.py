#!/usr/bin/env python3
"""Simulated lives in several processes at once, each with seeds of its own, and at the end one line for all together.

Exits with 1 when something was found, or a process ended before its time.
"""

import argparse
import json
import subprocess
import sys


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gantry")
    parser.add_argument("--minutes", required=True, type=int)
    parser.add_argument("--seed", required=True, type=int, help="the first seed of the first process")
    parser.add_argument("--jobs", required=True, type=int)
    return parser.parse_args()


def start(arguments, job):
    seed = arguments.seed + job * 1_000_000_000
    command = [arguments.gantry, "sim", "--json", "--seed", str(seed), "--for", f"PT{arguments.minutes}M"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def sums_of(output):
    """What was found stands before the sums, which are the last line."""
    lines = output.splitlines()
    try:
        sums = json.loads(lines[-1])
    except (IndexError, ValueError):
        return lines, None
    return lines[:-1], sums if isinstance(sums, dict) and "seeds" in sums else None


def main():
    arguments = parse_arguments()
    processes = [start(arguments, job) for job in range(arguments.jobs)]
    total = {}
    failed = False
    for process in processes:
        output, _ = process.communicate()
        findings, sums = sums_of(output)
        print("\n".join(findings), end="\n" if findings else "")
        if sums is None:
            print(f"soak: a process ended before its time with status {process.returncode}: its lives do not count",
                  file=sys.stderr)
        failed = failed or sums is None or process.returncode != 0
        for name, count in (sums or {}).items():
            if isinstance(count, int):
                total[name] = total.get(name, 0) + count
    if total:
        print("survived: {seeds} simulated lives of {steps} steps all in all, {instances} instances, {events} events, {effects} effects "
              "outside; {stops} stops ({powerFailures} power failures), {diskErrors} disk errors; {replays} replays compared; "
              "{cutShort} cut short; {findings} findings".format(**total))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

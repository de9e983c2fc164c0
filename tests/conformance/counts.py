#!/usr/bin/env python3
"""Runs every conformance suite and prints one table with the exact counts of each.

    counts.py --build build/dev

Exit status: 0 when nothing failed.
"""

import argparse
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PUBLISHED = HERE.parents[2] / "shared" / "conformance"  # beside the checkout; not part of it

FEATURES = [
    ("Open Workflow Specification 1.0.3, features", PUBLISHED / "ows-1.0.3/ctk/features"),
    ("Open Workflow Specification main, features", PUBLISHED / "ows-main/ctk/features"),
    ("Gantry's own features", HERE / "features"),
]
# Programs whose tests print "[  COUNTS  ] WHAT: COUNTS".
UNIT_TESTS = [
    ("Open Workflow Specification", "definition_test", "*Conformance*"),
    ("JSON Schema 2020-12", "value_test", "SchemaSuite.*"),
    ("jq 1.8.2", "expression_test", "*ConformanceSuite.*"),
]


def run_features(build: pathlib.Path, folder: pathlib.Path) -> tuple[bool, str]:
    command = [sys.executable, str(HERE / "run_features.py"), "--gantry", str(build / "gantry"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    for line in lines[:-1]:
        if done.returncode == 1 and not line.startswith("passed"):
            print(line, file=sys.stderr)
    return done.returncode in (0, 77), lines[-1] if lines else done.stderr.strip()


def run_unit_test(build: pathlib.Path, program: str, pattern: str) -> tuple[bool, list[tuple[str, str]]]:
    done = subprocess.run([str(build / program), f"--gtest_filter={pattern}"], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
    counts = re.findall(r"\[  COUNTS  \] (.*?): (.*)", done.stdout)
    return done.returncode == 0, counts or [("", "skipped: the suite is not here")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=pathlib.Path, help="where the programs were built")
    build = parser.parse_args().build
    rows, all_passed = [], True
    for name, folder in FEATURES:
        passed, counts = run_features(build, folder)
        rows.append((passed, name, counts))
    for suite, program, pattern in UNIT_TESTS:
        passed, counts = run_unit_test(build, program, pattern)
        rows += [(passed, f"{suite}, {what}" if what else suite, count) for what, count in counts]
    width = max(len(name) for _, name, _ in rows)
    for passed, name, counts in rows:
        all_passed = all_passed and passed
        print(f"{'ok  ' if passed else 'FAIL'}  {name:{width}}  {counts}")
    return 0 if all_passed else 1


if __name__ == "__main__":
    sys.exit(main())

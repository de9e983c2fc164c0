#!/usr/bin/env python3
"""Runs Gherkin features of the Open Workflow Specification, unmodified, through `gantry run --json`.

    run_features.py --gantry PROGRAM [--expect N] [--repeat N] FOLDER_OR_FILE...

Public services are replaced by a stub on this machine (--host-override). A workflow that the program refuses with
"not supported yet" counts as not supported, never as passed. Exit status: 0 nothing failed, 1 something did, 77 there
are no features to run.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import gherkin
import steps
import stub_services

SKIPPED = 77


def run_scenario(program: str, stub: str, scenario: gherkin.Scenario) -> tuple[str, str]:
    """The verdict (passed, failed, not supported) and why."""
    with tempfile.TemporaryDirectory() as folder:
        world = steps.World(program, pathlib.Path(folder), stub)
        for step in scenario.steps:
            try:
                steps.run_step(world, step.text, step.document)
            except steps.NotSupported as reason:
                return "not supported", str(reason).replace(folder, "")
            except (steps.StepFailed, subprocess.TimeoutExpired) as reason:
                return "failed", f"line {step.line}: {reason}"
        # A scenario that asserts nothing would pass whatever the program did.
        if world.outcome is None or len(scenario.steps) < 3:
            return "failed", "the scenario checks nothing"
    return "passed", ""


def feature_files(paths: list[str]) -> list[pathlib.Path]:
    files = []
    for path in map(pathlib.Path, paths):
        files += sorted(path.glob("*.feature")) if path.is_dir() else [path] if path.exists() else []
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gantry", required=True, help="the program")
    parser.add_argument("--expect", type=int, help="how many scenarios there have to be")
    parser.add_argument("--repeat", type=int, default=1, help="run everything this often, against flakes")
    parser.add_argument("paths", nargs="+", help="feature files, or folders of them")
    options = parser.parse_args()
    files = feature_files(options.paths)
    if not files:
        print(f"skipped: no .feature files in {', '.join(options.paths)}")
        return SKIPPED

    verdicts = {"passed": 0, "failed": 0, "not supported": 0}
    scenarios = 0
    with stub_services.serve() as stub:
        for turn in range(options.repeat):
            for path in files:
                feature = gherkin.read_feature(path.read_text(encoding="utf-8"), str(path))
                for scenario in feature.scenarios:
                    verdict, reason = run_scenario(options.gantry, stub, scenario)
                    verdicts[verdict] += 1
                    scenarios += turn == 0
                    if turn == 0 or verdict == "failed":
                        print(f"{verdict:13} {path.name}: {scenario.name}{': ' + reason if reason else ''}")
    print(", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()) + f" ({scenarios} scenarios, {options.repeat}x)")
    if options.expect is not None and scenarios != options.expect:
        print(f"expected {options.expect} scenarios, found {scenarios}")
        return 1
    return 1 if verdicts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

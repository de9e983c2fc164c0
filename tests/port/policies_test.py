"""The port's policies: their cases, lint, and the attack report that docs/port.md shows.

policies_test.py PROGRAM            tests
policies_test.py PROGRAM --write    writes the report into docs/port.md
"""
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/port.md"
BEGIN, END = "<!-- attack report: begin -->\n", "<!-- attack report: end -->"
PROGRAM = None


def policy(command, *arguments):
    return subprocess.run([PROGRAM, "policy", command, str(ROOT / "apps/port"), *arguments], capture_output=True, text=True, timeout=120)


def report():
    done = policy("attack", "--summary")
    return done, f"{BEGIN}```\n$ gantry policy attack apps/port --summary\n{done.stdout}{done.stderr}```\n{END}"


class PortPolicies(unittest.TestCase):
    def test_every_row_of_the_authority_table_is_as_its_cases_say_and_every_rule_is_reached(self):
        done = policy("test", "--coverage")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_lint_finds_nothing(self):
        done = policy("lint", "--strict", "--at", "2026-06-01T00:00:00Z")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_no_attack_runs_without_anybody_being_asked_and_the_page_shows_the_report(self):
        done, text = report()
        self.assertEqual(done.returncode, 0, policy("attack").stdout)
        page = PAGE.read_text()
        self.assertEqual(page[page.index(BEGIN):page.index(END) + len(END)], text, "run policies_test.py PROGRAM --write")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    if "--write" in sys.argv:
        page = PAGE.read_text()
        PAGE.write_text(page[:page.index(BEGIN)] + report()[1] + page[page.index(END) + len(END):])
    else:
        unittest.main(verbosity=0)

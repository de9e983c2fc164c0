"""Every example of the documentation is what the program says: definitions check, expressions evaluate, JSON parses."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from collections import defaultdict
from pathlib import Path

from blocks import REPOSITORY, blocks_of, matches, steps_of

GANTRY = None
PAGES = sorted(REPOSITORY.glob("docs/**/*.md")) + [REPOSITORY / "README.md"]
FOLDERS = {"document": "workflows", "tool": "tools", "decision": "decisions", "policy": "policies"}


def definition_folder(text):
    """The folder where a definition that is written out whole belongs; None for anything else."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            return FOLDERS.get(line.split(":")[0])
    return None


def all_blocks():
    return [block for page in PAGES for block in blocks_of(page)]


def projects():
    """The projects that the examples make: name -> {path: block}. Whoever names none is a project of its own."""
    found = defaultdict(dict)
    for block in all_blocks():
        if block.language not in ("yaml", "csv") or block.note("not run") is not None or block.note("file") is not None:
            continue
        named = [note for note in block.notes if note.startswith("example ")]
        for note in named:
            project, path = note[len("example "):].split(": ")
            if path in found[project]:
                raise ValueError(f"{block.place}: {project}: {path} is given twice")
            found[project][path] = block
        folder = definition_folder(block.text)
        if folder and not named:
            found[block.place][folder + "/example.yaml"] = block
    return found


class ReferenceTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def run_shell(self, command):
        path = f"{Path(GANTRY).parent}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", command], cwd=self.work, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PATH": path})
        return done.returncode, (done.stdout + done.stderr).splitlines()

    def test_every_definition_checks_without_a_problem(self):
        checked = 0
        for number, (name, files) in enumerate(sorted(projects().items())):
            directory = self.work / f"project{number}"
            for path, block in files.items():
                (directory / path).parent.mkdir(parents=True, exist_ok=True)
                (directory / path).write_text(block.text)
            with self.subTest(project=name, blocks=[block.place for block in files.values()]):
                done = subprocess.run([GANTRY, "check", str(directory)], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                if any(path.startswith("policies/tests/") for path in files):
                    done = subprocess.run([GANTRY, "policy", "test", str(directory)], capture_output=True, text=True, timeout=60)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            checked += len(files)
        print(f"{checked} definitions in {number + 1} projects", file=sys.stderr)
        self.assertGreater(checked, 4)

    def test_every_json_block_is_json(self):
        for block in all_blocks():
            if block.language == "json" and block.note("not run") is None:
                with self.subTest(place=block.place):
                    json.loads(block.text)

    def test_every_console_block_prints_what_it_shows(self):
        ran = 0
        for block in all_blocks():
            if block.path.name == "getting-started.md":
                continue
            if block.note("file") is not None:
                (self.work / block.note("file")).parent.mkdir(parents=True, exist_ok=True)
                (self.work / block.note("file")).write_text(block.text)
            if block.language != "console" or block.note("not run") is not None:
                continue
            steps = steps_of(block.text)
            for step in steps:
                with self.subTest(place=block.place, command=step.command):
                    status, lines = self.run_shell(step.command)
                    if step is steps[-1]:
                        self.assertEqual(status, int(block.note("exit status") or 0))
                    self.assertTrue(matches(step.expected, lines),
                                    "\n".join([f"exit status {status}, printed:", *lines, "expected:", *step.expected]))
                ran += 1
        print(f"{ran} commands", file=sys.stderr)
        self.assertGreater(ran, 4)

    def test_every_test_that_is_named_exists(self):
        sources = "".join(path.read_text() for folder in ("src", "tests") for path in REPOSITORY.glob(f"{folder}/*/*_test.cpp"))
        programs = "".join(path.read_text() for folder in ("tests", "apps") for path in REPOSITORY.glob(f"{folder}/**/*_test.py"))
        for page in ("testing.md", "security.md"):
            text = (REPOSITORY / "docs" / page).read_text()
            suite = None
            for name in re.findall(r"`(\w*\.[A-Z]\w*\*?|[A-Z]\w*\.\*)`", text):
                suite = name.split(".")[0] or suite  # ".Other" goes on with the suite before
                start = f"({suite}, {name.split('.')[1].rstrip('*')}"
                self.assertTrue((start if name.endswith("*") else start + ")") in sources, f"{page}: no unit test {suite} {name}")
            for name in re.findall(r"`(test_\w+)`", text):
                self.assertIn(f"def {name}(self", programs, page)
            for name in re.findall(r"`compile\.(\w+)`", text):
                self.assertTrue((REPOSITORY / "tests" / "compile" / f"{name}.cpp").exists(), f"{page}: {name}")
            for name in re.findall(r"`(\w+_fuzz)`", text):
                self.assertTrue((REPOSITORY / "fuzz" / f"{name}.cpp").exists(), f"{page}: {name}")

    def test_the_checklist_of_security_is_whole(self):
        rows = re.findall(r"^\| (\d+) \|(.*)\|$", (REPOSITORY / "docs" / "security.md").read_text(), re.MULTILINE)
        self.assertEqual([int(number) for number, _ in rows], list(range(1, 35)))
        for number, cells in rows:
            _, tests, gap = cells.split("|")
            self.assertTrue("`" in tests or gap.strip(), f"item {number} has neither a test nor a word on what is missing")

    def test_every_block_says_what_it_is(self):
        known = {"yaml", "csv", "json", "console", "sh", "sql", "postgres", "text", ""}
        for block in all_blocks():
            with self.subTest(place=block.place):
                self.assertIn(block.language, known)
                if block.language == "yaml" and block.note("not run") is None:
                    self.assertTrue(definition_folder(block.text) or any(n.startswith("example ") for n in block.notes)
                                    or block.note("file") is not None,
                                    "no whole definition: a note before it says to which example it belongs")


if __name__ == "__main__":
    GANTRY = os.path.abspath(sys.argv.pop(1))
    unittest.main()

"""docs/getting-started.md from top to bottom, as a newcomer types it: in a copy, with servers on a free port."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from blocks import REPOSITORY, blocks_of, matches, steps_of

GANTRY = None
PAGE = REPOSITORY / "docs" / "getting-started.md"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Newcomer:
    """A fresh clone with a built program, and a shell in it."""

    def __init__(self, folder):
        self.clone = Path(folder) / "gantry"
        ignore = shutil.ignore_patterns(".gantry", "__pycache__")
        shutil.copytree(REPOSITORY / "apps", self.clone / "apps", ignore=ignore)
        (self.clone / "build").mkdir()
        (self.clone / "build" / "gantry").symlink_to(GANTRY)
        # The page's ports may be taken on this machine: the copy listens elsewhere.
        self.words = {"8420": str(free_port()), "8431": str(free_port())}
        settings = self.clone / "apps" / "port" / "gantry.yaml"
        settings.write_text(settings.read_text().replace("8420", self.words["8420"]))
        self.environment = {**os.environ, "GANTRY_URL": f"http://127.0.0.1:{self.words['8420']}", "PYTHONDONTWRITEBYTECODE": "1"}
        self.environment.pop("GANTRY_TOKEN", None)
        self.servers = []

    def with_words(self, text):
        for word, value in self.words.items():
            text = text.replace(word, value)
        return text

    def shell(self, command):
        """Exit status and what came on both streams, in order."""
        command = self.with_words(command)
        done = subprocess.run(["bash", "-c", command], cwd=self.clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120, env=self.environment)
        return done.returncode, done.stdout.splitlines()

    def serve(self, command, address):
        command, address = self.with_words(command), self.with_words(address)
        server = subprocess.Popen(["bash", "-c", "exec " + command], cwd=self.clone, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, env=self.environment)
        self.servers.append(server)
        for _ in range(300):
            try:
                urllib.request.urlopen(address, timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                if server.poll() is not None:
                    raise AssertionError(f"{command}: ended with {server.returncode}: {server.stderr.read()}") from None
                time.sleep(0.1)
        raise AssertionError(f"{command}: no answer at {address} after 30 s")

    def stop(self):
        for server in self.servers:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
            server.stderr.close()


class GettingStartedTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.newcomer = Newcomer(self.folder.name)

    def tearDown(self):
        self.newcomer.stop()
        self.folder.cleanup()

    def learn_words(self, block):
        """<!-- where TASK is: COMMAND -->: the word stands for what the command prints; tried until it prints something."""
        for note in block.notes:
            if not note.startswith("where "):
                continue
            word, command = note[len("where "):].split(" is: ", 1)
            for _ in range(100):
                status, lines = self.newcomer.shell("{ " + command + "; } 2> /dev/null")
                if status == 0 and lines:
                    break
                time.sleep(0.1)
            self.assertTrue(status == 0 and lines, f"{block.place}: {command}: {lines}")
            self.newcomer.words[word] = lines[0]

    def test_every_command_does_what_the_page_says(self):
        commands = 0
        for block in blocks_of(PAGE):
            if block.note("not run") is not None:
                continue
            if block.note("file") is not None:
                (self.newcomer.clone / block.note("file")).write_text(block.text)
                continue
            self.learn_words(block)
            if block.note("server") is not None:
                self.newcomer.serve(block.text.strip(), block.note("server"))
                commands += 1
                continue
            self.assertIn(block.language, ("sh", "console"), block.place)
            steps = steps_of(block.text) if block.language == "console" else None
            for command, expected in [(s.command, s.expected) for s in steps] if steps else [(block.text, ["..."])]:
                status, lines = self.newcomer.shell("set -e\n" + command)
                shown = "\n".join([f"{block.place}: {command}: exit status {status}, printed:", *lines])
                wanted = int(block.note("exit status") or 0)
                self.assertEqual(status, wanted, shown)
                expected = [self.newcomer.with_words(line) for line in expected]
                self.assertTrue(matches(expected, lines), "\n".join([shown, "expected:", *expected]))
                commands += 1
        print(f"{commands} commands of {PAGE.name}", file=sys.stderr)
        self.assertGreater(commands, 8)


if __name__ == "__main__":
    GANTRY = os.path.abspath(sys.argv.pop(1))
    unittest.main()

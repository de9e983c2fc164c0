"""How the program was built and where it listens: what an attacker of the program itself would like to be otherwise."""
import os
import re
import subprocess
import sys
import unittest

from desk import Desk

PROGRAM = None


class HardeningTest(unittest.TestCase):
    def readelf(self, *options):
        done = subprocess.run(["readelf", "-W", *options, PROGRAM], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    def test_the_program_is_hardened(self):
        self.assertRegex(self.readelf("-h"), r"Type:\s+DYN", "not position independent (PIE)")
        segments = self.readelf("-l")
        self.assertIn("GNU_RELRO", segments)
        self.assertRegex(segments, r"GNU_STACK.* RW ", "the stack is executable")
        for line in re.findall(r"^ +LOAD .*$", segments, re.MULTILINE):
            self.assertNotRegex(line, r"\bRWE\b", "memory that is written to and run")
        self.assertRegex(self.readelf("-d"), r"BIND_NOW|FLAGS.*NOW", "addresses are resolved late")
        self.assertIn("__stack_chk_fail", self.readelf("--dyn-syms"), "no stack protector")

    def test_a_server_listens_on_this_machine_only_unless_told_otherwise(self):
        desk = Desk(PROGRAM)
        self.addCleanup(desk.close)
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            refused = desk.run("serve", "--dir", desk.project, "--listen", address)
            self.assertEqual(refused.status, 2, address)
        self.assertIn("is not a loopback address", refused.err)
        desk.serve()
        self.assertRegex(desk.environment["GANTRY_URL"], r"^http://127\.0\.0\.1:\d+$")


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()

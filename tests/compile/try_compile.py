#!/usr/bin/env python3
"""try_compile.py SOURCE COMPILER ARGUMENT...: checks that SOURCE compiles, or is refused, as its first line says."""

import os
import subprocess
import sys


def main():
    source, command = sys.argv[1], sys.argv[2:]
    with open(source, encoding="utf-8") as file:
        first_line = file.readline().strip()
    environment = dict(os.environ, LC_ALL="C")
    run = subprocess.run(command + [source], capture_output=True, text=True, env=environment, check=False)
    if first_line == "// accepted":
        if run.returncode == 0:
            return 0
        print(f"{source} must compile, but:\n{run.stderr}")
        return 1
    prefix = "// refused: "
    if not first_line.startswith(prefix):
        print(f"{source}: the first line must be '// accepted' or '{prefix}WORDS'")
        return 1
    # Compilers word it differently; one of the alternatives is enough.
    alternatives = first_line[len(prefix):].split(" | ")
    if run.returncode == 0:
        print(f"{source} must not compile, but does")
        return 1
    errors = [line for line in run.stderr.splitlines() if "error:" in line]
    if not any(words in line for words in alternatives for line in errors):
        print(f"{source} fails, but not with any of {alternatives}:\n{run.stderr}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

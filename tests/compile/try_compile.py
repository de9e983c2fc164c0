#!/usr/bin/env python3
"""try_compile.py SOURCE COMPILER ARGUMENT...: checks that SOURCE compiles, or is refused, as its first line says."""

import os
import re
import subprocess
import sys


def check_each(source, run):
    """Every line that ends with a mark has an error with its words, and no other line has one."""
    with open(source, encoding="utf-8") as file:
        lines = file.read().splitlines()
    wanted = {number: line.split("// refused: ")[1].split(" | ") for number, line in enumerate(lines, 1) if "// refused: " in line}
    found = {}
    for number, message in re.findall(r"^" + re.escape(source) + r":(\d+):\d+: error: (.*)$", run.stderr, re.MULTILINE):
        found.setdefault(int(number), []).append(message)
    problems = [f"{source}:{number}: must not compile for {words}, found {found.get(number, 'no error')}" for number, words in wanted.items()
                if not any(word in message for word in words for message in found.get(number, []))]
    problems += [f"{source}:{number}: {messages}" for number, messages in found.items() if number not in wanted]
    print("\n".join(problems))
    return 1 if problems or not wanted else 0


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
    if first_line == "// each marked line is refused":
        return check_each(source, run)
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

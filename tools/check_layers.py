#!/usr/bin/env python3
"""Checks the layers of src/: which module may include which, what the pure layers may not use, and who may reach outside.

The rule is one line per module in CMakeLists.txt: gantry_module(NAME DEPENDS ...). A module may include its own headers,
those of the modules it depends on, and those of what these depend on. The pure layers take time and randomness as
arguments, so that a recorded run can be replayed: they may not ask the system for either, nor wait.

One door: the outside world is reached by drivers only, and drivers are called by the gate only. So the libraries and
functions that reach it belong to a few files (DOORS), the other modules see no header of tool/ that could be used without
a permit (TOOL_HEADERS), and nobody declares a gate of their own, which could make permits.

check_layers.py [ROOT]     exit status 1 and "file:line: message" for each violation
check_layers.py --self-test   plants violations in a copy of its own making and checks that each is found
"""

import pathlib
import re
import sys
import tempfile

PURE_MODULES = {"value", "expression", "definition", "decision", "gate"}
PURE_FILES = re.compile(r"^engine/interpreter[^/]*$")
IMPURE = {
    "system_clock::now": "the time comes in as a Timestamp",
    "steady_clock::now": "the time comes in as a Timestamp",
    "high_resolution_clock::now": "the time comes in as a Timestamp",
    "clock_gettime": "the time comes in as a Timestamp",
    "gettimeofday": "the time comes in as a Timestamp",
    "SystemClock": "the time comes in as a Timestamp",
    "SystemRandom": "randomness comes in as an argument",
    "random_device": "randomness comes in as an argument",
    "rand": "randomness comes in as an argument",
    "srand": "randomness comes in as an argument",
    "sleep_for": "pure layers never wait",
    "sleep_until": "pure layers never wait",
    "this_thread": "pure layers know no threads",
    "getenv": "settings come in as arguments",
}
# Uses that are known not to reach a result; each says why.
EXCEPTIONS = {
    ("value/value_node.cpp", "SystemRandom"): "seeds the hash of member names, so that nobody can choose names that collide",
}
# What reaches outside -> the files that may use it.
DOORS = {
    # Libraries that are loaded when they are first used have one header each, which stands for the library.
    "base/shared_library.h": r"base/shared_library\.cpp|tool/curl_library\.h|journal/postgres_library\.h|gate/unicode_library\.h|prove/z3_library\.h",
    "dlfcn.h": r"base/shared_library\.cpp",
    "curl/": r"tool/curl_library\.h",
    # The command line asks its own server, at the address that its user says.
    # A node passes requests on to the other nodes of its database, at the addresses that the database has of them.
    "tool/curl_library.h": r"tool/(http_exchange|http_url|mail_exchange)\.cpp|cli/client\.cpp|server/forward\.cpp",
    "libpq": r"journal/postgres_library\.h",
    # The journal's own database, at the address that its operator gives: no effect goes there.
    "journal/postgres_library.h": r"tool/postgresql_\w+\.(h|cpp)|journal/postgres_(address|connection)\.(h|cpp)",
    "spawn.h": r"tool/(child_process|piped_process)\.cpp",
    "sys/socket.h": r"tool/(http_exchange|http_address|mail_exchange|piped_process|seccomp_filter)\.cpp",
    "netdb.h": r"tool/(sql_driver|name_lookup)\.cpp",
    # The server listens; the http driver calls without TLS.
    "boost/asio": r"server/http_server\.cpp|tool/(plain_http(_exchange|_message)?|name_lookup)\.(h|cpp)",
    "boost/beast": r"server/http_server\.cpp|tool/plain_http_message\.cpp",
    "tool/plain_http": r"tool/(plain_http(_exchange|_message)?\.(h|cpp)|http_driver\.cpp)",
    "tool/name_lookup.h": r"tool/(name_lookup\.cpp|plain_http_exchange\.h)",
}
DOOR_CALLS = {
    "posix_spawn": DOORS["spawn.h"], "posix_spawnp": DOORS["spawn.h"], "socket": r"tool/(http|mail)_exchange\.cpp",
    "connect": "", "sendto": "", "system": "", "popen": "", "vfork": "", "execv": "", "execve": "", "execvp": "", "execl": "", "execlp": "",
}
DOOR_CALL = re.compile(r"(?<![\w.>:])(?:::|std::)?(" + "|".join(DOOR_CALLS) + r")\s*\(")
# What other modules may include of tool/: definitions, effects, permits, and the list of all drivers.
TOOL_HEADERS = {"base64.h", "driver.h", "drivers.h", "edifact.h", "effect.h", "mcp_binding.h", "mcp_standard_call.h", "permit.h",
                "sandbox_problem.h", "secrets.h", "standard_call.h"}
GATE_DECLARED = re.compile(r"\b(?:class|struct)\s+Gate\b\s*(?:final\s*)?[:{]")
GATE_FILES = ("gate/gate.h", "tool/permit_for_test.h")
FOR_TESTS = re.compile(r"(_test\.cpp|_test_.*\.h|_for_test\.h|_fixture\.h)$")
IMPURE_WORD = re.compile(r"(?<![\w.>])(?:std::)?(?:chrono::)?(" + "|".join(map(re.escape, IMPURE)) + r")\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')
MODULE = re.compile(r"^\s*gantry_module\((\w+)([^)]*)\)", re.M)


def read_modules(cmake_text):
    """Module -> the modules it names in DEPENDS, in the order of the file."""
    modules = {}
    for name, rest in MODULE.findall(cmake_text):
        words = rest.split()
        depends = []
        if "DEPENDS" in words:
            for word in words[words.index("DEPENDS") + 1:]:
                if word.isupper():
                    break
                depends.append(word)
        modules[name] = depends
    return modules


def visible_from(modules, name, seen=None):
    seen = set() if seen is None else seen
    if name not in seen:
        seen.add(name)
        for below in modules.get(name, []):
            visible_from(modules, below, seen)
    return seen


def without_comments_and_texts(text):
    """The same lines, with comments and string contents blanked out."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^()\\\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def check_file(path, relative, module, modules, problems):
    text = path.read_text(encoding="utf-8")
    is_test = re.search(r"(_test\.cpp|_test_.*\.h|_for_test\.h)$", relative) is not None
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        target = include.group(1).split("/")[0]
        if "/" in include.group(1) and target in modules and target not in visible_from(modules, module):
            problems.append(f"{path}:{number}: {module}/ may not include {include.group(1)}: {target} is not below it")
        if include.group(1).startswith(".."):
            problems.append(f"{path}:{number}: include by module, not by relative path")
    pure = module in PURE_MODULES or PURE_FILES.match(relative)
    if not pure or is_test:
        return
    for number, line in enumerate(without_comments_and_texts(text).splitlines(), 1):
        for match in IMPURE_WORD.finditer(line):
            if (relative, match.group(1)) in EXCEPTIONS:
                continue
            problems.append(f"{path}:{number}: {relative} is pure and may not use {match.group(1)}: {IMPURE[match.group(1)]}")


def check_doors(path, relative, module, text, problems):
    if FOR_TESTS.search(relative):
        return
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        name = include.group(1) if include else ""
        for door, allowed in DOORS.items():
            if name.startswith(door) and not re.fullmatch(allowed, relative):
                problems.append(f"{path}:{number}: {relative} may not include {name}: the outside world is reached by drivers only")
        if name.startswith("tool/") and module != "tool" and name.split("/")[1] not in TOOL_HEADERS and name not in DOORS:
            problems.append(f"{path}:{number}: {name} is for drivers only: it reaches outside without a permit")
        if FOR_TESTS.search(name):
            problems.append(f"{path}:{number}: {name} is for tests only")
    for number, line in enumerate(without_comments_and_texts(text).splitlines(), 1):
        for match in DOOR_CALL.finditer(line):
            if not re.fullmatch(DOOR_CALLS[match.group(1)] or "-", relative):
                problems.append(f"{path}:{number}: {relative} may not call {match.group(1)}: the outside world is reached by drivers only")


def check_gate(path, relative, text, problems):
    for number, line in enumerate(without_comments_and_texts(text).splitlines(), 1):
        if GATE_DECLARED.search(line) and relative not in GATE_FILES:
            problems.append(f"{path}:{number}: there is one gate, in gate/gate.h: another could make permits")


def check(root):
    root = pathlib.Path(root)
    modules = read_modules((root / "CMakeLists.txt").read_text(encoding="utf-8"))
    problems = []
    declared = []
    for name, depends in modules.items():
        for below in depends:
            if below not in declared:
                problems.append(f"{root / 'CMakeLists.txt'}: {name} depends on {below}, which is not a module declared before it")
        declared.append(name)
    for folder in sorted((root / "src").iterdir()):
        if not folder.is_dir():
            continue
        if folder.name not in modules:
            if any(folder.rglob("*.cpp")) or any(folder.rglob("*.h")):
                problems.append(f"{folder}: no gantry_module({folder.name}) in CMakeLists.txt")
            continue
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".h", ".cpp"):
                relative = path.relative_to(root / "src").as_posix()
                check_file(path, relative, folder.name, modules, problems)
                check_doors(path, relative, folder.name, path.read_text(encoding="utf-8"), problems)
                check_gate(path, relative, path.read_text(encoding="utf-8"), problems)
    return problems


PLANTED = {
    # file: (content, expected part of the message or None)
    "src/value/good.cpp": ('#include "base/result.h"\n#include <vector>\n// system_clock::now in a comment\n'
                           'const char* text = "rand sleep_for";\nint operand = 0; int x = strand.rand();\n', None),
    "src/value/up.cpp": ('\n#include "engine/engine.h"\n', "up.cpp:2: value/ may not include engine/engine.h"),
    "src/value/angle.cpp": ("#include <gate/gate.h>\n", "angle.cpp:1: value/ may not include gate/gate.h"),
    "src/value/relative.cpp": ('#include "../base/result.h"\n', "relative.cpp:1: include by module"),
    "src/gate/clock.cpp": ("auto now = std::chrono::system_clock::now();\n", "may not use system_clock::now"),
    "src/gate/wait.cpp": ("void f() { std::this_thread::sleep_for(x); }\n", "may not use this_thread"),
    "src/gate/chance.cpp": ("int f() { return rand(); }\n", "may not use rand"),
    "src/gate/fine_test.cpp": ("int f() { return rand(); }\n", None),
    "src/engine/interpreter_step.cpp": ("std::random_device device;\n", "may not use random_device"),
    "src/engine/loop.cpp": ("auto now = std::chrono::system_clock::now();\n", None),
    "src/engine/web.cpp": ("#include <curl/curl.h>\n", "web.cpp:1: engine/web.cpp may not include curl/curl.h"),
    "src/engine/lazy.cpp": ('#include "tool/curl_library.h"\n', "lazy.cpp:1: engine/lazy.cpp may not include tool/curl_library.h"),
    "src/engine/load.cpp": ('#include "base/shared_library.h"\n', "load.cpp:1: engine/load.cpp may not include base/shared_library.h"),
    "src/engine/run.cpp": ("int f() { return std::system(x); }\n", "may not call system"),
    "src/engine/driver.cpp": ('#include "tool/sandbox.h"\n', "tool/sandbox.h is for drivers only"),
    "src/engine/forge.cpp": ('#include "tool/permit_for_test.h"\n', "is for tests only"),
    "src/engine/borrow.cpp": ('#include "engine/engine_fixture.h"\n', "engine/engine_fixture.h is for tests only"),
    "src/engine/second.cpp": ("namespace gantry::gate { class Gate { }; }\n", "there is one gate"),
    "src/tool/http_exchange.cpp": ("#include \"tool/curl_library.h\"\nint f() { return socket(1, 2, 3); }\n", None),
    "src/tool/other.cpp": ("#include <spawn.h>\nnamespace gantry::gate { class Gate; }\n", "other.cpp:1: tool/other.cpp may not include spawn.h"),
    "src/tool/one_test.cpp": ('#include <sys/socket.h>\n#include "tool/permit_for_test.h"\nint f() { return socket(1, 2, 3); }\n', None),
    "src/stray/a.cpp": ("int a;\n", "no gantry_module(stray)"),
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "CMakeLists.txt").write_text(
            "gantry_module(base LIBRARIES fmt::fmt)\ngantry_module(value DEPENDS base LIBRARIES simdjson)\n"
            "gantry_module(tool DEPENDS value)\ngantry_module(gate   DEPENDS tool)\ngantry_module(engine DEPENDS gate)\n", encoding="utf-8")
        for name, (content, _) in PLANTED.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content, encoding="utf-8")
        problems = check(root)
        failures = [f"not found: {expected}" for _, expected in PLANTED.values()
                    if expected and not any(expected in problem for problem in problems)]
        for name, (_, expected) in PLANTED.items():
            if expected is None:
                failures += [f"wrongly found: {problem}" for problem in problems if f"{name}:" in problem]
        (root / "CMakeLists.txt").write_text("gantry_module(value DEPENDS base)\ngantry_module(base)\n", encoding="utf-8")
        if not any("declared before it" in problem for problem in check(root)):
            failures.append("not found: a module that depends on one above it")
        return failures


def main():
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        problems = self_test()
    else:
        problems = check(arguments[0] if arguments else pathlib.Path(__file__).resolve().parent.parent)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

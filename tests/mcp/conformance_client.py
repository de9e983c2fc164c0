#!/usr/bin/env python3
"""The client that the MCP conformance suite talks to: `gantry` with a project made for the server at hand.

    conformance_client.py GANTRY SERVER_URL        (the suite appends the address)

It asks what tools there are, pins all of them, and runs a workflow that calls each once.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

VALUES = {"string": "text", "number": 1.5, "integer": 2, "boolean": True, "array": [], "object": {}, "null": None}
POLICY = {"policy": "all", "version": "1.0.0", "rules": [{"id": "all", "tools": ["server.*"], "verdict": "allow"}]}


def arguments_for(tool, tools):
    schema = tool.get("inputSchema") or {}
    if tool["name"] == "json_schema_echo":
        return {"schema": next(other["inputSchema"] for other in tools if other["name"] != tool["name"])}
    properties = schema.get("properties") or {}
    return {name: VALUES.get((properties.get(name) or {}).get("type"), "text") for name in schema.get("required") or []}


class Client:
    def __init__(self, program, url, folder):
        self.program, self.root = program, Path(folder)
        self.settings = {"url": url, "timeout": "PT60S"}
        if os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION"):
            self.settings["protocol"] = os.environ["MCP_CONFORMANCE_PROTOCOL_VERSION"]
        self.write("gantry.yaml", {"egress": {"allow": ["localhost", "127.0.0.1"]}})
        self.write("policies/all.yaml", POLICY)

    def write(self, name, value):
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(value), encoding="utf-8")
        return path

    def declare(self, operations):
        self.write("tools/server.yaml", {"tool": "server", "version": "1.0.0", "driver": "mcp", "settings": self.settings,
                                         "operations": operations})

    def gantry(self, *words):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, timeout=110, check=False)
        sys.stderr.write(done.stderr)
        return done

    def tools(self):
        self.declare({"list": {"class": "read", "binding": {"method": "tools/list"}}})
        done = self.gantry("mcp", "tools", "server", "--dir", self.root, "--json")
        if done.returncode != 0:
            sys.exit(done.returncode)
        return json.loads(done.stdout)

    def run(self, operations, calls):
        if not calls:
            return
        self.declare({name: dict(operation, arguments={"type": "object", "additionalProperties": True})
                      for name, operation in operations.items()})
        tasks = [{"call%d" % number: {"try": [{"call": {"call": "server." + name, "with": arguments}}],
                                      "catch": {"do": [{"go": {"set": {"failed": "${ $error }"}}}]}}}
                 for number, (name, arguments) in enumerate(calls)]
        path = self.write("workflows/all.yaml", {"document": {"dsl": "1.0.3", "namespace": "test", "name": "all", "version": "1.0.0"},
                                                 "do": tasks})
        done = self.gantry("run", path, "--dir", self.root, "--json", "--no-wait")
        print(done.stdout)
        if done.returncode not in (0, 3):
            sys.exit(done.returncode)


def main():
    program, url = sys.argv[1], sys.argv[-1]
    wanted = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}").get("toolCalls")
    with tempfile.TemporaryDirectory() as folder:
        client = Client(program, url, folder)
        listed = client.tools()
        tools = [each["tool"] for each in listed]
        names = {tool["name"]: "tool%d" % number for number, tool in enumerate(tools)}
        operations = {names[each["tool"]["name"]]: {"class": "read", "binding": {"tool": each["tool"]["name"], "pin": each["pin"]}}
                      for each in listed}
        if wanted:
            calls = [(names[call["name"]], call.get("arguments") or {}) for call in wanted]
        else:
            calls = [(names[tool["name"]], arguments_for(tool, tools)) for tool in tools]
        if os.environ.get("MCP_CONFORMANCE_SCENARIO") == "http-standard-headers":
            for name, method, arguments in (("resources", "resources/list", {}), ("prompts", "prompts/list", {}),
                                            ("resource", "resources/read", {"uri": "file:///path/to/file%20name.txt"}),
                                            ("prompt", "prompts/get", {"name": "test_prompt"})):
                operations[name] = {"class": "read", "binding": {"method": method}}
                calls.append((name, arguments))
        client.run(operations, calls)


if __name__ == "__main__":
    main()

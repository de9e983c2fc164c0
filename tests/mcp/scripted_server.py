#!/usr/bin/env python3
"""An MCP server for tests, over standard input and output or over HTTP, that can also misbehave.

    scripted_server.py [MODE]                          standard input and output
    scripted_server.py --http PORT_FILE [MODE]         HTTP on a free loopback port, whose number is written to PORT_FILE
    scripted_server.py --http PORT_FILE MODE LOG_FILE  also writes one line for each request: METHOD NAME

MODE says what is done when a tool is called (or, where it says so, earlier):
  fine      the answer                       garbage   a line that is no JSON
  wrong_id  an answer to another request     giant     an answer of 32 MiB
  silent    nothing                          exit      the process ends
  asks      asks for sampling first          talks     answers twice, and calls after that
  drifts    the description of each tool changes with every listing, as FILE_OF_CHANGE says
  stateless speaks revision 2026-07-28 only
"""

import ctypes
import http.server
import json
import os
import socket
import sys
import threading

VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]


def text(value):
    return {"content": [{"type": "text", "text": value if isinstance(value, str) else json.dumps(value)}]}


def look(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return text(file.read(1000))
    except OSError as error:
        return dict(text("look: %s" % error.strerror), isError=True)


def write(path):
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write("was here")
        return text("written")
    except OSError as error:
        return dict(text("write: %s" % error.strerror), isError=True)


def connect(host, port):
    try:
        socket.create_connection((host, port), timeout=2).close()
        return text("connected")
    except OSError as error:
        return dict(text("connect: %s" % error), isError=True)


def system_calls(numbers):
    """errno of each system call, made with arguments that do nothing."""
    library = ctypes.CDLL(None, use_errno=True)
    found = []
    for number in numbers:
        ctypes.set_errno(0)
        library.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0)
        found.append(ctypes.get_errno())
    return text(found)


TOOLS = {
    "echo": ("Repeats its arguments.", {"text": "string"}, lambda a: dict(text(a), structuredContent=a)),
    "environment": ("Its environment.", {}, lambda a: dict(text(""), structuredContent=dict(os.environ))),
    "processes": ("What processes it sees.", {}, lambda a: text([p for p in os.listdir("/proc") if p.isdigit()])),
    "look": ("Reads a file.", {"path": "string"}, lambda a: look(a["path"])),
    "write": ("Writes a file.", {"path": "string"}, lambda a: write(a["path"])),
    "connect": ("Opens a connection.", {"host": "string", "port": "integer"}, lambda a: connect(a["host"], a["port"])),
    "system_calls": ("Makes system calls.", {"numbers": "array"}, lambda a: system_calls(a["numbers"])),
    "fail": ("Always fails.", {}, lambda a: dict(text("it failed"), isError=True)),
}
PROMPTS = [{"name": "greeting", "description": "Greets."}]
RESOURCES = [{"uri": "memo://1", "name": "memo", "mimeType": "text/plain"}]


class Server:
    def __init__(self, mode):
        self.mode = mode
        self.stateless = mode == "stateless"

    def description(self, name):
        change = os.environ.get("FILE_OF_CHANGE", "")
        if self.mode == "drifts" and change:
            with open(change, encoding="utf-8") as file:
                return file.read()
        return TOOLS[name][0]

    def tools(self, cursor):
        names = sorted(TOOLS)
        first = int(cursor or 0)
        page = [{"name": name, "description": self.description(name),
                 "inputSchema": {"type": "object",
                                 "properties": {key: {"type": kind} for key, kind in TOOLS[name][1].items()}}}
                for name in names[first:first + 4]]
        result = {"tools": page}
        if first + 4 < len(names):
            result["nextCursor"] = str(first + 4)
        return result

    def answer(self, message):
        """The result for a request, or an error as a pair of code and text."""
        method, params = message["method"], message.get("params") or {}
        if method == "server/discover" and self.stateless:
            return {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                    "serverInfo": {"name": "scripted", "version": "1"}}
        if method == "initialize" and not self.stateless:
            wanted = params.get("protocolVersion")
            return {"protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0], "capabilities": {"tools": {}},
                    "serverInfo": {"name": "scripted", "version": "1"}}
        if method == "ping":
            return {}
        if method == "tools/list":
            return self.tools(params.get("cursor"))
        if method == "tools/call":
            if params.get("name") not in TOOLS:
                return (-32602, "Unknown tool: %s" % params.get("name"))
            return TOOLS[params["name"]][2](params.get("arguments") or {})
        if method == "prompts/list":
            return {"prompts": PROMPTS}
        if method == "prompts/get":
            if params.get("name") != "greeting":
                return (-32602, "Unknown prompt")
            return {"messages": [{"role": "user", "content": {"type": "text", "text": "Hello"}}]}
        if method == "resources/list":
            return {"resources": RESOURCES}
        if method == "resources/read":
            if params.get("uri") != "memo://1":
                return (-32602, "Resource not found")
            return {"contents": [{"uri": "memo://1", "text": "remember the milk"}]}
        return (-32601, "Method not found: %s" % method)

    def messages(self, message):
        """All that goes out for one message; a str goes out as it is, None ends the process."""
        if "method" not in message or "id" not in message:
            return []
        answer = self.answer(message)
        if isinstance(answer, tuple):
            reply = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": answer[0], "message": answer[1]}}
        else:
            if self.stateless:
                answer = dict(answer, resultType="complete")
            reply = {"jsonrpc": "2.0", "id": message["id"], "result": answer}
        if message["method"] != "tools/call":
            return [reply]
        return {
            "garbage": ["Loading model ...\x1b[31m"],
            "wrong_id": [dict(reply, id="other"), dict(reply, id=10_000)],
            "giant": [dict(reply, result=text("x" * (32 << 20)))],
            "silent": [],
            "exit": [None],
            "asks": [{"jsonrpc": "2.0", "id": "s1", "method": "sampling/createMessage", "params": {"messages": []}},
                     {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}, reply],
            "talks": [reply, reply, {"jsonrpc": "2.0", "id": 77, "method": "tools/call", "params": {"name": "x"}},
                      {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}],
        }.get(self.mode, [reply])


def serve_lines(server):
    print("scripted server", server.mode, file=sys.stderr)
    for line in sys.stdin:
        for reply in server.messages(json.loads(line)):
            if reply is None:
                print("giving up", file=sys.stderr)
                sys.exit(3)
            sys.stdout.write((reply if isinstance(reply, str) else json.dumps(reply)) + "\n")
            sys.stdout.flush()


def handler_for(server, log):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def send(self, status, body=b"", kind="application/json"):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.send(405)

        def do_DELETE(self):
            self.send(200)

        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if log:
                with open(log, "a", encoding="utf-8") as file:
                    name = (message.get("params") or {}).get("name", "")
                    file.write("%s %s\n" % (message.get("method", "reply"), name))
            replies = server.messages(message)
            if not replies and server.mode == "silent" and message.get("method") == "tools/call":
                threading.Event().wait(60)
            if not replies:
                return self.send(202)
            if replies == [None]:
                self.close_connection = True
                return None
            if len(replies) == 1 and isinstance(replies[0], dict) and server.mode != "giant":
                return self.send(200, json.dumps(replies[0]).encode())
            events = "".join("event: message\ndata: %s\n\n" % (r if isinstance(r, str) else json.dumps(r)) for r in replies)
            return self.send(200, events.encode(), "text/event-stream")

    return Handler


def main():
    words = sys.argv[1:]
    if words[:1] != ["--http"]:
        return serve_lines(Server(words[0] if words else "fine"))
    server = Server(words[2] if len(words) > 2 else "fine")
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_for(server, words[3] if len(words) > 3 else ""))
    with open(words[1] + ".new", "w", encoding="ascii") as file:
        file.write(str(listener.server_address[1]))
    os.rename(words[1] + ".new", words[1])
    listener.serve_forever()
    return None


if __name__ == "__main__":
    main()

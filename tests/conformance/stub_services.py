"""Stands in for the two public services that the standard's conformance features call, petstore and httpbin, and for
https://services.example, which our own features call."""

import base64
import contextlib
import http.server
import json
import threading
import urllib.parse

SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "Petstore", "version": "1.0.0"},
    "host": "petstore.swagger.io",
    "basePath": "/v2",
    "schemes": ["https"],
    "paths": {
        "/pet/findByStatus": {
            "get": {
                "operationId": "findPetsByStatus",
                "produces": ["application/json"],
                "parameters": [{"name": "status", "in": "query", "type": "string", "required": True}],
                "responses": {"200": {"description": "the pets"}},
            }
        },
        "/pet/{petId}": {
            "get": {
                "operationId": "getPetById",
                "produces": ["application/json"],
                "parameters": [{"name": "petId", "in": "path", "type": "integer", "required": True}],
                "responses": {"200": {"description": "the pet"}, "404": {"description": "no such pet"}},
            }
        },
    },
}


OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Echo", "version": "1.0.0"},
    "servers": [{"url": "/v3"}],
    "paths": {
        "/echo/{thing}": {
            "get": {
                "operationId": "echo",
                "parameters": [
                    {"name": "thing", "in": "path", "required": True},
                    {"name": "tags", "in": "query", "style": "pipeDelimited", "explode": False},
                    {"$ref": "#/components/parameters/trace"},
                ],
                "responses": {"200": {"description": "the request", "content": {"application/json": {}}}},
            }
        }
    },
    "components": {"parameters": {"trace": {"name": "X-Trace", "in": "header"}}},
}


MCP_TOOLS = [
    {"name": name, "inputSchema": {"type": "object", "properties": {"left": {"type": "number"}, "right": {"type": "number"}}}}
    for name in ("add", "divide")
]


def answer_mcp(message: dict) -> tuple[int, object, dict[str, str]]:
    """An MCP server of the revisions with a handshake."""
    params = message.get("params") or {}
    numbers = params.get("arguments") or {}
    match message.get("method"), params.get("name"):
        case "initialize", _:
            result = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                      "serverInfo": {"name": "stub", "version": "1"}}
        case "tools/list", _:
            result = {"tools": MCP_TOOLS}
        case "tools/call", "add":
            result = {"content": [], "structuredContent": {"sum": numbers["left"] + numbers["right"]}}
        case "tools/call", "divide":
            result = {"isError": True, "content": [{"type": "text", "text": "division by zero"}]}
        case "resources/read", _:
            return 200, {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32002, "message": "no such resource"}}, {}
        case method, _ if "id" not in message:
            return 202, {}, {}
        case _:
            return 400, {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no such method"}}, {}
    return 200, {"jsonrpc": "2.0", "id": message["id"], "result": result}, {"Mcp-Session-Id": "stub-1"}


def answer_own(method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, object, dict[str, str]] | None:
    """Status, body and headers for services.example; None for what it does not have."""
    parts = urllib.parse.urlsplit(path)
    segments = [urllib.parse.unquote(segment) for segment in parts.path.strip("/").split("/")]
    match segments:
        case ["openapi.json"]:
            return 200, OPENAPI, {}
        case ["v3", "echo", thing] | ["echo", thing]:
            echo = {
                "method": method,
                "thing": thing,
                "query": urllib.parse.parse_qs(parts.query, keep_blank_values=True),
                "trace": headers.get("X-Trace"),
                "body": json.loads(body) if body else None,
            }
            return 200, echo, {}
        case ["path", *rest]:
            return 200, {"path": parts.path, "rest": rest}, {}
        case ["mcp"] if method == "POST":
            return answer_mcp(json.loads(body))
        case ["moved"]:
            return 302, {"moved": True}, {"Location": "/echo/there"}
        case ["bearer", reversed_token]:  # backwards, so that a test can look for the token itself
            given = headers.get("Authorization")
            if given == f"Bearer {reversed_token[::-1]}":
                return 200, {"authenticated": True, "token": given}, {}
            return 401, {"authenticated": False}, {}
    return None


def answer(path: str, authorization: str | None) -> tuple[int, object]:
    """Status and body of one GET request."""
    parts = urllib.parse.urlsplit(path)
    segments = [urllib.parse.unquote(segment) for segment in parts.path.strip("/").split("/")]
    match segments:
        case ["v2", "swagger.json"]:
            return 200, SWAGGER
        case ["v2", "pet", "findByStatus"]:
            statuses = urllib.parse.parse_qs(parts.query).get("status", [])
            return 200, [{"id": number, "name": f"pet {number}", "status": status} for number, status in enumerate(statuses, 1)]
        case ["v2", "pet", identifier] if identifier.isdigit():
            return 200, {"id": int(identifier), "name": f"pet {identifier}", "status": "available"}
        case ["basic-auth", user, password]:
            expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            if authorization == expected:
                return 200, {"authenticated": True, "user": user}
            return 401, {"authenticated": False}
    return 404, {"message": "not found"}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _respond(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        own = answer_own(self.command, self.path, dict(self.headers.items()), sent)
        status, body, headers = own or (*answer(self.path, self.headers.get("Authorization")), {})
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _respond

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def serve():
    """Yields the origin of the running stub, on a free port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""Stands in for the two public services that the standard's conformance features call: petstore and httpbin."""

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

    def do_GET(self) -> None:
        status, body = answer(self.path, self.headers.get("Authorization"))
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

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

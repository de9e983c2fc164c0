#!/usr/bin/env python3
"""Checks a Gantry journal's hash chain and signed checkpoints without any code of Gantry's. Needs Python 3.8 only.

  gantry-audit-verify.py JOURNAL.db [--checkpoints FILE] [--public-key FILE]...

The format is docs/reference/audit.md. Exit status: 0 intact, 1 something was changed, 2 wrong input."""
import argparse, base64, hashlib, json, sqlite3, struct, sys

# Ed25519 verification (RFC 8032, section 5.1.7), slow and simple.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)

def add(a, b):
    s, t, c, d = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0]), 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = t - s, d - c, d + c, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P

def multiply(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1: result = add(result, point)
        point, number = add(point, point), number >> 1
    return result

def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P: x = x * ROOT % P
    if y >= P or (x * x - square) % P or (x == 0 and sign): return None
    if x & 1 != sign: x = P - x
    return x, y, 1, x * y % P

def is_signed(key, message, signature):
    a, r, s = decompress(key), decompress(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or not a or not r or s >= L: return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left = multiply(s, decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little")))
    right = add(r, multiply(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0

def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def sized(data): return struct.pack(">Q", len(data)) + data

class Verifier:
    def __init__(self, path, checkpoints, keys):
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.db.text_factory = bytes
        self.findings, self.end, self.hash, self.linked = [], 0, bytes(32), True
        stored = self.db.execute("SELECT position, at, hash, key, signature FROM journal_checkpoint ORDER BY position").fetchall()
        removals = self.db.execute("SELECT first, last, at, key FROM journal_removal ORDER BY first DESC LIMIT 1").fetchall()
        self.keys = keys or [each[3] for each in (checkpoints or stored or removals)[-1:]]
        self.signed = []
        for position, at, hash_, key, signature in stored + checkpoints:
            message = b"gantry.checkpoint.1\n" + struct.pack(">Qq", position, at) + hash_
            if key in self.keys and is_signed(key, message, signature): self.signed.append((position, hash_))
            else: self.find(position, "the checkpoint is forged: wrong key or signature")

    def find(self, position, what): self.findings.append(f"position {position}: {what}")

    def arrive(self, position, hash_):
        self.end, self.hash = position, hash_
        for signed, expected in self.signed:
            if signed == position and expected != hash_: self.find(position, "the chain is not the one that was signed")

    def go_to(self, position):
        while self.end + 1 < position:
            row = self.db.execute("SELECT last, at, before, after, key, signature FROM journal_removal WHERE first = ?", (self.end + 1,)).fetchone()
            if not row or row[0] >= position:
                self.find(self.end + 1, f"the events up to {position - 1} are missing")
                self.end, self.linked = position - 1, False
                return
            last, at, before, after, key, signature = row
            message = b"gantry.removal.1\n" + struct.pack(">QQq", self.end + 1, last, at) + before + after
            if key not in self.keys or not is_signed(key, message, signature): self.find(self.end + 1, "the removal is forged")
            elif self.linked and before != self.hash: self.find(self.end + 1, "what was removed does not follow")
            self.linked = True
            self.arrive(last, after)

    def check_erased(self):
        remains = {}
        for record, position, data, labels in self.db.execute(
                "SELECT g.record, e.position, e.data, e.labels FROM journal_erased g JOIN journal_event e ON e.position = g.position ORDER BY g.position"):
            remains[record] = sha(remains.get(record, bytes(32)), struct.pack(">Q", position), sized(data), sized(labels or b""))
        for record, hash_ in remains.items():
            row = self.db.execute("SELECT e.data FROM journal_event e JOIN journal_event_type y ON y.number = e.type JOIN journal_stream s"
                                  " ON s.number = e.stream WHERE e.position = ? AND y.name = 'data_erased' AND s.id = ''", (record,)).fetchone()
            if not row or json.loads(row[0])["remains"] != hash_.hex(): self.find(record, "what an erasure left was changed, or nobody erased")

    def check_named(self, position, kind, data):
        """What the event names has to be there: large values, one or two levels down, and the files of a project."""
        if b'"$blob"' not in data and kind != b"project_deployed": return
        try: event = json.loads(data)
        except ValueError: return  # the chain has told of it
        outer = list(event.values()) if isinstance(event, dict) else []
        for value in outer + [inner for each in outer if isinstance(each, dict) for inner in each.values()]:
            if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("$blob"), str) and value["$blob"] not in self.blobs:
                self.find(position, f"the large value {value['$blob']} is missing")
        if kind == b"project_deployed" and isinstance(event, dict) and event.get("project", "") not in self.projects | {""}:
            self.find(position, f"the files of the project {event['project']} are missing")

    def run(self):
        self.blobs = {hash_.decode() for hash_, in self.db.execute("SELECT hash FROM journal_blob")}
        self.projects = {digest.decode() for digest, in self.db.execute("SELECT digest FROM journal_project")}
        for position, at, sequence, kind, instance, secret, data, labels, stored, digest, salt in self.db.execute(
                "SELECT e.position, e.at, e.sequence, y.name, s.id, s.secret, e.data, e.labels, e.hash, g.digest, t.salt FROM journal_event e"
                " LEFT JOIN journal_stream s ON s.number = e.stream LEFT JOIN journal_event_type y ON y.number = e.type"
                " LEFT JOIN journal_erased g ON g.position = e.position LEFT JOIN journal_salt t ON t.position = e.position ORDER BY e.position"):
            self.go_to(position)
            if digest is None: self.check_named(position, kind, data)
            salt = salt or sha(secret or b"", struct.pack(">Q", sequence))[:16]
            digest = digest or sha(salt, sized(data), sized(labels or b""))
            kind, instance = kind or b"", instance or b""
            link = struct.pack(">QqQ", position, at, sequence) + bytes([len(kind)]) + kind + struct.pack(">H", len(instance)) + instance
            if self.linked and sha(self.hash, link, digest) != stored: self.find(position, f"event {sequence} of '{instance.decode()}' was changed, or the order was")
            self.linked = stored is not None
            self.arrive(position, stored or bytes(32))
        last_removed = self.db.execute("SELECT max(last) FROM journal_removal").fetchone()[0] or 0
        self.go_to(max(self.end, last_removed) + 1)
        self.check_erased()
        for hash_, data, labels in self.db.execute("SELECT hash, data, labels FROM journal_blob"):
            if sha(data, b"\n" + labels if labels else b"").hex().encode() != hash_: self.find(0, f"the large value {hash_.decode()} was changed")
        for digest, files in self.db.execute("SELECT digest, files FROM journal_project"):
            if hashlib.sha256(files).hexdigest().encode() != digest: self.find(0, f"the files of the project {digest.decode()} were changed")
        for position, _ in self.signed:
            if position > self.end: self.find(position, f"a checkpoint was signed here, but the journal ends at {self.end}: it was cut off")
        return self.findings

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journal")
    parser.add_argument("--checkpoints")
    parser.add_argument("--public-key", action="append", default=[])
    options = parser.parse_args()
    keys = [base64.b64decode("".join(open(path).read().split("-----")[2].split()))[-32:] for path in options.public_key]
    lines = [json.loads(line) for line in open(options.checkpoints) if line.strip()] if options.checkpoints else []
    kept = [(c["position"], c["at"], *(bytes.fromhex(c[name]) for name in ("hash", "key", "signature"))) for c in lines]
    verifier = Verifier(options.journal, kept, keys)
    for finding in verifier.run(): print(finding)
    print("not intact" if verifier.findings else f"intact up to position {verifier.end}, {len(verifier.signed)} checkpoints agree")
    return 1 if verifier.findings else 0

if __name__ == "__main__":
    try: sys.exit(main())
    except (OSError, sqlite3.Error, ValueError, KeyError, IndexError) as error:
        print(f"gantry-audit-verify: {error}", file=sys.stderr)
        sys.exit(2)

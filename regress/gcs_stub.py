#!/usr/bin/env python3
"""regress/gcs_stub.py - a STUB of Google Cloud Storage and its token server, for cloud-test.

    gcs_stub.py PORT CERT KEY PUBLIC_KEY

It checks and refuses where the service does: JWTs (signature, issuer, audience, scope, times), tokens and
their expiry, the order and the sizes of chunks in resumable uploads, one path segment for the name of an
object. Objects live in memory. GET /_stub?name=value changes how it behaves and answers its counters:

    expires_in=S    lifetime of new tokens          token_500=N    the next N token calls fail with 500
    token_garbage=N ... answer what is no JSON      revoke=1       all tokens become invalid
    chunk_503=N     the next N chunks: half stored, 503
    cut=N           the next N reads break off in the middle
    pays=1          requests must name who pays     page=N         names in one page of a listing
"""
import base64, http.server, json, os, secrets, ssl, struct, subprocess, sys, tempfile, threading, time
import urllib.parse

EMAIL, KEY_ID = "test@stub.iam.gserviceaccount.com", "key-1"
TOKEN_URI = "https://oauth2.googleapis.com/token"
lock = threading.Lock()
buckets = {"testbucket": {}, "testbucket2": {}, "nolist": {}}
tokens, sessions = {}, {}
mode = {"expires_in": 3599, "token_500": 0, "token_garbage": 0, "chunk_503": 0, "cut": 0, "pays": 0,
        "page": 1000}
count = {"token_calls": 0, "storage_calls": 0, "cancelled": 0}


def table():
    out = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = c >> 1 ^ (0x82F63B78 if c & 1 else 0)
        out.append(c)
    return out


TABLE = table()


def crc32c(data):
    if len(data) > 1 << 20:  # slow in Python; large objects go without
        return None
    c = 0xFFFFFFFF
    for b in data:
        c = TABLE[(c ^ b) & 255] ^ c >> 8
    return c ^ 0xFFFFFFFF


def unb64(s):
    if "=" in s:
        raise ValueError("padded")
    return base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))


def jwt_problem(jwt):
    parts = jwt.split(".")
    if len(parts) != 3:
        return "not three parts"
    try:
        header, claims = json.loads(unb64(parts[0])), json.loads(unb64(parts[1]))
        signature = unb64(parts[2])
    except ValueError:
        return "malformed"
    if header.get("alg") != "RS256" or header.get("kid") != KEY_ID:
        return "wrong header"
    with tempfile.NamedTemporaryFile() as f:
        f.write(signature)
        f.flush()
        r = subprocess.run(["openssl", "dgst", "-sha256", "-verify", PUBLIC, "-signature", f.name],
                           input=(parts[0] + "." + parts[1]).encode(), capture_output=True)
    now = time.time()
    if r.returncode != 0:
        return "Invalid JWT Signature."
    if claims.get("iss") != EMAIL or claims.get("aud") != TOKEN_URI:
        return "wrong iss or aud"
    if "https://www.googleapis.com/auth/devstorage.read_write" not in claims.get("scope", "").split():
        return "wrong scope"
    iat, exp = claims.get("iat", 0), claims.get("exp", 0)
    if exp <= now or iat > now + 60 or exp - iat > 3600:
        return "wrong times"
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", headers=(), cut=False):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers = list(headers) + [("Content-Type", "application/json")]
        self.send_response(status)
        for k, v in headers:
            self.send_header(k, v)
        if not any(k == "Content-Length" for k, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)

    def error(self, status, message, reason="stub"):
        self.answer(status, {"error": {"code": status, "message": message,
                                       "errors": [{"message": message, "reason": reason}]}})

    def xml_error(self, status, code, message):
        self.answer(status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}"
                            f"</Message></Error>".encode())

    def go(self):
        n = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(n)
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if url.path == "/_stub":
            with lock:
                for k, v in self.query.items():
                    if k == "revoke":
                        tokens.clear()
                    elif k in mode:
                        mode[k] = int(v)
                self.answer(200, {**mode, **count})
        elif url.path == "/token":
            self.token()
        elif url.path.startswith("/computeMetadata/"):
            if self.headers.get("Metadata-Flavor") != "Google":
                self.answer(403, b"no flavor")
            else:
                self.new_token()
        else:
            self.storage(url.path)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = go

    def new_token(self):
        t = secrets.token_urlsafe(24)
        tokens[t] = time.time() + mode["expires_in"]
        self.answer(200, {"access_token": t, "token_type": "Bearer", "expires_in": mode["expires_in"]})

    def token(self):
        count["token_calls"] += 1
        for k, status, body in (("token_500", 500, b"oops"), ("token_garbage", 200, b"<html>")):
            if mode[k] > 0:
                mode[k] -= 1
                return self.answer(status, body)
        form = dict(urllib.parse.parse_qsl(self.body.decode()))
        if self.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            return self.answer(400, {"error": "invalid_request"})
        if form.get("grant_type") == "refresh_token":
            if (form.get("client_id"), form.get("client_secret"), form.get("refresh_token")) == \
                    ("id", "hush", "again"):
                return self.new_token()
            return self.answer(400, {"error": "invalid_grant"})
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return self.answer(400, {"error": "unsupported_grant_type"})
        problem = jwt_problem(form.get("assertion", ""))
        if problem:
            return self.answer(400, {"error": "invalid_grant", "error_description": problem})
        self.new_token()

    def storage(self, path):
        count["storage_calls"] += 1
        auth = self.headers.get("Authorization", "")
        token = auth[7:] if auth.startswith("Bearer ") else ""
        if tokens.get(token, 0) <= time.time():
            return self.error(401, "Invalid Credentials", "authError")
        xml = not (path.startswith("/storage/v1/") or path.startswith("/upload/storage/v1/"))
        payer = self.headers.get("X-Goog-User-Project") if xml else self.query.get("userProject")
        if mode["pays"] and not payer and "upload_id" not in self.query:
            return self.error(400, "Bucket is requester pays bucket but no user project provided.",
                              "required")
        if "upload_id" in self.query:
            return self.session(self.query["upload_id"])
        parts = path.split("/")
        bucket = urllib.parse.unquote(parts[1] if xml else parts[5 if parts[1] == "upload" else 4])
        if bucket not in buckets:
            return (self.xml_error(404, "NoSuchBucket", "The specified bucket does not exist.") if xml
                    else self.error(404, "The specified bucket does not exist.", "notFound"))
        if xml:
            return self.read(bucket, urllib.parse.unquote("/".join(parts[2:])))
        if parts[1] == "upload":
            return self.upload(bucket)
        rest = parts[6:]
        if len(rest) > 1:
            return self.error(404, "Not Found", "notFound")
        if not rest:
            return self.list(bucket)
        name = urllib.parse.unquote(rest[0])
        if self.command != "DELETE":
            return self.error(405, "not in the stub")
        if buckets[bucket].pop(name, None) is None:
            return self.error(404, f"No such object: {bucket}/{name}", "notFound")
        self.answer(204)

    def read(self, bucket, name):
        data = buckets[bucket].get(name)
        if data is None:
            return self.xml_error(404, "NoSuchKey", "The specified key does not exist.")
        headers, status, body = [("ETag", f'"{hash(data) & 0xffffffff:x}"')], 200, data
        crc = crc32c(data)
        if crc is not None:
            headers.append(("X-Goog-Hash", "crc32c=" + base64.b64encode(struct.pack(">I", crc)).decode()))
        rng = self.headers.get("Range")
        if rng:
            first, _, last = rng.removeprefix("bytes=").partition("-")
            first, last = int(first), min(int(last) if last else len(data) - 1, len(data) - 1)
            if first >= len(data):
                return self.answer(416, b"", [("Content-Range", f"bytes */{len(data)}")])
            status, body = 206, data[first : last + 1]
            headers.append(("Content-Range", f"bytes {first}-{last}/{len(data)}"))
        headers.append(("Content-Length", str(len(body))))
        cut = self.command == "GET" and mode["cut"] > 0
        mode["cut"] -= cut
        self.answer(status, body, headers, cut)

    def list(self, bucket):
        if bucket == "nolist":
            return self.error(403, f"{EMAIL} does not have storage.objects.list access.", "forbidden")
        names = sorted(x for x in buckets[bucket] if x.startswith(self.query.get("prefix", "")))
        names = [x for x in names if x > self.query.get("pageToken", "")]
        page, out = names[: mode["page"]], {"kind": "storage#objects"}
        if page:
            out["items"] = [{"name": x, "size": str(len(buckets[bucket][x]))} for x in page]
        if len(names) > len(page):
            out["nextPageToken"] = page[-1]
        self.answer(200, out)

    def upload(self, bucket):
        kind = self.query.get("uploadType")
        if self.command != "POST":
            return self.error(405, "not in the stub")
        if kind == "media":
            name = self.query["name"]
            buckets[bucket][name] = self.body
            return self.answer(200, {"name": name, "size": str(len(self.body))})
        if kind != "resumable":
            return self.error(400, "not in the stub")
        sid = secrets.token_hex(8)
        sessions[sid] = {"bucket": bucket, "name": json.loads(self.body)["name"], "data": bytearray()}
        self.answer(200, b"", [("Location", "https://storage.googleapis.com/upload/storage/v1/b/"
                                f"{bucket}/o?uploadType=resumable&upload_id={sid}")])

    def session(self, sid):
        s = sessions.get(sid)
        if s is None:
            return self.error(410, "gone", "gone")
        if self.command == "DELETE":
            del sessions[sid]
            count["cancelled"] += 1
            return self.answer(499)
        span, _, total = self.headers["Content-Range"].removeprefix("bytes ").partition("/")
        if span == "*" and total == "*":
            return self.stands(s)
        if span != "*":
            first, last = map(int, span.split("-"))
            if first != len(s["data"]) or last - first + 1 != len(self.body):
                return self.error(400, "Invalid request. According to the Content-Range header, "
                                       "the upload offset is wrong.", "badRequest")
            if total == "*" and len(self.body) % (256 << 10):
                return self.error(400, "chunk is no multiple of 256 KiB", "badRequest")
            if mode["chunk_503"] > 0:
                mode["chunk_503"] -= 1
                s["data"] += self.body[: len(self.body) // 2 // (256 << 10) * (256 << 10)]
                return self.error(503, "Backend Error", "backendError")
            s["data"] += self.body
        if total != "*":
            if int(total) != len(s["data"]):
                return self.error(400, "wrong total", "badRequest")
            s["done"] = True
            buckets[s["bucket"]][s["name"]] = bytes(s["data"])
        self.stands(s)

    def stands(self, s):
        if s.get("done"):
            return self.answer(200, {"name": s["name"], "size": str(len(s["data"]))})
        headers = [("Range", f"bytes=0-{len(s['data']) - 1}")] if s["data"] else []
        self.answer(308, b"", headers)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


PUBLIC = sys.argv[4]
server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()

#!/usr/bin/env python3
"""regress/fault_proxy.py - a proxy that breaks HTTP on purpose, in front of the servers of cloud-test.

    fault_proxy.py PORT UPSTREAM_PORT [CERT KEY CA]     with certificates: TLS on both sides

GET /_proxy?name=value... sets what goes wrong; it answers the number of faults so far:

    fault=NAME       one of the names below, "mixed" (any of the transient ones), or "none"
    times=N          for the next N requests that match; 0: until told otherwise
    percent=P        each with that probability (default 100)
    match=REGEX      of "METHOD /path?query"
    seed=N           of what chance decides

    status_500, status_503, status_429 (Retry-After: 1), status_403, status_404
    reset            the answer breaks off in its middle, with RST
    reset_up         RST while the request's body comes in
    cut              the answer ends in its middle, its length as promised
    short            the answer is half, and says so: a wrong length
    hang             no answer, until the client gives up
    drip             the answer in small pieces, with pauses
    length_wanted    a request whose body says not how long it is: 411
    chunks_lost      such a body is taken for empty
    drop             the connection is closed before an answer, but the request was carried out
"""
import http.client, http.server, random, re, socket, ssl, struct, sys, threading, time
import urllib.parse

lock = threading.Lock()
plan = {"fault": "none", "times": 0, "percent": 100, "match": ".*", "left": -1, "seed": 1}
rng = random.Random(1)
count = 0
CHUNKED = ["length_wanted", "chunks_lost"]
MIXED = ["status_500", "status_503", "reset", "reset_up", "cut", "drop", "drip"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def choose(self):
        global count
        with lock:
            if plan["fault"] == "none" or plan["left"] == 0:
                return None
            if not re.search(plan["match"], f"{self.command} {self.path}"):
                return None
            if plan["fault"] in CHUNKED and "Transfer-Encoding" not in self.headers:
                return None
            if rng.random() * 100 >= plan["percent"]:
                return None
            if plan["left"] > 0:
                plan["left"] -= 1
            count += 1
            return rng.choice(MIXED) if plan["fault"] == "mixed" else plan["fault"]

    def control(self):
        global rng
        with lock:
            for k, v in urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query):
                plan[k] = v if k in ("fault", "match") else int(v)
            plan["left"] = plan["times"] or -1
            rng = random.Random(plan["seed"])
            body = f"{count}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self, rst=True):
        self.close_connection = True
        sock = self.connection
        if rst:
            raw = socket.socket(fileno=socket.dup(sock.fileno())) if isinstance(sock, ssl.SSLSocket) else sock
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if raw is not sock:
                raw.close()
        try:
            sock.close()
        except OSError:
            pass

    def body(self, n):
        out = b""
        while len(out) < n:
            piece = self.rfile.read(min(65536, n - len(out)))
            if not piece:
                break
            out += piece
        return out

    def chunks(self, most=None):
        """The body of a request that does not say how long it is."""
        out = b""
        while True:
            n = int(self.rfile.readline().split(b";")[0] or b"0", 16)
            out += self.body(n)
            self.rfile.readline()
            if n == 0 or (most is not None and len(out) >= most):
                return out

    def go(self):
        if self.path.startswith("/_proxy"):
            return self.control()
        fault = self.choose()
        n = int(self.headers.get("Content-Length") or 0)
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        if fault == "reset_up" and (n > 0 or chunked):
            self.chunks(65536) if chunked else self.body(n // 2)
            return self.hang_up()
        if fault == "length_wanted" and chunked:
            self.close_connection = True
            return self.refuse(411)
        if fault == "chunks_lost" and chunked:  # as servers do that know only bodies of a known length
            self.chunks()
            chunked, data = False, b""
        else:
            data = self.chunks() if chunked else self.body(n)
        if fault and fault.startswith("status_"):
            return self.refuse(int(fault[7:]))
        if fault == "hang":
            time.sleep(20)
            return self.hang_up()
        if tls:
            up = http.client.HTTPSConnection("127.0.0.1", upstream, context=client_context, timeout=60)
        else:
            up = http.client.HTTPConnection("127.0.0.1", upstream, timeout=60)
        try:
            up.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for k, v in self.headers.items():
                if k.lower() not in ("connection", "expect", "transfer-encoding"):
                    up.putheader(k, v)
            if self.command == "PUT" and "Content-Length" not in self.headers:
                up.putheader("Content-Length", str(len(data)))
            up.endheaders(data)
            r = up.getresponse()
            answer = r.read()
        except (OSError, http.client.HTTPException):
            return self.hang_up()
        finally:
            up.close()
        if fault == "drop":
            return self.hang_up()
        self.relay(r, answer, fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = go

    def refuse(self, status):
        body = b"<?xml version='1.0'?><Error><Code>Proxy</Code><Message>by the proxy</Message></Error>"
        self.send_response(status, {403: "Forbidden", 404: "Not Found", 411: "Length Required"}.get(status))
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def relay(self, r, answer, fault):
        half = len(answer) // 2
        self.send_response_only(r.status, r.reason)
        for k, v in r.getheaders():
            if k.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(k, v)
        if self.command == "HEAD":
            length = r.getheader("Content-Length")
        else:
            length = str(half if fault == "short" else len(answer))
        if length is not None and not (r.status == 204):
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault in ("reset", "cut") and half > 0:
            self.wfile.write(answer[:half])
            self.wfile.flush()
            return self.hang_up(fault == "reset")
        if fault == "drip":
            for i in range(0, len(answer), max(1, len(answer) // 5)):
                self.wfile.write(answer[i : i + max(1, len(answer) // 5)])
                self.wfile.flush()
                time.sleep(0.05)
            return
        self.wfile.write(answer[:half] if fault == "short" else answer)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


upstream = int(sys.argv[2])
tls = len(sys.argv) > 3
server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
if tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    client_context = ssl.create_default_context(cafile=sys.argv[5])
server.serve_forever()

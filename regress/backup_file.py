"""regress/backup_file.py - files of a backup read and written with Python's standard library alone.

Written from the description of the format and without a look at the program's own code, so that the
tests that use it check the one against the other. Messages are lists of (field, wire type, value).
"""
import hashlib
import hmac
import struct
import zlib


class Bad(Exception):
    """A rule of the format is broken."""


def need(ok, text):
    if not ok:
        raise Bad(text)


# ---- protobuf ----

def uvarint(b, at):
    v = shift = 0
    while True:
        need(at < len(b) and shift < 70, "a varint runs over the end")
        v |= (b[at] & 0x7F) << shift
        shift += 7
        at += 1
        if b[at - 1] < 0x80:
            return v, at


def put_uvarint(v):
    v &= (1 << 64) - 1
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


class Msg:
    """A message on the wire, in order; get and all read, put replaces or adds."""

    def __init__(self, b=b""):
        self.f = []
        at = 0
        while at < len(b):
            tag, at = uvarint(b, at)
            wire = tag & 7
            if wire == 0:
                v, at = uvarint(b, at)
            elif wire == 1:
                v, at = b[at:at + 8], at + 8
            elif wire == 5:
                v, at = b[at:at + 4], at + 4
            else:
                need(wire == 2, "wire type %d" % wire)
                n, at = uvarint(b, at)
                v, at = b[at:at + n], at + n
            need(at <= len(b), "a field runs over the end")
            self.f.append((tag >> 3, wire, v))

    def bytes(self):
        out = b""
        for n, wire, v in self.f:
            out += put_uvarint(n << 3 | wire)
            out += put_uvarint(v) if wire == 0 else v if wire != 2 else put_uvarint(len(v)) + v
        return out

    def has(self, n):
        return any(k == n for k, _, _ in self.f)

    def get(self, n, default=0):
        for k, _, v in reversed(self.f):
            if k == n:
                return v
        return default

    def i(self, n):
        v = self.get(n, 0)
        return v - (1 << 64) if v >= 1 << 63 else v

    def b(self, n):
        return self.get(n, b"")

    def s(self, n):
        return self.b(n).decode()

    def m(self, n):
        return Msg(b"".join(v for k, _, v in self.f if k == n))

    def all(self, n):
        return [v for k, _, v in self.f if k == n]

    def msgs(self, n):
        return [Msg(v) for v in self.all(n)]

    def ints(self, n):
        out = []
        for k, wire, v in self.f:
            if k == n and wire == 0:
                out.append(v)
            elif k == n:
                at = 0
                while at < len(v):
                    x, at = uvarint(v, at)
                    out.append(x)
        return out

    def drop(self, n):
        self.f = [x for x in self.f if x[0] != n]
        return self

    def put(self, n, *values):
        """Replaces field n by these: ints, bytes, strings or messages."""
        self.drop(n)
        for v in values:
            self.add(n, v)
        return self

    def add(self, n, v):
        if isinstance(v, Msg):
            v = v.bytes()
        if isinstance(v, str):
            v = v.encode()
        self.f.append((n, 0 if isinstance(v, int) else 2, v))
        return self


def message(**fields):
    """message(_1=5, _2="x", _3=[a, b])"""
    m = Msg()
    for name, v in fields.items():
        for one in v if isinstance(v, list) else [v]:
            m.add(int(name[1:]), one)
    return m


def time_of(m):
    return m.i(1), m.i(2)


# ---- encryption ----

def _tables():
    exp, log, x = [0] * 512, [0] * 256, 1
    for i in range(255):
        exp[i] = exp[i + 255] = x
        log[x] = i
        x = x << 1 ^ x
        if x & 0x100:
            x ^= 0x11B
    box = []
    for v in range(256):
        inv = exp[255 - log[v]] if v else 0
        s = inv
        for k in range(1, 5):
            s ^= (inv << k | inv >> 8 - k) & 0xFF
        box.append(s ^ 0x63)
    return box, [[exp[log[v] + log[k]] if v else 0 for v in range(256)] for k in (2, 3)]


SBOX, (X2, X3) = _tables()


class Aes:
    def __init__(self, key):
        w = [list(key[i:i + 4]) for i in range(0, 32, 4)]
        rcon = 1
        for i in range(8, 60):
            t = list(w[-1])
            if i % 8 == 0:
                t = [SBOX[v] for v in t[1:] + t[:1]]
                t[0] ^= rcon
                rcon = X2[rcon]
            elif i % 8 == 4:
                t = [SBOX[v] for v in t]
            w.append([a ^ b for a, b in zip(w[-8], t)])
        self.rounds = [sum(w[i:i + 4], []) for i in range(0, 60, 4)]

    def block(self, b):
        s = [x ^ k for x, k in zip(b, self.rounds[0])]
        for r, key in enumerate(self.rounds[1:]):
            s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]
            if r < 13:
                o = []
                for c in range(0, 16, 4):
                    for i in range(4):
                        a, b1, c1, d = (s[c + (i + k) % 4] for k in range(4))
                        o.append(X2[a] ^ X3[b1] ^ c1 ^ d)
                s = o
            s = [x ^ k for x, k in zip(s, key)]
        return bytes(s)


def gcm_open(key, nonce, sealed):
    aes = Aes(key)
    h = int.from_bytes(aes.block(bytes(16)), "big")
    table = []
    for i in range(128):  # h times each power of x
        table.append(h)
        h = h >> 1 ^ (0xE1 << 120 if h & 1 else 0)
    body, tag = sealed[:-16], sealed[-16:]
    y = 0
    padded = body + bytes(-len(body) % 16) + struct.pack(">QQ", 0, 8 * len(body))
    for at in range(0, len(padded), 16):
        y ^= int.from_bytes(padded[at:at + 16], "big")
        z = 0
        for i in range(128):
            if y >> 127 - i & 1:
                z ^= table[i]
        y = z
    pad = int.from_bytes(aes.block(nonce + b"\0\0\0\1"), "big")
    need(hmac.compare_digest((y ^ pad).to_bytes(16, "big"), tag), "the GCM tag does not match")
    out = bytearray()
    for n, at in enumerate(range(0, len(body), 16)):
        stream = aes.block(nonce + struct.pack(">I", n + 2))
        out += bytes(a ^ b for a, b in zip(body[at:at + 16], stream))
    return bytes(out)


def key_of(info, passphrase):
    m = Msg(info)
    need(m.get(1) == 0 and len(m.b(2)) == 16, "encryption-info: scheme or salt")
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), m.b(2), 64000, 32)


def unsealed(b, key):
    if key is None:
        need(not b.startswith(b"encrypt"), "the file is encrypted")
        return b
    need(b[:8] == b"encrypt\1", "the file is not encrypted")
    return gcm_open(key, b[8:20], b[20:])


# ---- SST ----

def _crc32c_table():
    out = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        out.append(n)
    return out


CRC32C = _crc32c_table()


def crc32c(b):
    c = 0xFFFFFFFF
    for x in b:
        c = CRC32C[(c ^ x) & 0xFF] ^ c >> 8
    return c ^ 0xFFFFFFFF


def unsnappy(b):
    n, at = uvarint(b, 0)
    out = bytearray()
    while at < len(b):
        t = b[at]
        at += 1
        if t & 3 == 0:
            size = (t >> 2) + 1
            if size > 60:
                k = size - 60
                size = int.from_bytes(b[at:at + k], "little") + 1
                at += k
            out += b[at:at + size]
            at += size
            continue
        if t & 3 == 1:
            size, back = (t >> 2 & 7) + 4, t >> 5 << 8 | b[at]
            at += 1
        else:
            k = 2 if t & 3 == 2 else 4
            size, back = (t >> 2) + 1, int.from_bytes(b[at:at + k], "little")
            at += k
        need(0 < back <= len(out), "snappy: a copy from before the start")
        for _ in range(size):
            out.append(out[-back])
    need(len(out) == n, "snappy: a wrong length")
    return bytes(out)


MAGIC = bytes.fromhex("57fb808b247547db")


def block_at(b, handle):
    off, size = handle
    need(off + size + 5 <= len(b) - 48, "a block runs over the end")
    raw, kind = b[off:off + size], b[off + size]
    crc = struct.unpack("<I", b[off + size + 1:off + size + 5])[0]
    c = crc32c(b[off:off + size + 1])
    need(crc == ((c >> 15 | c << 17) + 0xA282EAD8) & 0xFFFFFFFF, "a block's CRC")
    need(kind in (0, 1), "compression type %d" % kind)
    return (unsnappy(raw) if kind == 1 else raw), kind


def entries(block, interval):
    """(key, value) of a block, whose restarts are checked; interval None: one restart in all."""
    n = struct.unpack("<I", block[-4:])[0]
    need(n >= 1 and len(block) >= 4 * n + 4, "restart count")
    restarts = list(struct.unpack("<%dI" % n, block[-4 - 4 * n:-4]))
    end, at, key, out, starts = len(block) - 4 - 4 * n, 0, b"", [], []
    while at < end:
        start = at
        shared, at = uvarint(block, at)
        fresh, at = uvarint(block, at)
        size, at = uvarint(block, at)
        need(shared <= len(key) and at + fresh + size <= end, "an entry runs over the end")
        if start in restarts:
            need(shared == 0, "a restart point with a shared prefix")
        if interval is None and not out or interval is not None and len(out) % interval == 0:
            starts.append(start)
        key = key[:shared] + block[at:at + fresh]
        out.append((key, block[at + fresh:at + fresh + size]))
        at += fresh + size
    need(restarts == (starts or [0]), "restart points")
    return out


def mvcc_split(k):
    """User key -> key, timestamp bytes."""
    n = k[-1]
    need(n in (9, 13) and len(k) > n, "a key without timestamp")
    need(k[-1 - n] == 0, "no zero before the timestamp")
    if n == 13:
        need(k[-5:-1] != b"\0\0\0\0", "a logical part of 0 is written")
    return k[:-1 - n], k[-n:-1]


def stamp(t):
    return int.from_bytes(t[:8], "big"), int.from_bytes(t[8:], "big") if len(t) > 8 else 0


PROPERTIES = {  # what every file of ours says; None: anything
    "rocksdb.comparator": b"cockroach_comparator", "rocksdb.merge.operator": b"nullptr",
    "rocksdb.compression": b"Snappy", "rocksdb.num.entries": None,
    "rocksdb.property.collectors": None, "rocksdb.external_sst_file.global_seqno": bytes(8),
    "rocksdb.external_sst_file.version": struct.pack("<I", 2), "crdb.ts.min": None,
    "crdb.ts.max": None,
}


def sst(b):
    """(key, (wall, logical), value) of every entry, after all that the container promises holds."""
    need(len(b) > 48 and b[-8:] == MAGIC, "no footer")
    foot = b[-48:]
    off, at = uvarint(foot, 0)
    size, at = uvarint(foot, at)
    meta = (off, size)
    off, at = uvarint(foot, at)
    size, at = uvarint(foot, at)
    need(at <= 40 and not any(foot[at:40]), "the footer's padding")
    index, _ = block_at(b, (off, size))
    names, kind = block_at(b, meta)
    need(kind == 0, "the metaindex is compressed")
    names = entries(names, 1)
    need([k for k, _ in names] == [b"rocksdb.properties"], "the metaindex")
    off, at = uvarint(names[0][1], 0)
    props, kind = block_at(b, (off, uvarint(names[0][1], at)[0]))
    need(kind == 0, "properties are compressed")
    pairs = entries(props, None)
    need([k for k, _ in pairs] == sorted(k for k, _ in pairs), "properties are not in order")
    props = {k.decode(): v for k, v in pairs}
    for name, want in PROPERTIES.items():
        need(name in props and want in (None, props[name]), "property %s" % name)
    out, last_key, last_time = [], None, None
    for bound, handle in entries(index, 1):
        off, at = uvarint(handle, 0)
        block, _ = block_at(b, (off, uvarint(handle, at)[0]))
        need(out == [] or before < (mvcc_part(entries(block, 16)[0][0])), "an index key")
        for k, v in entries(block, 16):
            need(k[-8:] == struct.pack("<Q", 1), "sequence 0, kind 1")
            key, t = mvcc_split(k[:-8])
            if last_key is not None:
                need(key > last_key or key == last_key and t < last_time, "keys are not in order")
            last_key, last_time = key, t
            out.append((key, stamp(t), v))
        before = mvcc_part(bound)
        need(before >= mvcc_order(last_key, last_time), "an index key is before its block's last")
    need(uvarint(props["rocksdb.num.entries"], 0)[0] == len(out) > 0, "the number of entries")
    times = [t for _, t, _ in out]
    need((stamp(props["crdb.ts.min"]), stamp(props["crdb.ts.max"])) == (min(times), max(times)),
         "the first and last time")
    return out


def put_block(pairs, interval):
    """The bytes of a block; interval None: one restart in all."""
    out, restarts, last = bytearray(), [0], b""
    for i, (k, v) in enumerate(pairs):
        shared = 0
        if interval is not None and i > 0 and i % interval == 0:
            restarts.append(len(out))
        elif i > 0:
            while shared < min(len(k), len(last)) and k[shared] == last[shared]:
                shared += 1
        out += put_uvarint(shared) + put_uvarint(len(k) - shared) + put_uvarint(len(v)) + k[shared:] + v
        last = k
    return bytes(out) + struct.pack("<%dI" % (len(restarts) + 1), *restarts, len(restarts))


def put_sst(entries, per_block=20):
    """A file without compression of (key, (wall, logical), value)."""
    out, index = bytearray(), []

    def store(block):
        handle = put_uvarint(len(out)) + put_uvarint(len(block))
        c = crc32c(block + b"\0")
        out.extend(block + b"\0" + struct.pack("<I", ((c >> 15 | c << 17) + 0xA282EAD8) & 0xFFFFFFFF))
        return handle

    def user_key(key, t):
        s = struct.pack(">Q", t[0]) + (struct.pack(">I", t[1]) if t[1] else b"")
        return key + b"\0" + s + bytes([len(s) + 1])

    entries = sorted(entries, key=lambda e: (e[0], -e[1][0], -e[1][1]))
    for i in range(0, len(entries), per_block):
        pairs = [(user_key(k, t) + struct.pack("<Q", 1), v) for k, t, v in entries[i:i + per_block]]
        index.append((pairs[-1][0], store(put_block(pairs, 16))))
    ends = store(put_block(index, 1))
    props = {"rocksdb.comparator": b"cockroach_comparator", "rocksdb.merge.operator": b"nullptr",
             "rocksdb.num.entries": put_uvarint(len(entries))}
    props = store(put_block(sorted((k.encode(), v) for k, v in props.items()), None))
    foot = store(put_block([(b"rocksdb.properties", props)], 1)) + ends
    return bytes(out) + foot + bytes(40 - len(foot)) + MAGIC


def mvcc_order(key, t):
    """What sorts as the comparator does: without a timestamp first, then later ones first."""
    return key, 0 if t is None else 1, bytes(255 - x for x in (t + bytes(12))[:12]) if t else b""


def mvcc_part(internal):
    k = internal[:-8]
    if k[-1] == 0:
        return mvcc_order(k[:-1], None)
    return mvcc_order(*mvcc_split(k))


# ---- keys and values ----

def key_uvarint(k, at):
    first = k[at]
    if first <= 0xF5:
        need(first >= 0x88, "not an unsigned number in a key")
        return first - 0x88, at + 1
    n = first - 0xF5
    return int.from_bytes(k[at + 1:at + 1 + n], "big"), at + 1 + n


def put_key_uvarint(v):
    if v <= 0x6D:
        return bytes([0x88 + v])
    b = v.to_bytes((v.bit_length() + 7) // 8, "big")
    return bytes([0xF5 + len(b)]) + b


def index_span(table, index):
    start = put_key_uvarint(table) + put_key_uvarint(index)
    end = bytearray(start)
    while end[-1] == 0xFF:
        end.pop()
    end[-1] += 1
    return start, bytes(end)


def row_of(key):
    """The key without its family."""
    need(key[-1] >= 0x88, "a key without family")
    return key[:-1 - (key[-1] - 0x88)]


def check_value(key, v):
    if v == b"":
        return
    need(len(v) >= 5, "a value of %d bytes" % len(v))
    want = struct.unpack(">I", v[:4])[0]
    if want != 0:
        need(want == (zlib.crc32(key + v[4:]) or 1), "a value's checksum")
    need(v[4] in (1, 2, 3, 4, 5, 6, 10, 11, 12), "a value's tag %d" % v[4])

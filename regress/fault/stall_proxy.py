"""A proxy before a PostgreSQL that stops forwarding, both ways and for all, and closes nothing.

    stall_proxy.py LISTEN_PORT PORT FILE

FILE says when, and is read again at every message from a client:

    pass          not at all; what was kept back goes on
    begin         once a transaction that takes the clock has been passed on
    half          in the midst of a commit that writes the text "stall-here"
    answer        once such a commit has been passed on
    swallow-half, swallow-answer
                  the same, but for that connection alone, for ever; and what comes from the client is taken, as if it
                  went on

FILE.stalled comes into being with it.
"""
import asyncio
import os
import sys

LISTEN, PORT, FILE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
MARK = b"stall-here"
flowing = asyncio.Event()


def mode():
    with open(FILE) as f:
        return f.read().strip()


def cut(data):
    """How much of it still goes through; None: nothing special."""
    m = mode()
    if m == "begin" and b"FOR UPDATE" in data and b"idle_in_transaction" in data:
        return len(data)
    if MARK in data and b"amberdb_notes" in data:
        if m.endswith("half"):
            return data.index(MARK) + 3
        if m.endswith("answer"):
            return len(data)
    return None


async def swallow(reader, swallowed):
    swallowed.set()
    open(FILE + ".stalled", "w").close()
    while await reader.read(1 << 20):
        pass


async def pump(reader, writer, from_client, swallowed):
    try:
        while True:
            data = await reader.read(1 << 20)
            await flowing.wait()
            if swallowed.is_set():
                return
            if not data:
                break
            n = cut(data) if from_client else None
            if n is not None:
                writer.write(data[:n])
                await writer.drain()
                if mode().startswith("swallow"):
                    await swallow(reader, swallowed)
                    return
                flowing.clear()
                open(FILE + ".stalled", "w").close()
                await flowing.wait()
                data = data[n:]
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def connected(reader, writer):
    await flowing.wait()
    try:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", PORT)
    except OSError:
        writer.close()
        return
    swallowed = asyncio.Event()
    await asyncio.gather(pump(reader, up_writer, True, swallowed), pump(up_reader, writer, False, swallowed))


async def main():
    flowing.set()
    await asyncio.start_server(connected, "127.0.0.1", LISTEN)
    while True:
        await asyncio.sleep(0.05)
        if not flowing.is_set() and mode() == "pass":
            os.unlink(FILE + ".stalled")
            flowing.set()


asyncio.run(main())

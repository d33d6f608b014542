# regress/clients/tap.py - what the Python clients share: TAP lines, and running into a conflict.
import sys
import traceback

_n = 0
_failed = 0


def same(name, got, want):
    global _n, _failed
    _n += 1
    if got == want and type(got) == type(want):
        print("ok %d - %s" % (_n, name))
    else:
        _failed += 1
        print("not ok %d - %s\n#   expected %r\n#   got      %r" % (_n, name, want, got))


def run(body):
    try:
        body()
    except Exception:
        global _failed
        _failed += 1
        print("not ok - ended early")
        for line in traceback.format_exc().splitlines():
            print("# " + line)
    print("1..%d" % _n)
    sys.exit(1 if _failed else 0)

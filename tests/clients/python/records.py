"""The records that every program of tests/clients writes: record n of a topic is the same in each language.

partition  n mod 3
key        null for n mod 7 = 0, else "key-n"
value      null for n mod 11 = 0 with a key, empty for n mod 13 = 0, else "value-n-", a letter n*37 mod 400 times, bytes 0 and 255
headers    n mod 4 of them: h0 "n", h1 empty, h0 again "n"
timestamp  base time + n
"""
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
PARTITIONS = 3


def partition(n): return n % PARTITIONS


def key(n): return None if n % 7 == 0 else b"key-%d" % n


def value(n):
    if n % 11 == 0 and n % 7 != 0:
        return None
    if n % 13 == 0:
        return b""
    return b"value-%d-" % n + bytes([97 + n % 26]) * (n * 37 % 400) + b"\x00\xff"


def headers(n):
    return [("h0", b"%d" % n), ("h1", b""), ("h0", b"%d" % n)][: n % 4]


def numbers(p, count):
    """Record numbers of a partition, in the order they were written."""
    return range(p, count, PARTITIONS)


class Different(Exception):
    """What was read is not what was written."""


class Check:
    """Compares the records of one topic, as they are read, with what was written."""

    def __init__(self, topic, count, base_time):
        self.topic, self.base_time, self.count = topic, base_time, count
        self.want = {p: list(numbers(p, count)) for p in range(PARTITIONS)}
        self.next = {p: 0 for p in range(PARTITIONS)}
        self.left = count

    def ends(self, ends):
        """The broker's end offsets: nothing twice, nothing missing."""
        want = {p: len(w) for p, w in self.want.items()}
        if ends != want:
            raise Different(f"{self.topic}: end offsets {ends}, {want} were written")

    def record(self, p, offset, timestamp, got_key, got_value, got_headers):
        at, self.next[p] = self.next[p], self.next[p] + 1
        if at >= len(self.want[p]):
            raise Different(f"{self.topic}-{p}: a record too many at offset {offset}")
        n = self.want[p][at]
        got = (offset, timestamp, got_key, got_value, [(k, v) for k, v in got_headers])
        want = (at, self.base_time + n, key(n), value(n), headers(n))
        for what, g, w in zip(("offset", "timestamp", "key", "value", "headers"), got, want):
            if g != w:
                raise Different(f"{self.topic}-{p}@{offset}: {what} of record {n} is {g!r}, {w!r} was written")
        self.left -= 1

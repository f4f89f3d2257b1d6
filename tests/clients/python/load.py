"""An idempotent producer under load, and the reader of what it left, with confluent-kafka (librdkafka).

    load.py write BOOTSTRAP TOPIC PARTITIONS     until standard input ends; then everything is flushed
    load.py read BOOTSTRAP TOPIC PARTITIONS      from the first offset to the end of each partition

Lines out: "A partition offset number" (acknowledged), "E partition number reason" (given up), "M number" (answer to a
line on standard input: the first record number that is not handed to the client yet), "R partition offset number" (read,
its value verified), "BAD ..." (read, but not what was written), "DONE". Record n goes to partition n mod PARTITIONS, has the key n and the
value "n:" and a letter 50 + n*31 mod 200 times.
"""
import queue, sys, threading

OUTSTANDING = 500
LIMIT_SECONDS = 120


def say(*words): print(*words, flush=True)


def value(n): return b"%d:" % n + bytes([97 + n % 26]) * (50 + n * 31 % 200)


def write(bootstrap, topic, partitions):
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 1, "batch.size": 16384,
                         "message.timeout.ms": LIMIT_SECONDS * 1000, "reconnect.backoff.max.ms": 1000, "log_level": 0})
    lines, ended = queue.Queue(), threading.Event()

    def listen():
        for line in sys.stdin:
            lines.put(line.strip())
        ended.set()
        lines.put("")
    threading.Thread(target=listen, daemon=True).start()

    outstanding = 0

    def report(n):
        def done(error, message):
            nonlocal outstanding
            outstanding -= 1
            say("E", n % partitions, n, error) if error else say("A", message.partition(), message.offset(), n)
        return done

    n = 0
    while not ended.is_set():
        while not lines.empty():
            lines.get()
            say("M", n)
        if outstanding >= OUTSTANDING:
            producer.poll(0.05)
            continue
        producer.produce(topic, value(n), b"%d" % n, n % partitions, on_delivery=report(n))
        outstanding, n = outstanding + 1, n + 1
        producer.poll(0)
    producer.flush(LIMIT_SECONDS)
    say("DONE")


def read(bootstrap, topic, partitions):
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False, "check.crcs": True,
                         "enable.partition.eof": False})
    parts = [TopicPartition(topic, p, 0) for p in range(partitions)]
    bounds = {p.partition: consumer.get_watermark_offsets(p, LIMIT_SECONDS) for p in parts}
    left = {p: high - low for p, (low, high) in bounds.items() if low < high}
    consumer.assign([TopicPartition(topic, p, bounds[p][0]) for p in left])
    while left:
        messages = consumer.consume(min(500, sum(left.values())), 30)
        if not messages:
            sys.exit(f"BAD records of partitions {left} do not come")
        for m in messages:
            if m.error():
                sys.exit(f"BAD {m.error()}")
            n = int(m.key())
            if m.value() != value(n):
                sys.exit(f"BAD value at {m.partition()}@{m.offset()}: {m.value()!r}")
            print("R", m.partition(), m.offset(), n)
            if m.partition() in left:
                left[m.partition()] = bounds[m.partition()][1] - m.offset() - 1
            if left.get(m.partition(), 1) <= 0:
                del left[m.partition()]
    consumer.close()
    say("DONE")


if __name__ == "__main__":
    action, bootstrap, topic, partitions = sys.argv[1:]
    {"write": write, "read": read}[action](bootstrap, topic, int(partitions))

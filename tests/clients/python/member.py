"""A member of a consumer group, told what to do on standard input.

    member.py CLIENT BOOTSTRAP GROUP TOPIC INSTANCE SESSION_MS     CLIENT is confluent or kafka-python; INSTANCE - is a dynamic member

The environment variable GROUP_PROTOCOL=consumer asks for the protocol of KIP-848 (confluent only; session and heartbeats are the broker's then).

Lines in: "commit" (what was read), "commit PARTITION OFFSET", "hold" (does nothing until the next line: it does not poll),
"ping"; when standard input ends, the member leaves. Lines out: "ASSIGNED 0,1" (all that it has after a rebalance; "-" for
nothing), "READ partition offset", "COMMITTED" or "REFUSED reason" for each commit, "HELD", "PONG", "DONE".
"""
import os, queue, sys, threading

LIMIT_SECONDS = 60
HEARTBEAT_MS = 500


def say(*words): print(*words, flush=True)


def assigned(partitions): say("ASSIGNED", ",".join(map(str, sorted(partitions))) or "-")


class Confluent:
    """confluent-kafka: librdkafka."""

    def __init__(self, bootstrap, group, topic, instance, session_ms):
        from confluent_kafka import Consumer, TopicPartition
        self.topic, self.part, self.has = topic, TopicPartition, set()
        settings = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                    "reconnect.backoff.max.ms": 500}
        if instance != "-":
            settings["group.instance.id"] = instance
        if os.environ.get("GROUP_PROTOCOL") == "consumer":
            self.consumer = Consumer(settings | {"group.protocol": "consumer"})
            self.consumer.subscribe([topic], on_assign=lambda _, parts: self.change(self.has.union, parts),
                                    on_revoke=lambda _, parts: self.change(self.has.difference, parts))
            return
        self.consumer = Consumer(settings | {"session.timeout.ms": session_ms, "heartbeat.interval.ms": HEARTBEAT_MS})
        self.consumer.subscribe([topic], on_assign=lambda _, parts: assigned(p.partition for p in parts))

    def change(self, how, parts):
        """Partitions come or go, one step at a time."""
        self.has = how({p.partition for p in parts})
        assigned(self.has)

    def poll(self):
        for m in self.consumer.consume(500, 0.1):
            if not m.error():
                say("READ", m.partition(), m.offset())

    def commit(self, place):
        offsets = [self.part(self.topic, *place)] if place else None
        done = self.consumer.commit(offsets=offsets, asynchronous=False)
        for part in done:
            if part.error:
                raise RuntimeError(part.error)

    def close(self): self.consumer.close()


class KafkaPython:
    """kafka-python: a protocol implementation of its own."""

    def __init__(self, bootstrap, group, topic, instance, session_ms):
        from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
        from kafka.structs import OffsetAndMetadata
        self.topic, self.part, self.offset = topic, TopicPartition, OffsetAndMetadata
        self.consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, session_timeout_ms=session_ms, auto_offset_reset="earliest",
                                      heartbeat_interval_ms=HEARTBEAT_MS, enable_auto_commit=False,
                                      group_instance_id=None if instance == "-" else instance)

        class Listener(ConsumerRebalanceListener):
            def on_partitions_revoked(self, revoked): pass

            def on_partitions_assigned(self, parts): assigned(p.partition for p in parts)
        # A leader that does not know the topic yet assigns nothing, and looks again after minutes only.
        while not self.consumer.partitions_for_topic(topic): pass
        self.consumer.subscribe([topic], listener=Listener())

    def poll(self):
        for part, messages in self.consumer.poll(100).items():
            for m in messages:
                say("READ", part.partition, m.offset)

    def commit(self, place):
        offsets = {self.part(self.topic, place[0]): self.offset(place[1], "", -1)} if place else None
        self.consumer.commit(offsets, timeout_ms=LIMIT_SECONDS * 1000)

    def close(self): self.consumer.close(autocommit=False)


def main(name, bootstrap, group, topic, instance, session_ms):
    member = {"confluent": Confluent, "kafka-python": KafkaPython}[name](bootstrap, group, topic, instance, int(session_ms))
    lines = queue.Queue()

    def listen():
        for line in sys.stdin:
            lines.put(line.split())
        lines.put(["close"])
    threading.Thread(target=listen, daemon=True).start()

    held = False
    while True:
        if not held and lines.empty():
            member.poll()
            continue
        word, *rest = lines.get()
        held = word == "hold"
        if word == "close":
            break
        if word == "commit":
            try:
                member.commit([int(number) for number in rest])
                say("COMMITTED")
            except Exception as error:
                say("REFUSED", str(error).replace("\n", " "))
        else:
            say({"hold": "HELD", "ping": "PONG"}[word])
    member.close()
    say("DONE")


if __name__ == "__main__":
    main(*sys.argv[1:])

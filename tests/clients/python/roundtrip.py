"""Round trip through a Python client: creates one topic per codec, writes records, reads them by assignment, compares.

    roundtrip.py CLIENT ACTION BOOTSTRAP PREFIX RECORDS BASE_TIME

CLIENT is confluent or kafka-python; ACTION is both, write or read; topics are PREFIX-CODEC, RECORDS are divided among
them. Exit status 1 with one line that names the first difference.
"""
import sys

import records
from records import CODECS, PARTITIONS, Check, Different

LIMIT_SECONDS = 60


class Confluent:
    """confluent-kafka: librdkafka."""

    def __init__(self, bootstrap):
        from confluent_kafka.admin import AdminClient
        self.bootstrap, self.admin = bootstrap, AdminClient({"bootstrap.servers": bootstrap})

    def create(self, topic):
        from confluent_kafka.admin import NewTopic
        for created in self.admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
            created.result(LIMIT_SECONDS)

    def write(self, topic, codec, count, base_time):
        from confluent_kafka import Producer
        failed = []
        producer = Producer({"bootstrap.servers": self.bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 5,
                             "compression.type": codec, "topic.metadata.refresh.interval.ms": 1000})
        report = lambda error, message: failed.append(str(error)) if error else None
        for n in range(count):
            producer.produce(topic, records.value(n), records.key(n), records.partition(n), on_delivery=report,
                             timestamp=base_time + n, headers=records.headers(n))
            producer.poll(0)
        if producer.flush(LIMIT_SECONDS) or failed:
            raise Different(f"{topic}: not everything was acknowledged: {failed[:3]}")

    def read(self, topic, check):
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "none", "enable.auto.commit": False, "check.crcs": True})
        parts = [TopicPartition(topic, p, 0) for p in range(PARTITIONS)]
        ends = {p.partition: consumer.get_watermark_offsets(p, LIMIT_SECONDS)[1] for p in parts}
        check.ends(ends)
        consumer.assign(parts)
        while check.left:
            messages = consumer.consume(min(check.left, 500), LIMIT_SECONDS)
            if not messages:
                raise Different(f"{topic}: {check.left} records do not come")
            for m in messages:
                if m.error():
                    raise Different(f"{topic}: {m.error()}")
                check.record(m.partition(), m.offset(), m.timestamp()[1], m.key(), m.value(), m.headers() or [])
        consumer.close()


class KafkaPython:
    """kafka-python: a protocol implementation of its own."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    def create(self, topic):
        from kafka.admin import KafkaAdminClient
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.create_topics({topic: {"num_partitions": PARTITIONS, "replication_factor": 1}}, timeout_ms=LIMIT_SECONDS * 1000)
        admin.close()

    def write(self, topic, codec, count, base_time):
        from kafka import KafkaProducer
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, acks="all", enable_idempotence=True, linger_ms=5,
                                 compression_type=None if codec == "none" else codec)
        sent = [producer.send(topic, records.value(n), records.key(n), records.headers(n), records.partition(n), base_time + n)
                for n in range(count)]
        producer.flush(LIMIT_SECONDS)
        for future in sent:
            future.get(LIMIT_SECONDS)
        producer.close()

    def read(self, topic, check):
        from kafka import KafkaConsumer, TopicPartition
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False, check_crcs=True)
        parts = [TopicPartition(topic, p) for p in range(PARTITIONS)]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        check.ends({part.partition: end for part, end in consumer.end_offsets(parts).items()})
        while check.left:
            polled = consumer.poll(LIMIT_SECONDS * 1000, check.left)
            if not polled:
                raise Different(f"{topic}: {check.left} records do not come")
            for part, messages in polled.items():
                for m in messages:
                    check.record(part.partition, m.offset, m.timestamp, m.key, m.value, m.headers)
        consumer.close()


def main(name, action, bootstrap, prefix, count, base_time):
    client = {"confluent": Confluent, "kafka-python": KafkaPython}[name](bootstrap)
    per_topic = int(count) // len(CODECS)
    for codec in CODECS:
        topic = f"{prefix}-{codec}"
        if action in ("both", "write"):
            client.create(topic)
            client.write(topic, codec, per_topic, int(base_time))
        if action in ("both", "read"):
            client.read(topic, Check(topic, per_topic, int(base_time)))
    print(f"{name}: {per_topic * len(CODECS)} records equal and in order")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Different as difference:
        sys.exit(f"DIFFERENT {difference}")

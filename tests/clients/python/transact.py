"""A producer of transactions, told what to do on standard input, and a reader of what is there.

    transact.py CLIENT write BOOTSTRAP ID TIMEOUT_MS              CLIENT is confluent or kafka-python
    transact.py CLIENT see BOOTSTRAP TOPIC PARTITION ISOLATION    ISOLATION is read_committed or read_uncommitted
    transact.py confluent after-abort BOOTSTRAP TOPIC GROUP
    transact.py CLIENT committed BOOTSTRAP GROUP TOPIC PARTITION

The environment variable PATIENCE_MS says how long it waits for an answer.

Lines in: "begin", "send TOPIC PARTITION VALUE", "offsets GROUP TOPIC PARTITION OFFSET", "commit", "abort". Lines out: "READY" once it has
its producer, then for each line "OK", "FENCED reason" or "FAILED reason"; "DONE" when standard input has ended. A reader prints
"V value" for each record and "END offset" at the end that its isolation shows. After an abort: "STANDS offset" is where a consumer stands whose
transaction was aborted, "BACK offset" where it stands when it has gone back to what is committed.
"V value" for each record and "END offset" at the end that its isolation shows; what a group has committed is "C partition offset", if anything.
"""
import os, sys

LIMIT_SECONDS = 60
PATIENCE_MS = int(os.environ.get("PATIENCE_MS", "30000"))


def say(*words): print(*words, flush=True)


class Confluent:
    """confluent-kafka: librdkafka."""

    def __init__(self, bootstrap, name, timeout_ms):
        from confluent_kafka import Consumer, Producer, TopicPartition
        self.bootstrap, self.part, self.consumer = bootstrap, TopicPartition, Consumer
        self.producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name, "transaction.timeout.ms": timeout_ms,
                                  "message.timeout.ms": min(timeout_ms, 60_000), "linger.ms": 0, "socket.timeout.ms": min(PATIENCE_MS, timeout_ms)})
        self.producer.init_transactions(LIMIT_SECONDS)

    def begin(self): self.producer.begin_transaction()

    def send(self, topic, partition, value):
        errors = []
        self.producer.produce(topic, value.encode(), partition=int(partition), on_delivery=lambda error, _: errors.append(error))
        self.producer.flush(LIMIT_SECONDS)
        if errors != [None]:
            raise RuntimeError(errors)

    def offsets(self, group, topic, partition, offset):
        consumer = self.consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        place = [self.part(topic, int(partition), int(offset))]
        self.producer.send_offsets_to_transaction(place, consumer.consumer_group_metadata(), LIMIT_SECONDS)
        consumer.close()

    def commit(self): self.producer.commit_transaction(LIMIT_SECONDS)

    def abort(self): self.producer.abort_transaction(LIMIT_SECONDS)

    def after_abort(self, topic, group):
        consumer = self.consumer({"bootstrap.servers": self.bootstrap, "group.id": group, "enable.partition.eof": True, "auto.offset.reset": "earliest",
                                  "enable.auto.commit": False})
        place = self.part(topic, 0)
        consumer.assign([place])
        while not consumer.poll(LIMIT_SECONDS).error():
            pass
        self.producer.begin_transaction()
        self.producer.send_offsets_to_transaction(consumer.position([place]), consumer.consumer_group_metadata(), LIMIT_SECONDS)
        self.abort()
        say("STANDS", consumer.position([place])[0].offset)
        [committed] = consumer.committed([place], LIMIT_SECONDS)
        consumer.seek(self.part(topic, 0, max(committed.offset, 0)))
        say("BACK", consumer.poll(LIMIT_SECONDS).offset())

    @staticmethod
    def see(bootstrap, topic, partition, isolation):
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "see", "isolation.level": isolation, "enable.partition.eof": True,
                             "auto.offset.reset": "earliest", "enable.auto.commit": False})
        consumer.assign([TopicPartition(topic, partition, 0)])
        while True:
            message = consumer.poll(LIMIT_SECONDS)
            if message.error():
                return message.offset()
            say("V", message.value().decode())

    @staticmethod
    def committed(bootstrap, group, topic, partition):
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
        return consumer.committed([TopicPartition(topic, partition)], LIMIT_SECONDS)[0].offset


class KafkaPython:
    """kafka-python: a protocol implementation of its own."""

    def __init__(self, bootstrap, name, timeout_ms):
        from kafka import KafkaProducer, TopicPartition
        from kafka.structs import OffsetAndMetadata
        self.part, self.offset = TopicPartition, OffsetAndMetadata
        self.producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=name, transaction_timeout_ms=timeout_ms, request_timeout_ms=PATIENCE_MS)
        self.producer.init_transactions()

    def begin(self): self.producer.begin_transaction()

    def send(self, topic, partition, value): self.producer.send(topic, value.encode(), partition=int(partition)).get(LIMIT_SECONDS)

    def offsets(self, group, topic, partition, offset):
        self.producer.send_offsets_to_transaction({self.part(topic, int(partition)): self.offset(int(offset), "", -1)}, group)

    def commit(self): self.producer.commit_transaction()

    def abort(self): self.producer.abort_transaction()

    @staticmethod
    def see(bootstrap, topic, partition, isolation):
        from kafka import KafkaConsumer, TopicPartition
        part = TopicPartition(topic, partition)
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, isolation_level=isolation, enable_auto_commit=False)
        consumer.assign([part])
        consumer.seek_to_beginning(part)
        end = consumer.end_offsets([part])[part]
        while consumer.position(part) < end:
            for messages in consumer.poll(1_000).values():
                for message in messages:
                    say("V", message.value.decode())
        return end

    @staticmethod
    def committed(bootstrap, group, topic, partition):
        from kafka import KafkaConsumer, TopicPartition
        offset = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False).committed(TopicPartition(topic, partition))
        return -1 if offset is None else offset


FENCED = ("FENCED", "INVALIDPRODUCEREPOCH", "INVALID_PRODUCER_EPOCH", "PRODUCERFENCED")


def main(client, action, bootstrap, *rest):
    client = {"confluent": Confluent, "kafka-python": KafkaPython}[client]
    if action == "see":
        topic, partition, isolation = rest
        say("END", client.see(bootstrap, topic, int(partition), isolation))
        return
    if action == "after-abort":
        topic, group = rest
        client(bootstrap, group, 60_000).after_abort(topic, group)
        return
    if action == "committed":
        group, topic, partition = rest
        offset = client.committed(bootstrap, group, topic, int(partition))
        if offset >= 0:
            say("C", partition, offset)
        return
    name, timeout_ms = rest
    producer = client(bootstrap, name, int(timeout_ms))
    say("READY")
    for line in sys.stdin:
        word, *arguments = line.split()
        try:
            getattr(producer, word)(*arguments)
            say("OK")
        except Exception as error:
            reason = f"{type(error).__name__} {error}".replace("\n", " ")
            is_fenced = any(word in reason.upper() for word in FENCED)
            say("FENCED" if is_fenced else "FAILED", reason)
    say("DONE")


if __name__ == "__main__":
    main(*sys.argv[1:])

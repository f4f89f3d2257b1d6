"""A pipeline from topic to topic over confluent-kafka (librdkafka): reads in a group, writes each record to the same partition of the output,
and commits both, or neither, in a transaction of up to ten records. One in four is aborted.

    pipe.py BOOTSTRAP ID INPUT OUTPUT COUNT SEED     ID is the transactional id and the group

Lines in: each begins a transaction; at the end of standard input it goes on until COUNT records are through. Lines out: "SENDING", "ENDING", and
"COMMITTED" or "ABORTED" for each transaction, "DONE" when all are through.
"""
import random, sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

LIMIT_SECONDS = 60
BATCH = 10


def say(word): print(word, flush=True)


class Pipe:
    def __init__(self, bootstrap, name, source, sink):
        self.sink = sink
        # After a rebootstrap librdkafka 2.16 hangs in send_offsets_to_transaction (librdkafka#5511).
        common = {"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 500, "metadata.recovery.strategy": "none"}
        self.consumer = Consumer(common | {"group.id": name, "isolation.level": "read_committed", "auto.offset.reset": "earliest",
                                           "enable.auto.commit": False})
        self.consumer.subscribe([source])
        self.producer = Producer(common | {"transactional.id": name, "linger.ms": 0})
        self.producer.init_transactions(LIMIT_SECONDS)

    def poll(self):
        while True:
            # Errors are told here, too: that the broker is away, for one.
            messages = [message for message in self.consumer.consume(BATCH, 1.0) if not message.error()]
            if messages:
                return messages

    def send(self, messages):
        for message in messages:
            self.producer.produce(self.sink, message.value(), partition=message.partition())
        say("SENDING")
        # An abort with messages on their way hangs when the connection breaks: they are neither sent again nor given up.
        self.producer.flush(LIMIT_SECONDS)
        ends = {message.partition(): message.offset() + 1 for message in messages}
        ends = [TopicPartition(messages[0].topic(), partition, end) for partition, end in ends.items()]
        metadata = self.consumer.consumer_group_metadata()
        self.until_done(lambda: self.producer.send_offsets_to_transaction(ends, metadata, LIMIT_SECONDS))

    @staticmethod
    def until_done(act):
        """As the manual of librdkafka says: what may be tried again is."""
        while True:
            try:
                return act()
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise

    def abort(self):
        self.until_done(lambda: self.producer.abort_transaction(LIMIT_SECONDS))
        for part in self.consumer.committed(self.consumer.assignment(), LIMIT_SECONDS):
            self.consumer.seek(TopicPartition(part.topic, part.partition, max(part.offset, 0)))

    def run(self, commit):
        """Does one transaction; returns how many records were committed."""
        messages = self.poll()
        self.producer.begin_transaction()
        try:
            self.send(messages)
            say("ENDING")
            if commit:
                self.until_done(lambda: self.producer.commit_transaction(LIMIT_SECONDS))
                say("COMMITTED")
                return len(messages)
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
        self.abort()
        say("ABORTED")
        return 0


def main(bootstrap, name, source, sink, count, seed):
    pipe, draw, done = Pipe(bootstrap, name, source, sink), random.Random(int(seed)), 0
    while done < int(count):
        sys.stdin.readline()  # at its end: go on
        done += pipe.run(draw.randrange(4) > 0)
    say("DONE")


if __name__ == "__main__":
    main(*sys.argv[1:])

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A producer of transactions over Kafka's Java client, told what to do on standard input, and a reader of what is there; the lines are those of
 * ../python/transact.py.
 *
 * <pre>
 * write BOOTSTRAP ID TIMEOUT_MS
 * see BOOTSTRAP TOPIC PARTITION ISOLATION
 * after-abort BOOTSTRAP TOPIC GROUP
 * </pre>
 */
public final class Transact {
    public static void main(String[] a) throws Exception {
        if (a[0].equals("see")) see(a[1], a[2], Integer.parseInt(a[3]), a[4]);
        else if (a[0].equals("after-abort")) afterAbort(a[1], a[2], a[3]);
        else transact(a[1], a[2], Integer.parseInt(a[3]));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void say(String format, Object... args) {
        System.out.printf(format + "%n", args);
        System.out.flush();
    }

    static void transact(String bootstrap, String id, int timeoutMs) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "transactional.id", id, "transaction.timeout.ms", timeoutMs, "max.block.ms", 60000,
                "delivery.timeout.ms", Math.max(timeoutMs, 30000), "request.timeout.ms", Math.min(timeoutMs, Integer.parseInt(System.getenv().getOrDefault("PATIENCE_MS", "30000"))), "reconnect.backoff.max.ms", 500);
        var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        producer.initTransactions();
        say("READY");
        for (String line : (Iterable<String>) new BufferedReader(new InputStreamReader(System.in)).lines()::iterator) {
            try {
                step(producer, line.split(" "));
                say("OK");
            } catch (Exception error) {
                Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
                boolean isFenced = cause instanceof ProducerFencedException || cause instanceof InvalidProducerEpochException
                        || cause.getCause() instanceof InvalidProducerEpochException || cause.getCause() instanceof ProducerFencedException;
                say("%s %s", isFenced ? "FENCED" : "FAILED", cause.toString().replace('\n', ' '));
            }
        }
        // It may have a transaction open that cannot be ended.
        producer.close(Duration.ZERO);
        say("DONE");
    }

    static void step(KafkaProducer<byte[], byte[]> producer, String[] words) throws Exception {
        switch (words[0]) {
            case "begin" -> producer.beginTransaction();
            case "send" -> producer.send(new ProducerRecord<>(words[1], Integer.parseInt(words[2]), null, bytes(words[3]))).get();
            case "offsets" -> producer.sendOffsetsToTransaction(
                    Map.of(new TopicPartition(words[2], Integer.parseInt(words[3])), new OffsetAndMetadata(Long.parseLong(words[4]))),
                    new ConsumerGroupMetadata(words[1]));
            case "commit" -> producer.commitTransaction();
            case "abort" -> producer.abortTransaction();
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    /** Reads partition 0 to its end, commits that in a transaction and aborts it: where does the consumer stand, and where after it has gone back? */
    static void afterAbort(String bootstrap, String topic, String group) {
        Map<String, Object> reads = Map.of("bootstrap.servers", bootstrap, "group.id", group, "enable.auto.commit", false, "isolation.level", "read_committed", "auto.offset.reset", "earliest");
        Map<String, Object> writes = Map.of("bootstrap.servers", bootstrap, "transactional.id", group);
        TopicPartition part = new TopicPartition(topic, 0);
        try (var consumer = new KafkaConsumer<>(reads, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                var producer = new KafkaProducer<>(writes, new ByteArraySerializer(), new ByteArraySerializer())) {
            consumer.assign(List.of(part));
            producer.initTransactions();
            long end = consumer.endOffsets(List.of(part)).get(part);
            while (consumer.position(part) < end) consumer.poll(Duration.ofSeconds(1)).forEach(record -> {});
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(Map.of(part, new OffsetAndMetadata(end)), consumer.groupMetadata());
            producer.abortTransaction();
            say("STANDS %d", consumer.position(part));
            OffsetAndMetadata committed = consumer.committed(java.util.Set.of(part)).get(part);
            if (committed == null) consumer.seekToBeginning(List.of(part));
            else consumer.seek(part, committed);
            say("BACK %d", consumer.position(part));
        }
    }

    static void see(String bootstrap, String topic, int partition, String isolation) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false, "isolation.level", isolation);
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition part = new TopicPartition(topic, partition);
            long end = consumer.endOffsets(List.of(part)).get(part);
            consumer.assign(List.of(part));
            consumer.seekToBeginning(List.of(part));
            while (consumer.position(part) < end)
                consumer.poll(Duration.ofSeconds(1)).forEach(record -> say("V %s", new String(record.value(), StandardCharsets.UTF_8)));
            say("END %d", end);
        }
    }
}

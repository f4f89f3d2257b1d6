package highwater.facts;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogKey;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogValue;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogValueJsonConverter;
import org.apache.kafka.storage.internals.log.AbortedTxn;
import org.apache.kafka.storage.internals.log.TransactionIndex;

/**
 * Writes what a running node of Kafka stored of transactions (golden/transactions/README.md): the records of
 * `__transaction_state` in order, by transactional id, and the files of aborted transactions. Arguments: the broker's port on
 * 127.0.0.1, its data directory, the folder to write.
 */
public final class StateRecorder {
    private static final String TOPIC = "__transaction_state";
    /** Ids whose epochs run out: only the last records are of interest. */
    private static final String MANY = "exhausted";
    private static final int OF_MANY = 14;

    public static void main(String[] args) throws Exception {
        Path to = Path.of(args[2]);
        StringBuilder state = new StringBuilder("# Written by `cargo xtask kafka-record transaction-state`.\n");
        records(args[0]).forEach((id, records) -> {
            int from = id.startsWith(MANY) ? Math.max(0, records.size() - OF_MANY) : 0;
            records.subList(from, records.size()).forEach(record -> state.append(line(id, record)));
        });
        Files.writeString(to.resolve("state.txt"), state);
        Files.writeString(to.resolve("indexes.txt"), indexes(Path.of(args[1])));
    }

    private static Map<String, List<ConsumerRecord<byte[], byte[]>>> records(String port) {
        Map<String, Object> settings = Map.of("bootstrap.servers", "127.0.0.1:" + port, "auto.offset.reset", "earliest");
        var bytes = new ByteArrayDeserializer();
        Map<String, List<ConsumerRecord<byte[], byte[]>>> found = new TreeMap<>();
        try (var consumer = new KafkaConsumer<>(settings, bytes, bytes)) {
            List<TopicPartition> all = consumer.partitionsFor(TOPIC).stream()
                .map(info -> new TopicPartition(TOPIC, info.partition())).toList();
            consumer.assign(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            while (all.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    found.computeIfAbsent(id(record.key()), id -> new ArrayList<>()).add(record);
                }
            }
        }
        return found;
    }

    private static String id(byte[] key) {
        ByteBuffer bytes = ByteBuffer.wrap(key);
        return new TransactionLogKey(new ByteBufferAccessor(bytes), bytes.getShort()).transactionalId();
    }

    private static String line(String id, ConsumerRecord<byte[], byte[]> record) {
        String key = HexFormat.of().formatHex(record.key());
        if (record.value() == null) {
            return id + ' ' + key + " - -\n";
        }
        ByteBuffer bytes = ByteBuffer.wrap(record.value());
        short version = bytes.getShort();
        var value = new TransactionLogValue(new ByteBufferAccessor(bytes), version);
        String json = TransactionLogValueJsonConverter.write(value, version).toString();
        return id + ' ' + key + ' ' + HexFormat.of().formatHex(record.value()) + ' ' + json + '\n';
    }

    /** The files that hold something: a line with all bytes, then one per aborted transaction in it. */
    private static String indexes(Path data) throws Exception {
        StringBuilder out = new StringBuilder("# Written by `cargo xtask kafka-record transaction-state`.\n");
        try (Stream<Path> walk = Files.walk(data)) {
            for (Path file : walk.filter(f -> f.toString().endsWith(".txnindex")).sorted().toList()) {
                if (Files.size(file) > 0) {
                    out.append("file ").append(data.relativize(file)).append(' ');
                    out.append(HexFormat.of().formatHex(Files.readAllBytes(file))).append('\n');
                    aborted(out, file);
                }
            }
        }
        return out.toString();
    }

    private static void aborted(StringBuilder out, Path file) throws Exception {
        try (TransactionIndex index = new TransactionIndex(0, file.toFile())) {
            for (AbortedTxn entry : index.allAbortedTxns()) {
                out.append("aborted ").append(entry.version()).append(' ').append(entry.producerId()).append(' ')
                    .append(entry.firstOffset()).append(' ').append(entry.lastOffset()).append(' ')
                    .append(entry.lastStableOffset()).append('\n');
            }
        }
    }
}

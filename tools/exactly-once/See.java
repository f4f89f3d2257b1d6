import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads what is committed in topics, up to their ends, with Kafka's consumer.
 *
 * <pre>
 * See BOOTSTRAP TOPIC [store TOPIC]
 * </pre>
 *
 * Prints `PARTITION EPOCH VALUE` for each record, EPOCH being that of the leader that stored it. With a store's topic, also `store KEY COUNT` for
 * the last of each key. A partition in which a transaction is still open is told as `OPEN TOPIC PARTITION`.
 */
public final class See {
    public static void main(String[] a) {
        each(a[0], a[1], record -> System.out.println(
                record.partition() + " " + record.leaderEpoch().orElse(-1) + " " + new String(record.value(), StandardCharsets.UTF_8)));
        if (a.length < 4) return;
        Map<String, Long> last = new TreeMap<>();
        each(a[0], a[3], record -> last.put(record.key(), ByteBuffer.wrap(record.value()).getLong()));
        last.forEach((key, count) -> System.out.println("store " + key + " " + count));
    }

    static void each(String bootstrap, String topic, java.util.function.Consumer<ConsumerRecord<String, byte[]>> visit) {
        var committed = consumer(bootstrap, "read_committed");
        List<TopicPartition> parts = committed.partitionsFor(topic).stream().map(at -> new TopicPartition(topic, at.partition())).toList();
        Map<TopicPartition, Long> ends = committed.endOffsets(parts);
        consumer(bootstrap, "read_uncommitted").endOffsets(parts).forEach((part, end) -> {
            if (!end.equals(ends.get(part))) System.out.println("OPEN " + topic + " " + part.partition());
        });
        committed.assign(parts);
        committed.seekToBeginning(parts);
        while (parts.stream().anyMatch(part -> committed.position(part) < ends.get(part)))
            committed.poll(Duration.ofSeconds(1)).forEach(visit);
    }

    static KafkaConsumer<String, byte[]> consumer(String bootstrap, String isolation) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false, "isolation.level", isolation);
        return new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    }
}

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Small programs over Kafka's Java client, called by the tests of real clients.
 *
 * <pre>
 * both|write|read BOOTSTRAP PREFIX RECORDS BASE_TIME   round trip; the records are those of ../python/records.py
 * load BOOTSTRAP TOPIC PARTITIONS                      idempotent producer until standard input ends; lines as in ../python/load.py
 * drain BOOTSTRAP TOPIC PARTITIONS                     reads what a producer under load left
 * member BOOTSTRAP GROUP TOPIC INSTANCE SESSION_MS     a member of a group; lines as in ../python/member.py
 * </pre>
 *
 * Exit status 1 with one line that names the first difference.
 */
public final class Peer {
    static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    static final int PARTITIONS = 3;
    static final int OUTSTANDING = 500;
    static final Duration LIMIT = Duration.ofSeconds(60);

    static final class Different extends RuntimeException {
        Different(String format, Object... args) {
            super(String.format(format, args));
        }
    }

    interface Each {
        void on(ConsumerRecord<byte[], byte[]> record);
    }

    public static void main(String[] a) throws Exception {
        try {
            switch (a[0]) {
                case "load" -> load(a[1], a[2], Integer.parseInt(a[3]));
                case "drain" -> drain(a[1], a[2], Integer.parseInt(a[3]));
                case "member" -> member(a[1], a[2], a[3], a[4], Integer.parseInt(a[5]));
                default -> roundTrip(a[0], a[1], a[2], Integer.parseInt(a[3]), Long.parseLong(a[4]));
            }
        } catch (Different different) {
            System.err.println("DIFFERENT " + different.getMessage());
            System.exit(1);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // ---- round trip

    static byte[] key(int n) {
        return n % 7 == 0 ? null : bytes("key-" + n);
    }

    static byte[] value(int n) {
        if (n % 11 == 0 && n % 7 != 0) return null;
        if (n % 13 == 0) return new byte[0];
        byte[] text = bytes("value-" + n + "-" + String.valueOf((char) ('a' + n % 26)).repeat(n * 37 % 400));
        byte[] value = Arrays.copyOf(text, text.length + 2);
        value[text.length + 1] = (byte) 255;
        return value;
    }

    static List<Header> headers(int n) {
        byte[] own = bytes(Integer.toString(n));
        List<Header> all = List.of(new RecordHeader("h0", own), new RecordHeader("h1", new byte[0]), new RecordHeader("h0", own));
        return all.subList(0, n % 4);
    }

    static KafkaProducer<byte[], byte[]> producer(String bootstrap, Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(more);
        settings.put("bootstrap.servers", bootstrap);
        settings.put("acks", "all");
        settings.put("enable.idempotence", true);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static void write(String bootstrap, String topic, String codec, int count, long baseTime) throws Exception {
        try (AdminClient admin = AdminClient.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) 1))).all().get();
        }
        try (var producer = producer(bootstrap, Map.of("compression.type", codec, "linger.ms", 5))) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int n = 0; n < count; n++)
                sent.add(producer.send(new ProducerRecord<>(topic, n % PARTITIONS, baseTime + n, key(n), value(n), headers(n))));
            producer.flush();
            for (var future : sent) future.get();
        }
    }

    static void compare(ConsumerRecord<byte[], byte[]> got, int n, long offset, long time) {
        String where = got.topic() + "-" + got.partition() + "@" + got.offset();
        if (got.offset() != offset) throw new Different("%s: the offset is not %d", where, offset);
        if (got.timestamp() != time) throw new Different("%s: timestamp %d, %d was written", where, got.timestamp(), time);
        if (!Arrays.equals(got.key(), key(n))) throw new Different("%s: the key is not that of record %d", where, n);
        if (!Arrays.equals(got.value(), value(n))) throw new Different("%s: the value is not that of record %d", where, n);
        if (!Objects.equals(List.of(got.headers().toArray()), headers(n)))
            throw new Different("%s: headers %s, %s were written", where, got.headers(), headers(n));
    }

    static void read(String bootstrap, String topic, int count, long baseTime) {
        int[] next = new int[PARTITIONS];
        Map<Integer, Long> ends = readAll(bootstrap, topic, PARTITIONS, record -> {
            int at = next[record.partition()]++, n = at * PARTITIONS + record.partition();
            compare(record, n, at, baseTime + n);
        });
        for (int p = 0; p < PARTITIONS; p++) {
            int want = (count - p + PARTITIONS - 1) / PARTITIONS;
            if (ends.get(p) != want || next[p] != want)
                throw new Different("%s-%d: end offset %d, %d read, %d were written", topic, p, ends.get(p), next[p], want);
        }
    }

    static Map<Integer, Long> readAll(String bootstrap, String topic, int partitions, Each each) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", false, "check.crcs", true);
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> parts = IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(topic, p)).toList();
            Map<TopicPartition, Long> ends = consumer.endOffsets(parts);
            consumer.assign(parts);
            consumer.seekToBeginning(parts);
            while (parts.stream().anyMatch(part -> consumer.position(part) < ends.get(part))) {
                var polled = consumer.poll(LIMIT);
                if (polled.isEmpty()) throw new Different("%s: records do not come before %s", topic, ends);
                polled.forEach(record -> {
                    if (record.offset() < ends.get(new TopicPartition(topic, record.partition()))) each.on(record);
                });
            }
            Map<Integer, Long> byNumber = new HashMap<>();
            ends.forEach((part, end) -> byNumber.put(part.partition(), end));
            return byNumber;
        }
    }

    static void roundTrip(String action, String bootstrap, String prefix, int records, long baseTime) throws Exception {
        int count = records / CODECS.size();
        for (String codec : CODECS) {
            String topic = prefix + "-" + codec;
            if (!action.equals("read")) write(bootstrap, topic, codec, count, baseTime);
            say("%s written", topic);
            if (!action.equals("write")) read(bootstrap, topic, count, baseTime);
        }
        System.out.printf("kafka-clients %s: %d records equal and in order%n", version(), count * CODECS.size());
    }

    static String version() throws Exception {
        Properties properties = new Properties();
        properties.load(KafkaProducer.class.getResourceAsStream("/kafka/kafka-version.properties"));
        return properties.getProperty("version");
    }

    // ---- load

    static byte[] loadValue(long n) {
        return bytes(n + ":" + String.valueOf((char) ('a' + n % 26)).repeat((int) (50 + n * 31 % 200)));
    }

    static void say(String format, Object... args) {
        synchronized (System.out) {
            System.out.printf(format + "%n", args);
            System.out.flush();
        }
    }

    static void load(String bootstrap, String topic, int partitions) throws Exception {
        AtomicBoolean ended = new AtomicBoolean();
        AtomicLong next = new AtomicLong();
        Semaphore room = new Semaphore(OUTSTANDING);
        Thread listener = new Thread(() -> {
            // The record at next may be on its way to the client: the answer is the one after it.
            new BufferedReader(new InputStreamReader(System.in)).lines().forEach(line -> say("M %d", next.get() + 1));
            ended.set(true);
        });
        listener.setDaemon(true);
        listener.start();
        Map<String, Object> settings = Map.of("max.request.size", 32768, "reconnect.backoff.max.ms", 500, "max.block.ms", 120000);
        try (var producer = producer(bootstrap, settings)) {
            for (long n = 0; !ended.get(); n++) {
                long number = n;
                int partition = (int) (n % partitions);
                room.acquire();
                next.set(n);
                producer.send(new ProducerRecord<>(topic, partition, bytes(Long.toString(n)), loadValue(n)), (metadata, error) -> {
                    room.release();
                    if (error != null) say("E %d %d %s", partition, number, error);
                    else say("A %d %d %d", partition, metadata.offset(), number);
                });
            }
        }
        say("DONE");
    }

    static void drain(String bootstrap, String topic, int partitions) {
        StringBuilder lines = new StringBuilder();
        readAll(bootstrap, topic, partitions, record -> {
            long n = Long.parseLong(new String(record.key(), StandardCharsets.UTF_8));
            if (!Arrays.equals(record.value(), loadValue(n)))
                throw new Different("BAD value at %d@%d", record.partition(), record.offset());
            lines.append("R ").append(record.partition()).append(' ').append(record.offset()).append(' ').append(n).append('\n');
        });
        say("%sDONE", lines);
    }

    // ---- a member of a group

    static void member(String bootstrap, String group, String topic, String instance, int sessionMs) throws Exception {
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread listener = new Thread(() -> {
            new BufferedReader(new InputStreamReader(System.in)).lines().forEach(lines::add);
            lines.add("close");
        });
        listener.setDaemon(true);
        listener.start();
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", group, "session.timeout.ms", sessionMs,
                "heartbeat.interval.ms", 500, "auto.offset.reset", "earliest", "enable.auto.commit", false, "reconnect.backoff.max.ms", 500));
        if (!instance.equals("-")) settings.put("group.instance.id", instance);
        boolean isConsumer = "consumer".equals(System.getenv("GROUP_PROTOCOL"));
        if (isConsumer) {
            settings.put("group.protocol", "consumer");
            settings.keySet().removeAll(List.of("session.timeout.ms", "heartbeat.interval.ms"));
        }
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic), new Assigned(consumer, isConsumer));
            boolean held = false;
            for (String line = ""; !line.equals("close"); ) {
                if (!held && lines.isEmpty()) {
                    consumer.poll(Duration.ofMillis(100)).forEach(record -> say("READ %d %d", record.partition(), record.offset()));
                    continue;
                }
                line = lines.take();
                held = line.equals("hold");
                if (line.startsWith("commit")) say("%s", commit(consumer, topic, line.split(" ")));
                else if (held) say("HELD");
                else if (line.equals("ping")) say("PONG");
            }
        }
        say("DONE");
    }

    record Assigned(KafkaConsumer<byte[], byte[]> consumer, boolean isConsumer) implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> parts) {
            // In the protocol of KIP-848 what is left is all that follows.
            if (isConsumer) assigned(parts);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> parts) {
            assigned(List.of());
        }

        void assigned(Collection<TopicPartition> gone) {
            var left = consumer.assignment().stream().filter(part -> !gone.contains(part));
            var all = left.map(TopicPartition::partition).sorted().map(String::valueOf).toList();
            say("ASSIGNED %s", all.isEmpty() ? "-" : String.join(",", all));
        }
    }

    static String commit(KafkaConsumer<byte[], byte[]> consumer, String topic, String[] words) {
        try {
            if (words.length == 1) consumer.commitSync();
            else {
                TopicPartition part = new TopicPartition(topic, Integer.parseInt(words[1]));
                consumer.commitSync(Map.of(part, new OffsetAndMetadata(Long.parseLong(words[2]))));
            }
            return "COMMITTED";
        } catch (KafkaException refused) {
            return "REFUSED " + refused.toString().replace('\n', ' ');
        }
    }
}

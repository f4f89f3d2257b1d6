import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs a list of commands of Kafka's console tools in one JVM, and prints what they print.
 *
 * <pre>
 * Console ADDRESS DIRECTORY COMMANDS PAUSE_MS
 * </pre>
 *
 * COMMANDS is a file (golden/console/README.md): a name, a tool and its arguments on each line; `${folder}` is the file's folder.
 * Each command's output is that of `main`, both streams together, after a line `$ NAME TOOL ARGUMENTS`, and ends with `= EXIT STATUS`.
 * What belongs to a run is masked: the address, the data directory, ids, epochs, times, positions of the quorum and figures of speed.
 * Some tools are this program's own: `fill TOPIC PARTITION COUNT` writes records with fixed times, `hold CLIENT GROUP TOPIC
 * PROTOCOL` starts a member of a group and waits until it has partitions, `await CLIENT COUNT` waits until it has so many,
 * `release CLIENT` ends it. `begin CLIENT TRANSACTIONAL-ID TOPIC PARTITION COUNT` starts a producer, unless it is there, and writes records
 * with fixed times in a new transaction, `commit CLIENT` and `abort CLIENT` end that, `vanish CLIENT` leaves it open.
 */
public final class Console {
    static final String TOOLS = "org.apache.kafka.tools.";
    static final Map<String, String> CLASSES = Map.ofEntries(
        Map.entry("kafka-topics", TOOLS + "TopicCommand"),
        Map.entry("kafka-configs", "kafka.admin.ConfigCommand"),
        Map.entry("kafka-get-offsets", TOOLS + "GetOffsetShell"),
        Map.entry("kafka-delete-records", TOOLS + "DeleteRecordsCommand"),
        Map.entry("kafka-log-dirs", TOOLS + "LogDirsCommand"),
        Map.entry("kafka-metadata-quorum", TOOLS + "MetadataQuorumCommand"),
        Map.entry("kafka-features", TOOLS + "FeatureCommand"),
        Map.entry("kafka-producer-perf-test", TOOLS + "ProducerPerformance"),
        Map.entry("kafka-broker-api-versions", TOOLS + "BrokerApiVersionsCommand"),
        Map.entry("kafka-consumer-groups", TOOLS + "consumer.group.ConsumerGroupCommand"),
        Map.entry("kafka-groups", TOOLS + "GroupsCommand"),
        Map.entry("kafka-console-consumer", TOOLS + "consumer.ConsoleConsumer"),
        Map.entry("kafka-verifiable-consumer", TOOLS + "VerifiableConsumer"),
        Map.entry("kafka-consumer-perf-test", TOOLS + "ConsumerPerformance"),
        Map.entry("kafka-transactions", TOOLS + "TransactionsCommand"));

    /** Tools whose lines stand in the order of a hash map. */
    static final Set<String> UNORDERED = Set.of("kafka-consumer-groups", "kafka-groups", "kafka-transactions");

    /** What is masked: the tool (* for all), a pattern, and what stands in its place. */
    static final String[][] MASKS = {
        {"*", "\\b(127\\.0\\.0\\.1|localhost):\\d+", "ADDRESS"},
        {"*", "(TopicId|ClusterId): *[A-Za-z0-9_-]{22}", "$1: ID"},
        {"kafka-features", "Epoch: \\d+", "Epoch: N"},
        {"kafka-log-dirs", "\"size\":[1-9]\\d*", "\"size\":N"},
        {"kafka-log-dirs", "\"(total|usable)Bytes\":\\d+", "\"$1Bytes\":N"},
        {"kafka-metadata-quorum", " {2,}", " "},
        {"kafka-metadata-quorum", "(?<![\\w-])[\\w-]{22}(?![\\w-])", "ID"},
        {"kafka-metadata-quorum", "\\d{13}", "TIME"},
        {"kafka-metadata-quorum", "\\d+ ms ago", "N ms ago"},
        {"kafka-metadata-quorum", "\\d{4}-\\d\\d-\\d\\d[T ][\\d:.]+\\S*", "TIME"},
        {"kafka-metadata-quorum", "^(LeaderEpoch|HighWatermark|MaxFollowerLag|MaxFollowerLagTimeMs): *\\d+", "$1: N"},
        {"kafka-metadata-quorum", "^(\\d+\\s+\\S+\\s+)\\d+", "$1N"},
        {"kafka-producer-perf-test", "[\\d.]+ (records/sec|MB/sec|ms)", "N $1"},
        {"kafka-consumer-groups", " {2,}", " "},
        {"kafka-consumer-groups", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"},
        {"kafka-consumer-groups", "(?<![\\w-])[\\w-]{22}(?=( \\S+)? /)", "ID"},
        {"kafka-consumer-groups", "(: \\[|Valid \\w+ are: ).*", "$1..."}, // in the order of a hash map
        {"kafka-groups", " {2,}", " "},
        {"kafka-transactions", "(?<=\\S)[ \\t]+", " "},
        {"kafka-transactions", "\\b\\d{13}\\b", "TIME"},
        {"kafka-transactions", "TIME \\d+(?=( |$))", "TIME N"}, // how long it is open
        {"kafka-verifiable-consumer", "\"timestamp\":\\d+", "\"timestamp\":N"},
        {"kafka-consumer-perf-test", "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d:\\d{3}", "TIME"},
        {"kafka-consumer-perf-test", "^(TIME, TIME, [\\d.]+), [\\d.]+, (\\d+), .*", "$1, N, $2, N"},
    };

    /** Thrown where a tool would end the process. */
    static final class Ended extends Error {
        Ended() {
            super("ended", null, false, false);
        }
    }

    /** What a tool prints, up to the moment in which it would end the process. */
    static final class Capture extends OutputStream {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private Integer status;

        @Override
        public synchronized void write(int b) {
            if (status == null) bytes.write(b);
        }

        synchronized void end(int with) {
            if (status == null) status = with;
        }

        synchronized String take() {
            String text = bytes.toString(StandardCharsets.UTF_8);
            bytes.reset();
            return text;
        }

        synchronized int status() {
            int ended = status == null ? 0 : status;
            status = null;
            return ended;
        }
    }

    public static void main(String[] a) throws Exception {
        org.slf4j.LoggerFactory.getLogger("console"); // it may complain, before anything is captured
        PrintStream out = System.out;
        Capture capture = new Capture();
        PrintStream captured = new PrintStream(capture, true, StandardCharsets.UTF_8);
        System.setOut(captured);
        System.setErr(captured);
        Exit.Procedure end = (status, message) -> {
            if (message != null) captured.println(message);
            capture.end(status);
            throw new Ended();
        };
        Exit.setExitProcedure(end);
        Exit.setHaltProcedure(end);
        Path commands = Path.of(a[2]).toAbsolutePath();
        for (String line : Files.readAllLines(commands)) {
            if (line.isBlank() || line.startsWith("#")) continue;
            List<String> words = Arrays.asList(line.trim().split("\\s+"));
            run(words, a[0], commands.getParent());
            captured.flush();
            out.println("$ " + line.trim());
            String all = capture.take().replace(commands.getParent().toString(), "${folder}");
            said(words.get(1), all, a[1]).forEach(out::println);
            out.println("= " + capture.status());
            out.flush();
            Thread.sleep(Long.parseLong(a[3]));
        }
        Runtime.getRuntime().halt(0);
    }

    static String[] arguments(List<String> words, String address, Path folder) {
        List<String> arguments = new ArrayList<>();
        for (String word : words.subList(2, words.size())) arguments.add(word.replace("${folder}", folder.toString()));
        if (!arguments.remove("-")) arguments.addAll(0, List.of("--bootstrap-server", address));
        return arguments.toArray(String[]::new);
    }

    /** Returns the lines that count, masked. */
    static List<String> said(String tool, String all, String directory) {
        List<String> lines = new ArrayList<>();
        boolean isUsage = false;
        for (String line : all.split("\\R")) {
            String masked = masked(tool, line, directory);
            isUsage = masked.matches("Option( \\(.*\\))?\\s+Description") || isUsage && masked.matches("([-* ].*)?");
            if (!isUsage && !masked.isBlank() && !isFrame(masked) && !isProgress(masked)) lines.add(masked);
        }
        if (UNORDERED.contains(tool)) lines.sort(null);
        return lines;
    }

    static void run(List<String> words, String address, Path folder) throws Exception {
        switch (words.get(1)) {
            case "fill" -> fill(address, words.get(2), Integer.parseInt(words.get(3)), Integer.parseInt(words.get(4)));
            case "hold" -> HELD.put(words.get(2), new Member(address, words));
            case "await" -> HELD.get(words.get(2)).await(Integer.parseInt(words.get(3)));
            case "release" -> HELD.remove(words.get(2)).end();
            case "begin" -> begin(address, words);
            case "commit" -> end(address, words.get(2), KafkaProducer::commitTransaction);
            case "abort" -> end(address, words.get(2), KafkaProducer::abortTransaction);
            case "vanish" -> OPEN.remove(words.get(2)).close(Duration.ZERO);
            default -> main(words.get(1), arguments(words, address, folder));
        }
    }

    static void main(String tool, String[] arguments) throws Exception {
        var main = Class.forName(CLASSES.get(tool)).getMethod("main", String[].class);
        try {
            main.invoke(null, (Object) arguments);
        } catch (java.lang.reflect.InvocationTargetException thrown) {
            if (!(thrown.getCause() instanceof Ended)) System.err.println("thrown: " + thrown.getCause());
        }
    }

    // ---- records and members

    static final long FIRST_TIME = 1_700_000_000_000L;
    static final int APART_MS = 60_000;

    static void fill(String address, String topic, int partition, int count) {
        Map<String, Object> settings = Map.of("bootstrap.servers", address, "linger.ms", 1000);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int n = 0; n < count; n++)
                producer.send(new ProducerRecord<>(topic, partition, FIRST_TIME + (long) n * APART_MS, null, topic + "-" + n));
        }
    }

    static final Map<String, KafkaProducer<String, String>> OPEN = new HashMap<>();

    /** Transactional ids by client. */
    static final Map<String, String> IDS = new HashMap<>();

    static void begin(String address, List<String> words) throws Exception {
        IDS.put(words.get(2), words.get(3));
        var producer = OPEN.computeIfAbsent(words.get(2), client -> {
            Map<String, Object> settings = Map.of("bootstrap.servers", address, "client.id", client, "transactional.id", words.get(3));
            var made = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
            made.initTransactions();
            return made;
        });
        producer.beginTransaction();
        int partition = Integer.parseInt(words.get(5));
        for (int n = 0; n < Integer.parseInt(words.get(6)); n++)
            producer.send(new ProducerRecord<>(words.get(4), partition, FIRST_TIME, null, words.get(2) + "-" + n)).get();
    }

    /** Says what came of it, once it is so everywhere; a producer that is of no more use is closed. */
    static void end(String address, String client, Consumer<KafkaProducer<String, String>> how) throws Exception {
        try {
            how.accept(OPEN.get(client));
            awaitEnd(address, IDS.get(client));
        } catch (KafkaException refused) {
            System.out.println(refused.getClass().getSimpleName());
            OPEN.remove(client).close(Duration.ZERO);
        }
    }

    /** A producer is answered when its end is decided: its marks may still be on their way. */
    static void awaitEnd(String address, String id) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", address))) {
            while (!admin.describeTransactions(List.of(id)).description(id).get().state().toString().startsWith("Complete"))
                Thread.sleep(10);
        }
    }

    static final Map<String, Member> HELD = new HashMap<>();

    /** A member that polls on a thread of its own until it is released. */
    static final class Member {
        private final Thread thread;
        private volatile Set<TopicPartition> has = Set.of();
        private volatile boolean isReleased;

        Member(String address, List<String> words) throws InterruptedException {
            Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", address, "client.id", words.get(2),
                "group.id", words.get(3), "group.protocol", words.get(5), "enable.auto.commit", false, "auto.offset.reset", "latest"));
            if (words.get(5).equals("classic")) settings.put("heartbeat.interval.ms", 100); // soon told of a rebalance
            thread = new Thread(() -> poll(settings, words.get(4)));
            thread.start();
            await(1);
            System.out.println(has.stream().map(Object::toString).sorted().collect(Collectors.joining(" ")));
        }

        private void poll(Map<String, Object> settings, String topic) {
            try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
                consumer.subscribe(List.of(topic));
                while (!isReleased) {
                    consumer.poll(Duration.ofMillis(20));
                    has = Set.copyOf(consumer.assignment());
                }
            }
        }

        /** Waits until it has so many partitions, or more. */
        void await(int count) throws InterruptedException {
            while (has.size() < count) {
                if (!thread.isAlive()) throw new IllegalStateException("the member is gone");
                Thread.sleep(5);
            }
        }

        void end() throws InterruptedException {
            isReleased = true;
            thread.join();
        }
    }

    /** A line of a stack trace. */
    static boolean isFrame(String line) {
        return line.matches("\\s+at \\S+\\(.*\\)") || line.matches("\\s+\\.\\.\\. \\d+ (more|common frames omitted)");
    }

    /** What the producer's tool says every five seconds, on a slow machine. */
    static boolean isProgress(String line) {
        return line.matches("\\d+ records sent, .* ms max latency\\.");
    }

    static String masked(String tool, String line, String directory) {
        String masked = line.replace(directory, "DIRECTORY");
        for (String[] mask : MASKS)
            if (mask[0].equals("*") || mask[0].equals(tool)) masked = masked.replaceAll(mask[1], mask[2]);
        return masked.stripTrailing();
    }
}

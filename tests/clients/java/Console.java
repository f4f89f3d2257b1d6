import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
 */
public final class Console {
    static final String TOOLS = "org.apache.kafka.tools.";
    static final Map<String, String> CLASSES = Map.of(
        "kafka-topics", TOOLS + "TopicCommand",
        "kafka-configs", "kafka.admin.ConfigCommand",
        "kafka-get-offsets", TOOLS + "GetOffsetShell",
        "kafka-delete-records", TOOLS + "DeleteRecordsCommand",
        "kafka-log-dirs", TOOLS + "LogDirsCommand",
        "kafka-metadata-quorum", TOOLS + "MetadataQuorumCommand",
        "kafka-features", TOOLS + "FeatureCommand",
        "kafka-producer-perf-test", TOOLS + "ProducerPerformance",
        "kafka-broker-api-versions", TOOLS + "BrokerApiVersionsCommand");

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
            run(words.get(1), arguments(words, a[0], commands.getParent()));
            captured.flush();
            out.println("$ " + line.trim());
            for (String said : capture.take().split("\\R")) {
                String masked = masked(words.get(1), said, a[1]);
                if (!masked.isBlank() && !isFrame(masked) && !isProgress(masked)) out.println(masked);
            }
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

    static void run(String tool, String[] arguments) throws Exception {
        var main = Class.forName(CLASSES.get(tool)).getMethod("main", String[].class);
        try {
            main.invoke(null, (Object) arguments);
        } catch (java.lang.reflect.InvocationTargetException thrown) {
            if (!(thrown.getCause() instanceof Ended)) System.err.println("thrown: " + thrown.getCause());
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

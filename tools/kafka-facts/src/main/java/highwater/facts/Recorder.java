package highwater.facts;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.Uuid;

/**
 * Sends a list of requests to a broker and writes what it answers (golden/exchange/README.md).
 * Arguments: the broker's port on 127.0.0.1, the list, the file to write.
 */
public final class Recorder {
    /** A controller answers before the broker that is asked next has read what it decided. */
    private static final int SETTLE_MS = 700;
    /** Kafka computes assignments and resolves regular expressions behind the answer that asks for them. */
    private static final int ASSIGN_MS = 100;
    private static final Pattern CHANGES = Pattern.compile("(Create|Delete|Alter|Incremental|Update|Produce|Find).*");
    /** Kafka writes the markers of a transaction behind the answer that ends it. */
    private static final int END_MS = 300;
    private static final Pattern ENDS = Pattern.compile("EndTxn|InitProducerId|WriteTxnMarkers");
    private static final Pattern GIVEN = Pattern.compile("\\$\\{(id|member|producer|batch):([^}]*)}");
    private static final String SENT = "sent ";
    private static final String PAUSE = "pause ";
    private static final String REPEAT = "repeat ";
    private static final String ANSWERED = "answered ";

    private final Link link;
    private final Map<String, Uuid> topics = new LinkedHashMap<>();
    private final Map<String, String> members = new LinkedHashMap<>();
    private final Map<String, Long> producers = new LinkedHashMap<>();
    private final Map<String, Waiting> waiting = new LinkedHashMap<>();
    private final StringBuilder out = new StringBuilder();

    private Recorder(Link link) {
        this.link = link;
    }

    public static void main(String[] args) throws Exception {
        Recorder recorder = new Recorder(new Link(Integer.parseInt(args[0])));
        List<String> lines = Files.readAllLines(Path.of(args[1]));
        for (int at = 0; at < lines.size(); at++) {
            if (!lines.get(at).isBlank() && !lines.get(at).startsWith("#")) {
                recorder.recordLine(lines.get(at), at + 1);
            }
        }
        String head = "# What Apache Kafka 4.3.1 answered, written by `cargo xtask kafka-record`.\n";
        Files.createDirectories(Path.of(args[2]).getParent());
        Files.writeString(Path.of(args[2]), head + recorder.head() + recorder.out);
    }

    /** A request whose answer is read later. */
    private record Waiting(Exchange exchange, byte[] request, Link.Open connection) {}

    private void recordLine(String line, int number) {
        try {
            record(line, number);
        } catch (Exception wrong) {
            throw new IllegalStateException("line " + number + ": " + line, wrong);
        }
    }

    /** Records one line of the list; its number is the correlation id. */
    private void record(String line, int number) throws Exception {
        if (line.startsWith(PAUSE)) {
            Thread.sleep(Long.parseLong(line.substring(PAUSE.length())));
            out.append("pause\n");
            return;
        }
        if (line.startsWith(REPEAT)) {
            repeat(line.substring(REPEAT.length()), number);
            return;
        }
        if (line.startsWith(ANSWERED)) {
            String name = line.substring(ANSWERED.length());
            Waiting sent = waiting.remove(name);
            write(name, sent.exchange, sent.request, sent.connection.answer());
            return;
        }
        boolean waits = !line.startsWith(SENT);
        String[] words = (waits ? line : line.substring(SENT.length())).split(" ", 4);
        if (words.length != 4) {
            throw new IllegalArgumentException("line " + number + " is not NAME API VERSION BODY");
        }
        Exchange exchange = new Exchange(Api.named(words[1]), Short.parseShort(words[2]));
        byte[] request = exchange.request(number, withGiven(words[3]));
        if (waits) {
            write(words[0], exchange, request, link.ask(request));
        } else {
            waiting.put(words[0], new Waiting(exchange, request, link.open(request)));
            out.append(SENT).append(start(words[0], exchange, request)).append('\n');
        }
        // What a producer with an id writes is answered when it can be read.
        boolean isSettled = words[3].contains("${batch:");
        if (!waits || CHANGES.matcher(words[1]).matches() && !isSettled) {
            Thread.sleep(SETTLE_MS);
        } else if (words[1].equals("ConsumerGroupHeartbeat")) {
            Thread.sleep(ASSIGN_MS);
        } else if (ENDS.matcher(words[1]).matches()) {
            Thread.sleep(END_MS);
        }
    }

    /** Sends the same request many times on one connection; the answers are not kept. */
    private void repeat(String line, int number) throws Exception {
        String[] words = line.split(" ", 5);
        Exchange exchange = new Exchange(Api.named(words[2]), Short.parseShort(words[3]));
        byte[] request = exchange.request(number, withGiven(words[4]));
        link.repeat(request, Integer.parseInt(words[0]));
    }

    private void write(String name, Exchange exchange, byte[] request, byte[] response) throws Exception {
        out.append(start(name, exchange, request)).append(' ').append(exchange.shown(response)).append('\n');
        String member = exchange.memberId(request, response);
        if (!member.isEmpty() && !members.containsValue(member)) {
            members.put(name + '/' + exchange.version(), member);
        }
        long producer = exchange.producerId(response);
        if (producer >= 0 && !producers.containsValue(producer)) {
            producers.put(name + '/' + exchange.version(), producer);
        }
    }

    private static String start(String name, Exchange exchange, byte[] request) {
        return name + ' ' + exchange.api().name() + ' ' + exchange.version() + ' ' + Exchange.hex(request);
    }

    /** Puts ids of topics, members and producers in their places, and batches of producers. */
    private String withGiven(String body) throws Exception {
        Matcher found = GIVEN.matcher(body);
        StringBuilder text = new StringBuilder();
        while (found.find()) {
            found.appendReplacement(text, given(found.group(1), found.group(2)));
        }
        return found.appendTail(text).toString();
    }

    private String given(String kind, String name) throws Exception {
        switch (kind) {
            case "member":
                return known(members, name);
            case "producer":
                return known(producers, name).toString();
            case "batch":
                String[] words = name.split(" ");
                boolean isNumber = words[1].matches("-?[0-9]+");
                return Batch.of(words, isNumber ? Long.parseLong(words[1]) : known(producers, words[1])).base64();
            default:
                return topicId(name);
        }
    }

    private static <T> T known(Map<String, T> given, String name) {
        if (!given.containsKey(name)) {
            throw new IllegalArgumentException("no answer gave an id to " + name);
        }
        return given.get(name);
    }

    private String topicId(String name) throws Exception {
        if (!topics.containsKey(name)) {
            topics.put(name, Exchange.topicId(link, name));
        }
        return topics.get(name).toString();
    }

    /** What was given, a line each. */
    private String head() {
        StringBuilder lines = new StringBuilder(topicLines());
        members.forEach((name, id) -> lines.append("member ").append(name).append(' ')
                .append(Exchange.hex(id.getBytes(StandardCharsets.UTF_8))).append('\n'));
        producers.forEach((name, id) -> lines.append("producer ").append(name).append(' ').append(id).append('\n'));
        return lines.toString();
    }

    private String topicLines() {
        StringBuilder lines = new StringBuilder();
        topics.forEach((name, id) -> lines.append("topic ").append(name).append(' ')
                .append(Exchange.hex(id.getMostSignificantBits(), id.getLeastSignificantBits())).append('\n'));
        return lines.toString();
    }
}

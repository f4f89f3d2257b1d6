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
    private static final Pattern GIVEN = Pattern.compile("\\$\\{(id|member):([^}]*)}");
    private static final String SENT = "sent ";
    private static final String ANSWERED = "answered ";

    private final Link link;
    private final Map<String, Uuid> topics = new LinkedHashMap<>();
    private final Map<String, String> members = new LinkedHashMap<>();
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
                recorder.record(lines.get(at), at + 1);
            }
        }
        String head = "# What Apache Kafka 4.3.1 answered, written by `cargo xtask kafka-record`.\n";
        Files.createDirectories(Path.of(args[2]).getParent());
        Files.writeString(Path.of(args[2]), head + recorder.topicLines() + recorder.memberLines() + recorder.out);
    }

    /** A request whose answer is read later. */
    private record Waiting(Exchange exchange, byte[] request, Link.Open connection) {}

    /** Records one line of the list; its number is the correlation id. */
    private void record(String line, int number) throws Exception {
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
        if (!waits || CHANGES.matcher(words[1]).matches()) {
            Thread.sleep(SETTLE_MS);
        } else if (words[1].equals("ConsumerGroupHeartbeat")) {
            Thread.sleep(ASSIGN_MS);
        }
    }

    private void write(String name, Exchange exchange, byte[] request, byte[] response) throws Exception {
        out.append(start(name, exchange, request)).append(' ').append(exchange.shown(response)).append('\n');
        String member = exchange.memberId(request, response);
        if (!member.isEmpty() && !members.containsValue(member)) {
            members.put(name + '/' + exchange.version(), member);
        }
    }

    private static String start(String name, Exchange exchange, byte[] request) {
        return name + ' ' + exchange.api().name() + ' ' + exchange.version() + ' ' + Exchange.hex(request);
    }

    /** Puts ids of topics and members in their places. */
    private String withGiven(String body) throws Exception {
        Matcher found = GIVEN.matcher(body);
        StringBuilder text = new StringBuilder();
        while (found.find()) {
            found.appendReplacement(text, given(found.group(1), found.group(2)));
        }
        return found.appendTail(text).toString();
    }

    private String given(String kind, String name) throws Exception {
        if (kind.equals("member")) {
            String id = members.get(name);
            if (id == null) {
                throw new IllegalArgumentException("no answer gave an id to " + name);
            }
            return id;
        }
        if (!topics.containsKey(name)) {
            topics.put(name, Exchange.topicId(link, name));
        }
        return topics.get(name).toString();
    }

    private String memberLines() {
        StringBuilder lines = new StringBuilder();
        members.forEach((name, id) -> lines.append("member ").append(name).append(' ')
                .append(Exchange.hex(id.getBytes(StandardCharsets.UTF_8))).append('\n'));
        return lines.toString();
    }

    private String topicLines() {
        StringBuilder lines = new StringBuilder();
        topics.forEach((name, id) -> lines.append("topic ").append(name).append(' ')
                .append(Exchange.hex(id.getMostSignificantBits(), id.getLeastSignificantBits())).append('\n'));
        return lines.toString();
    }
}

package highwater.facts;

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
    private static final Pattern CHANGES = Pattern.compile("(Create|Delete|Alter|Incremental|Update|Produce).*");
    private static final Pattern TOPIC_ID = Pattern.compile("\\$\\{id:([^}]*)}");

    private final Link link;
    private final Map<String, Uuid> topics = new LinkedHashMap<>();
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
        Files.writeString(Path.of(args[2]), head + recorder.topicLines() + recorder.out);
    }

    /** Records one line of the list; its number is the correlation id. */
    private void record(String line, int number) throws Exception {
        String[] words = line.split(" ", 4);
        if (words.length != 4) {
            throw new IllegalArgumentException("line " + number + " is not NAME API VERSION BODY");
        }
        Exchange exchange = new Exchange(Api.named(words[1]), Short.parseShort(words[2]));
        byte[] request = exchange.request(number, withTopicIds(words[3]));
        byte[] response = link.ask(request);
        out.append(words[0]).append(' ').append(words[1]).append(' ').append(words[2]).append(' ');
        out.append(Exchange.hex(request)).append(' ').append(exchange.shown(response)).append('\n');
        if (CHANGES.matcher(words[1]).matches()) {
            Thread.sleep(SETTLE_MS);
        }
    }

    private String withTopicIds(String body) throws Exception {
        Matcher found = TOPIC_ID.matcher(body);
        StringBuilder text = new StringBuilder();
        while (found.find()) {
            String name = found.group(1);
            if (!topics.containsKey(name)) {
                topics.put(name, Exchange.topicId(link, name));
            }
            found.appendReplacement(text, topics.get(name).toString());
        }
        return found.appendTail(text).toString();
    }

    private String topicLines() {
        StringBuilder lines = new StringBuilder();
        topics.forEach((name, id) -> lines.append("topic ").append(name).append(' ')
                .append(Exchange.hex(id.getMostSignificantBits(), id.getLeastSignificantBits())).append('\n'));
        return lines.toString();
    }
}

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

/**
 * A source of Kafka Connect: stripe S emits `S 0`, `S 1` and so on into partition S of the topic `numbers`, and its offset is the next number.
 *
 * The stripes (setting `stripes`), each with so many numbers (`count`), are dealt out to the tasks; a task emits `batch` of one stripe at a time.
 */
public final class Numbers extends SourceConnector {
    private Map<String, String> settings;

    @Override public void start(Map<String, String> given) { settings = given; }
    @Override public void stop() { }
    @Override public String version() { return "1"; }
    @Override public Class<? extends Task> taskClass() { return Emitter.class; }
    @Override public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> given) { return ExactlyOnceSupport.SUPPORTED; }

    @Override public List<Map<String, String>> taskConfigs(int tasks) {
        int stripes = Integer.parseInt(settings.get("stripes"));
        return IntStream.range(0, tasks).mapToObj(task -> Map.of("count", settings.get("count"), "batch", settings.get("batch"),
                "mine", IntStream.range(0, stripes).filter(stripe -> stripe % tasks == task).mapToObj(Integer::toString).collect(Collectors.joining(","))))
                .toList();
    }

    @Override public ConfigDef config() {
        ConfigDef all = new ConfigDef();
        for (String name : List.of("stripes", "count", "batch")) all.define(name, ConfigDef.Type.INT, ConfigDef.Importance.HIGH, name);
        return all;
    }

    /** A task with some of the stripes. */
    public static final class Emitter extends SourceTask {
        private String[] mine;
        private long[] next;
        private long count;
        private int batch;
        private int turn;

        @Override public String version() { return "1"; }
        @Override public void stop() { }

        @Override public void start(Map<String, String> given) {
            mine = given.get("mine").split(",");
            count = Long.parseLong(given.get("count"));
            batch = Integer.parseInt(given.get("batch"));
            next = new long[mine.length];
            for (int i = 0; i < mine.length; i++) {
                Map<String, Object> offset = context.offsetStorageReader().offset(Map.of("stripe", mine[i]));
                next[i] = offset == null ? 0 : (Long) offset.get("next");
            }
        }

        @Override public List<SourceRecord> poll() throws InterruptedException {
            List<SourceRecord> records = new ArrayList<>();
            for (int tried = 0; tried < mine.length && records.isEmpty(); tried++) {
                int i = turn++ % mine.length;
                while (next[i] < count && records.size() < batch) {
                    String value = mine[i] + " " + next[i]++;
                    records.add(new SourceRecord(Map.of("stripe", mine[i]), Map.of("next", next[i]), "numbers", Integer.valueOf(mine[i]),
                            Schema.STRING_SCHEMA, mine[i], Schema.STRING_SCHEMA, value));
                }
            }
            if (records.isEmpty()) Thread.sleep(100);
            return records.isEmpty() ? null : records;
        }
    }
}

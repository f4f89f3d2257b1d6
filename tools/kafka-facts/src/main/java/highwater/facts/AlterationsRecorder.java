package highwater.facts;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.protocol.Errors;

/**
 * Sends the changes of settings that a file names to a running, fresh node of Kafka and writes its answers beside them.
 * Arguments: the node's address, the file.
 */
public final class AlterationsRecorder {
    public static void main(String[] args) throws Exception {
        Path file = Path.of(args[1]);
        List<String> lines = new ArrayList<>();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
            for (String line : Files.readAllLines(file)) {
                lines.add(line.startsWith("#") ? line : answered(admin, line.split("\t", -1)));
            }
        }
        Files.write(file, lines);
    }

    private static String answered(Admin admin, String[] fields) throws InterruptedException {
        List<AlterConfigOp> changes = new ArrayList<>();
        for (String change : fields[2].isEmpty() ? new String[0] : fields[2].split(" & ", -1)) {
            String[] parts = change.split("\\|", -1);
            String value = parts.length > 2 ? parts[2] : null;
            changes.add(new AlterConfigOp(new ConfigEntry(parts[1], value), OpType.valueOf(parts[0])));
        }
        ConfigResource resource = new ConfigResource(ConfigResource.Type.valueOf(fields[0]), fields[1]);
        String error = Errors.NONE.name();
        String message = "";
        try {
            admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
        } catch (ExecutionException e) {
            error = Errors.forException(e.getCause()).name();
            message = e.getCause().getMessage();
        }
        return String.join("\t", fields[0], fields[1], fields[2], error, message);
    }
}

package highwater.facts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ApiMessageType.ListenerType;

/**
 * Writes every API that a broker of Kafka announces to clients: key, name, lowest and highest stable version.
 * A broker leaves the two telemetry APIs out unless a plugin receives telemetry, and shows Produce from
 * version 0 although it refuses 0 to 2 (KAFKA-18659).
 */
final class Announced {
    private static final List<ApiMessageType> TELEMETRY =
        List.of(ApiMessageType.GET_TELEMETRY_SUBSCRIPTIONS, ApiMessageType.PUSH_TELEMETRY);

    static void write(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        lines.add("# What a broker of Apache Kafka 4.3.1 announces, written by tools/kafka-facts: key, name, lowest, highest.");
        for (ApiMessageType type : ApiMessageType.values()) {
            if (type.listeners().contains(ListenerType.BROKER) && !TELEMETRY.contains(type)) {
                int lowest = type == ApiMessageType.PRODUCE ? 0 : type.lowestSupportedVersion();
                lines.add(type.apiKey() + "\t" + type.name + "\t" + lowest + "\t" + type.highestSupportedVersion(false));
            }
        }
        Files.write(file, lines);
    }
}

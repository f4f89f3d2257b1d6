package highwater.facts;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.ConfigSynonym;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.QuotaConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Writes every public setting of a broker and of a topic, one a line, in the order of the names.
 * Argument: the file.
 */
public final class SettingsWriter {
    private static final String HEAD =
        "# Settings of Apache Kafka 4.3.1, written by tools/kafka-facts; internal ones are left out.\n"
            + "# Broker settings from AbstractKafkaConfig.CONFIG_DEF and QuotaConfig.brokerQuotaConfigs(), topic settings from\n"
            + "# LogConfig.configDefCopy(), update modes from DynamicBrokerConfig.dynamicConfigUpdateModes(), the broker settings\n"
            + "# behind a topic setting from ServerTopicConfigSynonyms.\n"
            + "# scope\tname\ttype\tdefault\timportance\tvalidator\tupdate mode\tsynonyms\n";

    public static void main(String[] args) throws Exception {
        List<String> lines = new ArrayList<>();
        Map<String, String> modes = DynamicBrokerConfig.dynamicConfigUpdateModes();
        Map<String, ConfigKey> broker = new TreeMap<>(AbstractKafkaConfig.CONFIG_DEF.configKeys());
        for (Map.Entry<String, ConfigKey> quota : QuotaConfig.brokerQuotaConfigs().configKeys().entrySet()) {
            broker.putIfAbsent(quota.getKey(), quota.getValue());
        }
        for (ConfigKey key : broker.values()) {
            add(lines, "broker", key, modes.getOrDefault(key.name, "read-only"), "");
        }
        for (ConfigKey key : new TreeMap<>(LogConfig.configDefCopy().configKeys()).values()) {
            List<ConfigSynonym> synonyms =
                ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.getOrDefault(key.name, List.of());
            String names = synonyms.stream().map(ConfigSynonym::name).collect(Collectors.joining(","));
            add(lines, "topic", key, "topic", names);
        }
        Path file = Path.of(args[0]);
        Files.createDirectories(file.getParent());
        Files.writeString(file, HEAD + String.join("\n", lines) + "\n");
    }

    private static void add(List<String> lines, String scope, ConfigKey key, String mode, String synonyms) {
        if (!key.internalConfig) {
            lines.add(String.join("\t", scope, key.name, key.type.name(), defaultOf(key), key.importance.name(),
                validator(key), mode, synonyms));
        }
    }

    private static String defaultOf(ConfigKey key) {
        if (!key.hasDefault()) {
            return "<required>";
        }
        String text = ConfigDef.convertToString(key.defaultValue, key.type);
        return text == null ? "<null>" : text;
    }

    /** Validators without a text of their own print a hash that changes from run to run. */
    private static String validator(ConfigKey key) {
        if (key.validator == null) {
            return "";
        }
        String text = key.validator.toString();
        return text.contains("@") || text.contains("$$Lambda")
            ? key.validator.getClass().getSimpleName().replaceAll("\\$\\$Lambda.*", "code")
            : text;
    }
}

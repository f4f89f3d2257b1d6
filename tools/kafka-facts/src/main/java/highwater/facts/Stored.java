package highwater.facts;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.Readable;

/**
 * A format that is stored, or that clients put inside a message, with two bytes in front of it: a value's version, or
 * the type of the record for a key. A key has one version per type of record; types that share a key's form are one
 * format here.
 */
record Stored(String name, boolean isKey, List<Part> parts, List<Own> own) {
    private static final List<String> PACKAGES =
        List.of("org.apache.kafka.coordinator.group.generated.", "org.apache.kafka.coordinator.transaction.generated.",
            "org.apache.kafka.common.message.");

    /** One class of Kafka's. */
    record Part(List<Structure> all, boolean isKey) {
        Structure root() {
            return all.get(0);
        }

        /** Says whether a tagged member may be null in a version. */
        boolean mayOmit(short version) {
            return all.stream().flatMap(s -> s.members.stream()).anyMatch(m -> m.tag >= 0 && m.nullable(version));
        }

        /** The two bytes in front. */
        short shown(short version) throws ReflectiveOperationException {
            return isKey ? ((ApiMessage) root().make()).apiKey() : version;
        }
    }

    /** Reads a line of stored.txt: `key` or `value`, then the classes, the newest last; and takes what is ours in it. */
    static Stored of(String line, List<Own> own) throws ReflectiveOperationException {
        String[] words = line.split(" ");
        boolean key = words[0].equals("key");
        List<Part> parts = new ArrayList<>();
        for (String name : List.of(words).subList(1, words.length)) {
            List<Structure> all = Structure.ofMessage(named(name));
            Ignorable.mark(all);
            parts.add(new Part(all, key));
        }
        String last = words[words.length - 1];
        Stored stored = new Stored(last, key, parts, own.stream().filter(field -> field.format().equals(last)).toList());
        stored.check();
        return stored;
    }

    private static Class<?> named(String name) throws ClassNotFoundException {
        for (String folder : PACKAGES) {
            try {
                return Class.forName(folder + name);
            } catch (ClassNotFoundException other) {
                // It is in the next one.
            }
        }
        throw new ClassNotFoundException(name);
    }

    /** The classes of one key must have one form, and types of records without a gap. */
    private void check() throws ReflectiveOperationException {
        for (int at = 0; at < parts.size(); at++) {
            boolean same = form(parts.get(at)).equals(form(newest()));
            boolean flat = parts.get(at).root().highest == 0 && flexibleFrom() < 0;
            if (isKey && !(same && flat && parts.get(at).shown((short) 0) == lowest() + at)) {
                throw new IllegalStateException(name + ": its classes are not one key");
            }
        }
    }

    private static List<String> form(Part part) {
        return part.root().members.stream().map(m -> m.name + m.type + m.versions).toList();
    }

    Part newest() {
        return parts.get(parts.size() - 1);
    }

    short lowest() throws ReflectiveOperationException {
        return parts.get(0).shown(parts.get(0).root().lowest);
    }

    short highest() throws ReflectiveOperationException {
        return newest().shown(newest().root().highest);
    }

    /** First version with tagged fields, or -1; later versions have them all. */
    int flexibleFrom() {
        List<Short> flexible = newest().root().flexible;
        if (flexible.isEmpty()) {
            return -1;
        }
        if (newest().root().highest - flexible.get(0) + 1 != flexible.size()) {
            throw new IllegalStateException(name + ": flexible in " + flexible);
        }
        return flexible.get(0);
    }

    /** Reads Kafka's bytes as Kafka does. */
    Message read(byte[] bytes) throws ReflectiveOperationException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        short version = buffer.getShort();
        ByteBufferAccessor from = new ByteBufferAccessor(buffer);
        Object read = newest().root().java.getConstructor(Readable.class, short.class).newInstance(from, version);
        if (from.remaining() > 0) {
            throw new IllegalStateException(name + ": bytes are left");
        }
        return (Message) read;
    }

    /** Kafka's bytes, those in front included. */
    byte[] bytes(Message message, short version) {
        return isKey ? MessageUtil.toCoordinatorTypePrefixedBytes((ApiMessage) message)
            : MessageUtil.toVersionPrefixedBytes(version, message);
    }
}

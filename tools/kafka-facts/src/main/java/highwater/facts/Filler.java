package highwater.facts;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Sets every member that a version has to a value of its own that is not the default. */
final class Filler {
    private final List<Structure> all;
    private final short version;
    private final Nulls nulls;
    private final List<Own> own;
    private int next = 1;

    /** Which of the members that may be null are null: none; all but tagged ones, which are not set; all. */
    enum Nulls { NONE, PLAIN, ALL }

    Filler(List<Structure> all, short version, Nulls nulls) {
        this(all, version, nulls, List.of());
    }

    /** The same, with tagged fields of ours. */
    Filler(List<Structure> all, short version, Nulls nulls, List<Own> own) {
        this.all = all;
        this.version = version;
        this.nulls = nulls;
        this.own = own;
    }

    Object message() throws ReflectiveOperationException {
        return structure(all.get(0));
    }

    private Object structure(Structure structure) throws ReflectiveOperationException {
        Object made = structure.make();
        for (Member member : structure.members) {
            boolean isNull = nulls != Nulls.NONE && member.nullable(version);
            boolean isLeftOut = member.tag >= 0 && (nulls == Nulls.PLAIN || nulls == Nulls.ALL && !isNull);
            if (member.in(version) && !isLeftOut) {
                member.set(made, isNull ? null : value(member, made));
            }
        }
        own.stream().filter(field -> field.in(structure)).forEach(field -> field.put(made, next++));
        return made;
    }

    /** A value for a member, whatever the version says about the member itself. */
    Object value(Member member, Object owner) throws ReflectiveOperationException {
        Class<?> type = member.java.getType();
        if (!Collection.class.isAssignableFrom(type)) {
            return member.structure == null ? scalar(member, member.type)
                    : structure(Structure.of(all, member.structure));
        }
        @SuppressWarnings("unchecked")
        Collection<Object> list = type == List.class ? new ArrayList<>()
                : (Collection<Object>) type.getConstructor().newInstance();
        for (int i = 0; i < 2; i++) {
            list.add(member.structure == null ? scalar(member, member.type.substring(2))
                    : structure(Structure.of(all, member.structure)));
        }
        return list;
    }

    private Object scalar(Member member, String type) {
        int n = next++;
        return switch (type) {
            case "bool" -> !"true".equals(member.defaultText);
            case "int8" -> (byte) (n % 100 + 1);
            case "int16" -> (short) (1000 + n);
            case "uint16" -> 40000 + n;
            case "int32" -> 100000 + n;
            case "uint32" -> 3000000000L + n;
            case "int64" -> 10000000000L + n;
            case "float64" -> n + 0.5;
            case "uuid" -> new Uuid(0x1122334455667788L, n);
            case "string" -> n % 7 == 0 ? "é-" + n : "s" + n;
            case "bytes" -> bytes(member.java.getType(), ("b" + n).getBytes(StandardCharsets.UTF_8));
            case "records" -> records(n);
            default -> throw new IllegalArgumentException("no value for " + type);
        };
    }

    private static Object bytes(Class<?> java, byte[] value) {
        return java == ByteBuffer.class ? ByteBuffer.wrap(value) : value;
    }

    private static MemoryRecords records(int n) {
        byte[] value = ("value " + n).getBytes(StandardCharsets.UTF_8);
        return MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(1700000000000L + n, value));
    }
}

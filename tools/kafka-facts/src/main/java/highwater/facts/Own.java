package highwater.facts;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.RawTaggedField;

/** A tagged field of ours in a structure of one of Kafka's formats, which Kafka keeps as a tag that it does not know. */
record Own(String format, String structure, String name, String type, int tag) {
    private static final int UUID_BYTES = 16;

    /** Reads a line of stored.txt: `own FORMAT STRUCT FIELD uuid|int16|string TAG`; an int16 that is not there is -1. */
    static Own of(String line) {
        String[] words = line.split(" ");
        if (words.length != 6 || !List.of("uuid", "int16", "string").contains(words[4])) {
            throw new IllegalArgumentException("not `own FORMAT STRUCT FIELD uuid|int16|string TAG`: " + line);
        }
        return new Own(words[1], words[2], words[3], words[4], Integer.parseInt(words[5]));
    }

    boolean in(Structure owner) {
        return owner.name().equals(structure);
    }

    /** Its line in the schema language. */
    String schema(int flexibleFrom) {
        String missing = type.equals("int16") ? " default -1" : "";
        return name + " " + type + " " + flexibleFrom + "+ tag " + tag + missing + " ignorable";
    }

    /** Gives a structure the field; the value is of its own. */
    void put(Object owner, int value) {
        ((Message) owner).unknownTaggedFields().add(new RawTaggedField(tag, bytes(value)));
    }

    private byte[] bytes(int value) {
        if (type.equals("int16")) {
            return ByteBuffer.allocate(Short.BYTES).putShort((short) (1000 + value)).array();
        }
        if (type.equals("string")) {
            byte[] text = ("own" + value).getBytes(StandardCharsets.UTF_8);
            return ByteBuffer.allocate(1 + text.length).put((byte) (1 + text.length)).put(text).array();
        }
        Uuid id = new Uuid(0x1122334455667788L, value);
        ByteBuffer bytes = ByteBuffer.allocate(UUID_BYTES);
        return bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits()).array();
    }
}

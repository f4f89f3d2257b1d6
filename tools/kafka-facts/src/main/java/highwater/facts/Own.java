package highwater.facts;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.RawTaggedField;

/** A tagged field of ours in a structure of one of Kafka's formats, which Kafka keeps as a tag that it does not know. */
record Own(String format, String structure, String name, int tag) {
    private static final int UUID_BYTES = 16;

    /** Reads a line of stored.txt: `own FORMAT STRUCT FIELD uuid TAG`. */
    static Own of(String line) {
        String[] words = line.split(" ");
        if (words.length != 6 || !words[4].equals("uuid")) {
            throw new IllegalArgumentException("not `own FORMAT STRUCT FIELD uuid TAG`: " + line);
        }
        return new Own(words[1], words[2], words[3], Integer.parseInt(words[5]));
    }

    boolean in(Structure owner) {
        return owner.name().equals(structure);
    }

    /** Its line in the schema language. */
    String schema(int flexibleFrom) {
        return name + " uuid " + flexibleFrom + "+ tag " + tag + " ignorable";
    }

    /** Gives a structure the field; the value is of its own. */
    void put(Object owner, int value) {
        List<RawTaggedField> tags = ((Message) owner).unknownTaggedFields();
        Uuid id = new Uuid(0x1122334455667788L, value);
        ByteBuffer bytes = ByteBuffer.allocate(UUID_BYTES);
        bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        tags.add(new RawTaggedField(tag, bytes.array()));
    }
}

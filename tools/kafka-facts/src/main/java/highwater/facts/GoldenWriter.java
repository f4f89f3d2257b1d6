package highwater.facts;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

/** Writes the bytes that Kafka's own code makes of sample messages (golden/wire/README.md). */
final class GoldenWriter {
    private GoldenWriter() {}

    static void message(Path golden, String name, List<Structure> all) throws Exception {
        Structure root = all.get(0);
        StringBuilder out = new StringBuilder();
        for (short v = root.lowest; v <= root.highest; v++) {
            lines(out, all, v, v, GoldenWriter::body);
        }
        write(golden.resolve(name + ".txt"), out);
    }

    /** The same for a format that has its version, or the type of its record, in front of it. */
    static void stored(Path golden, Stored stored) throws Exception {
        StringBuilder out = new StringBuilder();
        for (Stored.Part part : stored.parts()) {
            for (short v = part.root().lowest; v <= part.root().highest; v++) {
                lines(out, part.all(), v, part.shown(v), stored::bytes);
                if (part.mayOmit(v)) {
                    Message message = (Message) new Filler(part.all(), v, Filler.Nulls.ALL).message();
                    line(out, v, part.shown(v) + " nulls ", message, stored::bytes, false);
                }
                own(out, stored, part, v);
            }
        }
        write(golden.resolve("stored/" + Names.snake(stored.name()) + ".txt"), out);
    }

    /** A value with tagged fields of ours, which Kafka must read and write again. */
    private static void own(StringBuilder out, Stored stored, Stored.Part part, short version) throws Exception {
        boolean hasTags = stored.flexibleFrom() >= 0 && version >= stored.flexibleFrom();
        if (stored.own().isEmpty() || !hasTags) {
            return;
        }
        Message message = (Message) new Filler(part.all(), version, Filler.Nulls.NONE, stored.own()).message();
        byte[] bytes = stored.bytes(message, version);
        Message read = stored.read(bytes);
        if (!read.equals(message) || !Arrays.equals(stored.bytes(read, version), bytes)) {
            throw new IllegalStateException(stored.name() + ": Kafka does not read what is ours");
        }
        line(out, version, part.shown(version) + " own ", message, stored::bytes, false);
    }

    /** What turns a message into bytes. */
    interface Writer {
        byte[] bytes(Message message, short version);
    }

    private static void lines(StringBuilder out, List<Structure> all, short version, short shown, Writer writer)
            throws Exception {
        line(out, version, shown + " default ", (Message) all.get(0).make(), writer, true);
        Message full = (Message) new Filler(all, version, Filler.Nulls.NONE).message();
        line(out, version, shown + " full ", full, writer, false);
        Message nulls = (Message) new Filler(all, version, Filler.Nulls.PLAIN).message();
        line(out, version, shown + " null ", nulls, writer, false);
    }

    private static byte[] body(Message message, short version) {
        ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    static void headers(Path golden) throws Exception {
        StringBuilder out = new StringBuilder();
        for (short v = 1; v <= 2; v++) {
            RequestHeaderData header = new RequestHeaderData()
                    .setRequestApiKey((short) 3).setRequestApiVersion((short) 4).setCorrelationId(77);
            line(out, v, v + " null ", header.duplicate().setClientId(null), GoldenWriter::body, false);
            line(out, v, v + " full ", header.setClientId("client-é"), GoldenWriter::body, false);
        }
        write(golden.resolve("header/request.txt"), out);
        StringBuilder response = new StringBuilder();
        for (short v = 0; v <= 1; v++) {
            Message header = new ResponseHeaderData().setCorrelationId(77);
            line(response, v, v + " full ", header, GoldenWriter::body, false);
        }
        write(golden.resolve("header/response.txt"), response);
    }

    private static void write(Path file, StringBuilder out) throws Exception {
        Files.createDirectories(file.getParent());
        Files.writeString(file, out);
    }

    private static void line(StringBuilder out, short version, String head, Message message, Writer writer,
            boolean mayRefuse) throws Exception {
        try {
            byte[] bytes = writer.bytes(message, version);
            out.append(head).append(bytes.length == 0 ? "-" : HexFormat.of().formatHex(bytes));
            out.append(' ').append(json(message, version)).append('\n');
        } catch (UnsupportedVersionException | NullPointerException refused) {
            if (!mayRefuse) {
                throw refused;
            }
        }
    }

    private static JsonNode json(Message message, short version) throws ReflectiveOperationException {
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        return (JsonNode) converter.getMethod("write", message.getClass(), short.class)
                .invoke(null, message, version);
    }
}

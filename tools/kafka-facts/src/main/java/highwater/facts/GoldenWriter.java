package highwater.facts;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
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
            line(out, v, "default", (Message) root.make(), true);
            line(out, v, "full", (Message) new Filler(all, v, false).message(), false);
            line(out, v, "null", (Message) new Filler(all, v, true).message(), false);
        }
        write(golden.resolve(name + ".txt"), out);
    }

    static void headers(Path golden) throws Exception {
        StringBuilder out = new StringBuilder();
        for (short v = 1; v <= 2; v++) {
            RequestHeaderData header = new RequestHeaderData()
                    .setRequestApiKey((short) 3).setRequestApiVersion((short) 4).setCorrelationId(77);
            line(out, v, "null", header.duplicate().setClientId(null), false);
            line(out, v, "full", header.setClientId("client-é"), false);
        }
        write(golden.resolve("header/request.txt"), out);
        StringBuilder response = new StringBuilder();
        for (short v = 0; v <= 1; v++) {
            line(response, v, "full", new ResponseHeaderData().setCorrelationId(77), false);
        }
        write(golden.resolve("header/response.txt"), response);
    }

    private static void write(Path file, StringBuilder out) throws Exception {
        Files.createDirectories(file.getParent());
        Files.writeString(file, out);
    }

    private static void line(StringBuilder out, short version, String variant, Message message,
            boolean mayRefuse) throws Exception {
        try {
            ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            out.append(version).append(' ').append(variant).append(' ');
            out.append(bytes.length == 0 ? "-" : HexFormat.of().formatHex(bytes));
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

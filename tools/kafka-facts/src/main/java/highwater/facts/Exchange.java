package highwater.facts;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.Readable;

/** The bytes of one request and of its response. */
record Exchange(Api api, short version) {
    private static final short METADATA = 12;

    /** Makes a frame; the body is Kafka's JSON for the version, or hexadecimal, or `-` for none. */
    byte[] request(int correlation, String body) throws Exception {
        return join(header(correlation), body.startsWith("{") ? fromJson(body) : fromHex(body));
    }

    private byte[] header(int correlation) {
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(api.type().apiKey())
                .setRequestApiVersion(version).setCorrelationId(correlation).setClientId("exchange");
        return bytes(header, api.type().requestHeaderVersion(version));
    }

    private byte[] fromJson(String body) throws Exception {
        Class<?> converter = Class.forName(api.requestData().getName() + "JsonConverter");
        JsonNode node = new ObjectMapper().readTree(body);
        Object message = converter.getMethod("read", JsonNode.class, short.class).invoke(null, node, version);
        return bytes((Message) message, version);
    }

    private static byte[] fromHex(String body) {
        return HexFormat.of().parseHex(body.equals("-") ? "" : body);
    }

    /** Shows a response: hexadecimal, then what Kafka's converter makes of it, or `-` when it cannot be read. */
    String shown(byte[] response) throws ReflectiveOperationException {
        return response == null ? "closed -" : hex(response) + ' ' + json(response);
    }

    /** Returns the id that a broker gives to a member in its response; empty if it gives none. */
    String memberId(byte[] request, byte[] response) throws Exception {
        boolean mayGive = api.type() == ApiMessageType.JOIN_GROUP
                || api.type() == ApiMessageType.CONSUMER_GROUP_HEARTBEAT;
        if (!mayGive || response == null) {
            return "";
        }
        JsonNode answer = new ObjectMapper().readTree(json(response));
        Errors error = Errors.forCode((short) answer.path("errorCode").asInt());
        boolean gives = error == Errors.NONE || error == Errors.MEMBER_ID_REQUIRED;
        String id = answer.path("memberId").asText();
        // Who names itself gets its own name back.
        boolean isAsked = hex(request).contains(hex(id.getBytes(StandardCharsets.UTF_8)));
        return gives && !isAsked ? id : "";
    }

    /** Returns the id that a broker gives to a producer in its response; -1 if it gives none. */
    long producerId(byte[] response) throws Exception {
        boolean mayGive = api.type() == ApiMessageType.INIT_PRODUCER_ID || api.type() == ApiMessageType.END_TXN;
        String json = mayGive && response != null ? json(response) : "-";
        return json.equals("-") ? -1 : new ObjectMapper().readTree(json).path("producerId").asLong(-1);
    }

    private String json(byte[] response) throws ReflectiveOperationException {
        boolean known = version >= api.type().lowestSupportedVersion() && version <= api.newestStable();
        if (!known) {
            return "-";
        }
        ByteBufferAccessor from = new ByteBufferAccessor(ByteBuffer.wrap(response));
        new ResponseHeaderData(from, api.type().responseHeaderVersion(version));
        Class<?> type = api.responseData();
        Object body = type.getConstructor(Readable.class, short.class).newInstance(from, version);
        Class<?> converter = Class.forName(type.getName() + "JsonConverter");
        return converter.getMethod("write", type, short.class).invoke(null, body, version).toString();
    }

    /** Asks for the id that a broker gave a topic. */
    static Uuid topicId(Link link, String name) throws Exception {
        Exchange metadata = new Exchange(new Api(ApiMessageType.METADATA), METADATA);
        var topic = new MetadataRequestData.MetadataRequestTopic().setName(name);
        Message body = new MetadataRequestData().setTopics(List.of(topic)).setAllowAutoTopicCreation(false);
        byte[] answer = link.ask(join(metadata.header(0), bytes(body, METADATA)));
        ByteBufferAccessor from = new ByteBufferAccessor(ByteBuffer.wrap(answer));
        new ResponseHeaderData(from, (short) 1);
        return new MetadataResponseData(from, METADATA).topics().find(name).topicId();
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    static String hex(long high, long low) {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }

    private static byte[] bytes(Message message, short version) {
        ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static byte[] join(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
    }
}

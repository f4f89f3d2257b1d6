package highwater.facts;

import java.util.TreeSet;
import org.apache.kafka.common.message.ApiMessageType;

/** One API as ApiMessageType describes it. */
record Api(ApiMessageType type) {
    static Api named(String name) {
        for (ApiMessageType type : ApiMessageType.values()) {
            if (type.name.equals(name)) {
                return new Api(type);
            }
        }
        throw new IllegalArgumentException("no API is called " + name);
    }

    String name() {
        return type.name;
    }

    Class<?> requestData() throws ClassNotFoundException {
        return Class.forName("org.apache.kafka.common.message." + name() + "RequestData");
    }

    Class<?> responseData() throws ClassNotFoundException {
        return Class.forName("org.apache.kafka.common.message." + name() + "ResponseData");
    }

    /** The newest version that may be announced. */
    short newestStable() {
        return type.highestSupportedVersion(false);
    }

    /** First version with a flexible header, or -1. The header rules of the codec are checked here. */
    int flexibleFrom() {
        int from = -1;
        for (short v = type.lowestSupportedVersion(); v <= type.highestSupportedVersion(true); v++) {
            boolean flexible = type.requestHeaderVersion(v) == 2;
            if (flexible && from < 0) {
                from = v;
            }
            int response = name().equals("ApiVersions") ? 0 : flexible ? 1 : 0;
            if (flexible != (from >= 0) || type.responseHeaderVersion(v) != response) {
                throw new IllegalStateException(name() + " " + v + ": the header rule differs");
            }
        }
        return from;
    }

    String listeners() {
        TreeSet<String> names = new TreeSet<>();
        type.listeners().forEach(l -> names.add(l.name().toLowerCase()));
        return String.join(" ", names);
    }
}

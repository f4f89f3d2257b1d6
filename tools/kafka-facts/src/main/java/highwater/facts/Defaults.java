package highwater.facts;

import java.util.Collection;
import org.apache.kafka.common.Uuid;

/** The default of a member, read from a new object; null when it is the type's own zero. */
final class Defaults {
    private Defaults() {}

    static String text(Member member, Object fresh) throws IllegalAccessException {
        Object value = member.get(fresh);
        if (value == null) {
            return "null";
        }
        if (value instanceof Boolean flag) {
            return flag ? "true" : null;
        }
        if (value instanceof Number number) {
            return number.doubleValue() == 0 ? null : number.toString();
        }
        if (value instanceof String string) {
            return string.isEmpty() ? null : '"' + string + '"';
        }
        return zero(member, value);
    }

    private static String zero(Member member, Object value) {
        boolean empty = value instanceof Collection<?> c && c.isEmpty()
                || value instanceof byte[] bytes && bytes.length == 0
                || value instanceof java.nio.ByteBuffer buffer && !buffer.hasRemaining()
                || value.equals(Uuid.ZERO_UUID)
                || member.structure == value.getClass();
        if (!empty) {
            throw new IllegalStateException(member.name + " has the unexpected default " + value);
        }
        return null;
    }
}

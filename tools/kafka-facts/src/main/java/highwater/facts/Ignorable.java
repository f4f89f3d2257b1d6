package highwater.facts;

import java.util.Collection;
import java.util.List;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;

/** Finds out by trial which members may be set in a version that lacks them. */
final class Ignorable {
    private Ignorable() {}

    static void mark(List<Structure> all) throws ReflectiveOperationException {
        Structure root = all.get(0);
        for (Structure structure : all) {
            for (Member member : structure.members) {
                mark(all, root, structure, member);
            }
        }
    }

    private static void mark(List<Structure> all, Structure root, Structure owner, Member member)
            throws ReflectiveOperationException {
        for (short v = root.lowest; v <= root.highest; v++) {
            if (member.in(v)) {
                continue;
            }
            Object message = new Filler(all, v, Filler.Nulls.NONE).message();
            Filler any = new Filler(all, root.highest, Filler.Nulls.NONE);
            if (set(all, message, root, owner, member, any) > 0) {
                member.ignorable = writes((Message) message, v);
                return;
            }
        }
    }

    /** Sets the member in every object of its structure; returns how many there were. */
    private static int set(List<Structure> all, Object object, Structure at, Structure owner,
            Member member, Filler any) throws ReflectiveOperationException {
        int count = 0;
        if (at == owner) {
            member.set(object, any.value(member, object));
            count++;
        }
        for (Member inner : at.members) {
            Object value = inner.structure == null || inner == member ? null : inner.get(object);
            if (value == null) {
                continue;
            }
            Structure below = Structure.of(all, inner.structure);
            Collection<?> objects = value instanceof Collection<?> c ? c : List.of(value);
            for (Object one : objects) {
                count += set(all, one, below, owner, member, any);
            }
        }
        return count;
    }

    private static boolean writes(Message message, short version) {
        try {
            MessageUtil.toByteBufferAccessor(message, version);
            return true;
        } catch (UnsupportedVersionException refused) {
            return false;
        }
    }
}

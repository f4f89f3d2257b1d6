package highwater.facts;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field.TaggedFieldsSection;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/** A message or one of the structures inside it: its members in order, with their versions. */
final class Structure {
    final Class<?> java;
    final short lowest;
    final short highest;
    final List<Member> members = new ArrayList<>();
    final List<Short> flexible = new ArrayList<>();

    private Structure(Class<?> java) throws ReflectiveOperationException {
        this.java = java;
        this.lowest = java.getField("LOWEST_SUPPORTED_VERSION").getShort(null);
        this.highest = java.getField("HIGHEST_SUPPORTED_VERSION").getShort(null);
    }

    String name() {
        return java.getSimpleName();
    }

    /** Reads a message class; the first entry is the message, then its structures as they are met. */
    static List<Structure> ofMessage(Class<?> data) throws ReflectiveOperationException {
        Map<Class<?>, Structure> found = new LinkedHashMap<>();
        read(data, found);
        return new ArrayList<>(found.values());
    }

    Object make() throws ReflectiveOperationException {
        return java.getConstructor().newInstance();
    }

    static Structure of(List<Structure> all, Class<?> java) {
        return all.stream().filter(s -> s.java == java).findFirst().orElseThrow();
    }

    private static void read(Class<?> java, Map<Class<?>, Structure> found)
            throws ReflectiveOperationException {
        if (found.containsKey(java)) {
            return;
        }
        Structure structure = new Structure(java);
        found.put(java, structure);
        Map<String, Member> byName = new LinkedHashMap<>();
        for (Field field : java.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers()) && !hidden(field.getName())) {
                Member member = new Member(field);
                member.structure = structureOf(field);
                byName.put(member.name, member);
            }
        }
        Schema[] schemas = (Schema[]) java.getField("SCHEMAS").get(null);
        for (short v = structure.lowest; v <= structure.highest; v++) {
            structure.add(schemas[v], v, byName);
        }
        for (Member member : byName.values()) {
            if (member.versions.isEmpty()) {
                throw new IllegalStateException(java + ": no version has " + member.name);
            }
            member.defaultText = Defaults.text(member, structure.make());
            structure.members.add(member);
        }
        for (Member member : structure.members) {
            if (member.structure != null) {
                read(member.structure, found);
            }
        }
    }

    private static boolean hidden(String name) {
        return name.startsWith("_") || name.equals("next") || name.equals("prev");
    }

    private void add(Schema schema, short version, Map<String, Member> byName) {
        List<String> order = new ArrayList<>(byName.keySet());
        int last = -1;
        for (BoundField bound : schema.fields()) {
            if (!(bound.def instanceof TaggedFieldsSection)) {
                int at = order.indexOf(bound.def.name);
                if (at <= last) {
                    throw new IllegalStateException(java + ": " + bound.def.name + " has another place");
                }
                last = at;
            }
            if (bound.def instanceof TaggedFieldsSection section) {
                flexible.add(version);
                ((TaggedFields) section.type).fields().forEach((tag, field) -> {
                    Member member = add(byName, field.name, field.type, version);
                    member.tag = tag;
                });
            } else {
                add(byName, bound.def.name, bound.def.type, version);
            }
        }
    }

    private Member add(Map<String, Member> byName, String name, Type type, short version) {
        Member member = byName.get(name);
        if (member == null) {
            throw new IllegalStateException(java + ": no Java field for " + name);
        }
        String text = text(member, type);
        if (member.type != null && !member.type.equals(text)) {
            throw new IllegalStateException(java + ": " + name + " is " + member.type + " and " + text);
        }
        member.type = text;
        member.array = type.isArray();
        member.versions.put(version, type.isNullable());
        return member;
    }

    private static String text(Member member, Type type) {
        if (type.isArray()) {
            return "[]" + text(member, type.arrayElementType().orElseThrow());
        }
        if (type instanceof Schema) {
            return member.structure.getSimpleName();
        }
        String name = ((Type.DocumentedType) type).typeName().toLowerCase();
        name = name.replace("compact_", "").replace("nullable_", "");
        return name.equals("boolean") ? "bool" : name;
    }

    private static Class<?> structureOf(Field field) {
        Class<?> type = field.getType();
        if (Collection.class.isAssignableFrom(type)) {
            java.lang.reflect.Type generic =
                    type == List.class ? field.getGenericType() : type.getGenericSuperclass();
            type = (Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0];
        }
        return org.apache.kafka.common.protocol.Message.class.isAssignableFrom(type) ? type : null;
    }
}

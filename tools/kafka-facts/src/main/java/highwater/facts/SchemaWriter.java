package highwater.facts;

import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;

/** Writes an API in the schema language (schema/README.md). */
final class SchemaWriter {
    private SchemaWriter() {}

    static String text(Api api, List<Structure> request, List<Structure> response) {
        StringBuilder out = new StringBuilder();
        out.append("# Facts of Apache Kafka 4.3.1, written by tools/kafka-facts.\n");
        out.append("api ").append(api.name()).append(" key ").append(api.type().apiKey());
        int flexible = api.flexibleFrom();
        out.append(" flexible ").append(flexible < 0 ? "none" : flexible + "+").append('\n');
        out.append("listeners ").append(api.listeners()).append('\n');
        message(out, "request", request, api.newestStable(), owner -> List.of());
        message(out, "response", response, api.newestStable(), owner -> List.of());
        return out.toString();
    }

    /** Writes a format that is stored; that of a key is shown with the types of its records as versions. */
    static String text(Stored stored) throws ReflectiveOperationException {
        StringBuilder out = new StringBuilder();
        out.append("# Facts of Apache Kafka 4.3.1, written by tools/kafka-facts.\n");
        int flexible = stored.flexibleFrom();
        out.append("stored ").append(stored.name());
        out.append(" flexible ").append(flexible < 0 ? "none" : flexible + "+").append('\n');
        String versions = stored.lowest() + "-" + stored.highest();
        StringBuilder body = new StringBuilder();
        List<Structure> all = stored.newest().all();
        message(body, "versions", all, all.get(0).highest, owner -> own(stored, owner));
        String text = body.toString().replaceFirst("versions \\d+-\\d+", "versions " + versions);
        return out + (stored.isKey() ? text.replace(" 0+", " " + stored.lowest() + "+") : text);
    }

    private static List<String> own(Stored stored, Structure owner) {
        return stored.own().stream().filter(field -> field.in(owner)).map(f -> f.schema(stored.flexibleFrom())).toList();
    }

    private static void message(StringBuilder out, String kind, List<Structure> all, short stable,
            Function<Structure, List<String>> own) {
        Structure root = all.get(0);
        for (Structure structure : all) {
            out.append('\n');
            if (structure == root) {
                out.append(kind).append(' ').append(root.lowest).append('-').append(root.highest);
                if (stable < root.highest) {
                    out.append(" stable ").append(root.lowest).append('-').append(stable);
                }
                out.append('\n');
            } else {
                out.append("struct ").append(structure.name()).append(' ');
                out.append(range(structure.lowest, structure.highest, root.highest)).append('\n');
            }
            structure.members.forEach(m -> out.append("  ").append(member(m, root.highest)).append('\n'));
            own.apply(structure).forEach(line -> out.append("  ").append(line).append('\n'));
        }
    }

    private static String member(Member member, short newest) {
        StringBuilder out = new StringBuilder();
        out.append(member.name).append(' ').append(member.type).append(' ');
        out.append(range(member.versions.firstKey(), member.versions.lastKey(), newest));
        contiguous(member, new TreeSet<>(member.versions.keySet()));
        if (member.everNullable()) {
            TreeSet<Short> nullable = new TreeSet<>();
            member.versions.forEach((v, n) -> { if (n) nullable.add(v); });
            contiguous(member, nullable);
            out.append(" nullable ").append(range(nullable.first(), nullable.last(), newest));
        }
        if (member.tag >= 0) {
            out.append(" tag ").append(member.tag);
        }
        if (member.defaultText != null) {
            out.append(" default ").append(member.defaultText);
        }
        if (member.ignorable) {
            out.append(" ignorable");
        }
        return out.toString();
    }

    private static void contiguous(Member member, TreeSet<Short> versions) {
        if (versions.last() - versions.first() + 1 != versions.size()) {
            throw new IllegalStateException(member.name + " has a gap in " + versions);
        }
    }

    private static String range(short from, short to, short newest) {
        return to == newest ? from + "+" : from == to ? "" + from : from + "-" + to;
    }
}

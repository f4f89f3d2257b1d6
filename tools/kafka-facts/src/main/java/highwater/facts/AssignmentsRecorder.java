package highwater.facts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.ConsumerGroupPartitionAssignor;
import org.apache.kafka.coordinator.group.api.assignor.MemberAssignment;
import org.apache.kafka.coordinator.group.api.assignor.SubscribedTopicDescriber;
import org.apache.kafka.coordinator.group.api.assignor.SubscriptionType;
import org.apache.kafka.coordinator.group.assignor.RangeAssignor;
import org.apache.kafka.coordinator.group.assignor.UniformAssignor;
import org.apache.kafka.coordinator.group.modern.Assignment;
import org.apache.kafka.coordinator.group.modern.GroupSpecImpl;
import org.apache.kafka.coordinator.group.modern.MemberSubscriptionAndAssignmentImpl;

/**
 * Runs the assignors of Kafka's coordinator over groups that a seed makes, step by step, and writes what they say.
 * Argument: the file. golden/assign/README.md tells the form.
 */
public final class AssignmentsRecorder {
    private static final int GROUPS = 36;
    private static final int STEPS = 6;

    private static final class Member {
        String instance = "-";
        String rack = "-";
        Set<Integer> topics = new TreeSet<>();
        Map<Integer, Set<Integer>> current = new TreeMap<>();
    }

    private final Random random;
    private final boolean alike;
    private final Map<Integer, Integer> topics = new TreeMap<>();
    private final Map<String, Member> members = new TreeMap<>();
    private int named;

    private AssignmentsRecorder(int seed) {
        random = new Random(seed);
        alike = seed % 2 == 0;
        int size = seed % 6 == 5 ? 40 : 12;
        int count = 1 + random.nextInt(seed % 6 == 5 ? 8 : 5);
        for (int topic = 0; topic < count; topic++) {
            topics.put(topic, 1 + random.nextInt(random.nextInt(3) == 0 ? 4 : 32));
        }
        if (random.nextInt(3) == 0) {
            topics.replaceAll((topic, partitions) -> topics.get(0));
        }
        for (int n = 1 + random.nextInt(size); n > 0; n--) {
            join();
        }
    }

    public static void main(String[] args) throws IOException {
        List<String> lines = new ArrayList<>();
        lines.add("# Assignments of Apache Kafka 4.3.1, written by tools/kafka-facts; README.md tells the form.");
        for (int seed = 0; seed < GROUPS; seed++) {
            AssignmentsRecorder group = new AssignmentsRecorder(seed);
            group.record(lines, seed + " formed");
            for (int step = 1; step < STEPS; step++) {
                group.record(lines, seed + " " + group.change());
            }
        }
        Files.writeString(Path.of(args[0]), String.join("\n", lines) + "\n");
    }

    private void join() {
        Member member = new Member();
        String id = String.format("m%02d", random.nextInt(100)) + "-" + named++;
        if (random.nextInt(4) == 0) {
            member.instance = "i" + random.nextInt(10) + "-" + named;
        }
        if (random.nextInt(3) == 0) {
            member.rack = "r" + random.nextInt(3);
        }
        member.topics = subscription();
        members.put(id, member);
    }

    private Set<Integer> subscription() {
        Set<Integer> chosen = new TreeSet<>(topics.keySet());
        if (!alike) {
            chosen.removeIf(topic -> random.nextInt(5) < 2);
        }
        return chosen;
    }

    private String change() {
        switch (random.nextInt(6)) {
            case 0:
                join();
                return "joined";
            case 1:
                for (int n = 1 + random.nextInt(5); n > 0; n--) {
                    join();
                }
                return "several-joined";
            case 2:
                if (members.size() > 1) {
                    members.remove(any());
                }
                return "left";
            case 3:
                int grown = random.nextInt(topics.size());
                topics.merge(grown, 1 + random.nextInt(12), Integer::sum);
                return "grown";
            case 4:
                if (alike) {
                    topics.put(topics.size(), 1 + random.nextInt(16));
                    members.values().forEach(member -> member.topics = subscription());
                    return "subscribed";
                }
                members.get(any()).topics = subscription();
                return "subscribed";
            default:
                members.get(any()).current = new TreeMap<>();
                return "forgotten";
        }
    }

    private String any() {
        return new ArrayList<>(members.keySet()).get(random.nextInt(members.size()));
    }

    private void record(List<String> lines, String name) {
        Map<String, Map<Integer, Set<Integer>>> range = run(new RangeAssignor());
        Map<String, Map<Integer, Set<Integer>>> uniform = run(new UniformAssignor());
        lines.add("group " + name);
        topics.forEach((topic, partitions) -> lines.add("topic " + topic + " " + partitions));
        members.forEach((id, member) -> lines.add(String.join(" ", "member", id, member.instance, member.rack,
            or(member.topics.stream().map(String::valueOf).collect(Collectors.joining(","))),
            text(member.current), text(range.get(id)), text(uniform.get(id)))));
        members.forEach((id, member) -> member.current = uniform.get(id));
    }

    private Map<String, Map<Integer, Set<Integer>>> run(ConsumerGroupPartitionAssignor assignor) {
        Map<String, MemberSubscriptionAndAssignmentImpl> specs = new TreeMap<>();
        Map<Uuid, Map<Integer, String>> owners = new HashMap<>();
        members.forEach((id, member) -> {
            Map<Uuid, Set<Integer>> current = new HashMap<>();
            member.current.forEach((topic, partitions) -> {
                current.put(id(topic), new TreeSet<>(partitions));
                partitions.forEach(partition ->
                    owners.computeIfAbsent(id(topic), key -> new HashMap<>()).put(partition, id));
            });
            specs.put(id, new MemberSubscriptionAndAssignmentImpl(given(member.rack), given(member.instance),
                member.topics.stream().map(AssignmentsRecorder::id).collect(Collectors.toSet()),
                new Assignment(current)));
        });
        boolean same = members.values().stream().map(member -> member.topics).distinct().count() == 1;
        GroupSpecImpl spec = new GroupSpecImpl(specs,
            same ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS, owners);
        Map<String, MemberAssignment> assigned = assignor.assign(spec, describer()).members();
        Map<String, Map<Integer, Set<Integer>>> result = new TreeMap<>();
        for (String id : members.keySet()) {
            Map<Integer, Set<Integer>> numbers = new TreeMap<>();
            if (assigned.containsKey(id)) {
                assigned.get(id).partitions().forEach((topic, partitions) ->
                    numbers.put((int) topic.getLeastSignificantBits(), new TreeSet<>(partitions)));
            }
            numbers.values().removeIf(Set::isEmpty);
            result.put(id, numbers);
        }
        return result;
    }

    private SubscribedTopicDescriber describer() {
        return new SubscribedTopicDescriber() {
            @Override
            public int numPartitions(Uuid topic) {
                return topics.getOrDefault((int) topic.getLeastSignificantBits(), -1);
            }

            @Override
            public Set<String> racksForPartition(Uuid topic, int partition) {
                return Set.of("r" + partition % 3);
            }
        };
    }

    private static Uuid id(int topic) {
        return new Uuid(1, topic);
    }

    private static Optional<String> given(String text) {
        return text.equals("-") ? Optional.empty() : Optional.of(text);
    }

    private static String or(String text) {
        return text.isEmpty() ? "-" : text;
    }

    private static String text(Map<Integer, Set<Integer>> assignment) {
        return or(assignment.entrySet().stream()
            .map(entry -> entry.getKey() + ":" + ranges(new ArrayList<>(new TreeSet<>(entry.getValue()))))
            .collect(Collectors.joining(";")));
    }

    private static String ranges(List<Integer> sorted) {
        List<String> parts = new ArrayList<>();
        for (int at = 0; at < sorted.size();) {
            int end = at;
            while (end + 1 < sorted.size() && sorted.get(end + 1) == sorted.get(end) + 1) {
                end++;
            }
            parts.add(end == at ? "" + sorted.get(at) : sorted.get(at) + "-" + sorted.get(end));
            at = end + 1;
        }
        return String.join(",", parts);
    }
}

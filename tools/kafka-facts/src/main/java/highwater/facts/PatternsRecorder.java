package highwater.facts;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Asks RE2/J, as Kafka's coordinator does, which of some names the whole of which matches a pattern.
 * Arguments: the list of patterns, the file. golden/assign/README.md tells the form of both.
 */
public final class PatternsRecorder {
    public static void main(String[] args) throws IOException {
        List<String> names = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        lines.add("# Answers of RE2/J 1.8, written by tools/kafka-facts; README.md tells the form.");
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            if (line.startsWith("names ")) {
                names.addAll(List.of(line.substring(6).split(" ")));
                lines.add(line);
            } else if (line.startsWith("pattern ")) {
                String pattern = line.substring(8);
                lines.add(pattern + "\t" + answer(pattern, names));
            }
        }
        Files.writeString(Path.of(args[1]), String.join("\n", lines) + "\n");
    }

    private static String answer(String text, List<String> names) {
        try {
            Pattern pattern = Pattern.compile(text);
            return "matches " + names.stream().filter(name -> pattern.matcher(name).matches())
                .collect(Collectors.joining(" "));
        } catch (PatternSyntaxException refusal) {
            return "refused";
        }
    }
}

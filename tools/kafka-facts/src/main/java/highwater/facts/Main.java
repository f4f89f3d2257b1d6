package highwater.facts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.message.ApiMessageType;

/**
 * Writes schema/** and golden/wire/** for every API named in apis.txt and every format in stored.txt, and
 * schema/announced.tsv for all APIs. Arguments: both lists, the schema folder, the golden folder.
 */
public final class Main {
    private static final String OWN = "own ";

    public static void main(String[] args) throws Exception {
        Path schema = Path.of(args[2]);
        Path golden = Path.of(args[3]);
        for (String line : lines(args[0])) {
            write(Api.named(line), schema, golden);
        }
        List<Own> own = lines(args[1]).stream().filter(l -> l.startsWith(OWN)).map(Own::of).toList();
        for (String line : lines(args[1])) {
            if (!line.startsWith(OWN)) {
                write(Stored.of(line, own), schema.resolve("stored"), golden);
            }
        }
        Announced.write(schema.resolve("announced.tsv"));
        GoldenWriter.headers(golden);
    }

    private static List<String> lines(String file) throws IOException {
        return Files.readAllLines(Path.of(file)).stream().filter(l -> !l.isBlank() && !l.startsWith("#"))
            .map(String::trim).toList();
    }

    private static void write(Stored stored, Path schema, Path golden) throws Exception {
        Files.createDirectories(schema);
        Files.writeString(schema.resolve(Names.snake(stored.name()) + ".txt"), SchemaWriter.text(stored));
        GoldenWriter.stored(golden, stored);
    }

    private static void write(Api api, Path schema, Path golden) throws Exception {
        List<Structure> request = Structure.ofMessage(api.requestData());
        List<Structure> response = Structure.ofMessage(api.responseData());
        Ignorable.mark(request);
        Ignorable.mark(response);
        String file = Names.snake(api.name());
        Files.createDirectories(schema);
        Files.writeString(schema.resolve(file + ".txt"), SchemaWriter.text(api, request, response));
        GoldenWriter.message(golden, file + "/request", request);
        GoldenWriter.message(golden, file + "/response", response);
    }
}

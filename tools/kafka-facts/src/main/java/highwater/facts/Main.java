package highwater.facts;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.message.ApiMessageType;

/**
 * Writes schema/*.txt and golden/wire/** for every API named in apis.txt, and schema/announced.tsv for all.
 * Arguments: the list of APIs, the schema folder, the golden folder.
 */
public final class Main {
    public static void main(String[] args) throws Exception {
        Path schema = Path.of(args[1]);
        Path golden = Path.of(args[2]);
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            if (!line.isBlank() && !line.startsWith("#")) {
                write(Api.named(line.trim()), schema, golden);
            }
        }
        Announced.write(schema.resolve("announced.tsv"));
        GoldenWriter.headers(golden);
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

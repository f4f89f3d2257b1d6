package highwater.facts;

import java.util.Base64;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** A batch of a producer, for the `records` of a request: `KIND PRODUCER EPOCH SEQUENCE COUNT`. */
record Batch(boolean isTransactional, long producer, short epoch, int sequence, int count) {
    /** Old, so that it is the same in every recording. */
    private static final long TIMESTAMP = 1_700_000_000_000L;

    static Batch of(String[] words, long producer) {
        boolean transactional = words[0].equals("transactional");
        if (words.length != 5 || !transactional && !words[0].equals("idempotent")) {
            throw new IllegalArgumentException("not KIND PRODUCER EPOCH SEQUENCE COUNT: " + String.join(" ", words));
        }
        short epoch = Short.parseShort(words[2]);
        return new Batch(transactional, producer, epoch, Integer.parseInt(words[3]), Integer.parseInt(words[4]));
    }

    /** The batch as Kafka's JSON has bytes. Its values say epoch and sequence. */
    String base64() {
        SimpleRecord[] records = IntStream.range(sequence, sequence + count)
            .mapToObj(at -> new SimpleRecord(TIMESTAMP, (epoch + "-" + at).getBytes())).toArray(SimpleRecord[]::new);
        MemoryRecords batch = isTransactional
            ? MemoryRecords.withTransactionalRecords(Compression.NONE, producer, epoch, sequence, records)
            : MemoryRecords.withIdempotentRecords(Compression.NONE, producer, epoch, sequence, records);
        byte[] bytes = new byte[batch.sizeInBytes()];
        batch.buffer().duplicate().get(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.utils.*;
import org.apache.kafka.storage.internals.log.*;

/** Prints one record batch a line: name, a space, hex. Tests of the wire crate read the output. */
public class RecordVectors {
    static final long T = 1_700_000_000_000L;

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static MemoryRecordsBuilder builder(Compression codec, TimestampType type, long id, short epoch, int seq, boolean txn) {
        return new MemoryRecordsBuilder(ByteBuffer.allocate(1 << 18), RecordBatch.MAGIC_VALUE_V2, codec, type, 0L,
            type == TimestampType.LOG_APPEND_TIME ? T + 77 : RecordBatch.NO_TIMESTAMP, id, epoch, seq, txn, false, -1, 1 << 18);
    }

    static MemoryRecords small(MemoryRecordsBuilder b) {
        Header x = new RecordHeader("h1", utf8("x")), none = new RecordHeader("h2", (byte[]) null), empty = new RecordHeader("h1", new byte[0]);
        b.append(T, utf8("k0"), utf8("v0"), new Header[0]);
        b.append(T + 5, null, utf8("value one"), new Header[] {x, none});
        b.append(T - 3, utf8("k2"), null, new Header[] {empty});
        b.append(T + 1000, utf8(""), utf8(""), new Header[0]);
        b.append(T + 2, utf8("gr\u00f6\u00dfe"), utf8("a".repeat(200)), new Header[0]);
        return b.build();
    }

    static MemoryRecords large(MemoryRecordsBuilder b) {
        for (int i = 0; i < 3; i++) b.append(T + i, null, utf8("0123456789abcdef".repeat(3125)), new Header[0]);
        return b.build();
    }

    static MemoryRecordsBuilder plain(Compression codec) {
        return builder(codec, TimestampType.CREATE_TIME, -1L, (short) -1, -1, false);
    }

    static void print(String name, MemoryRecords records) {
        ByteBuffer buffer = records.buffer().duplicate();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        System.out.println(name + " " + HexFormat.of().formatHex(bytes));
    }

    /** What the broker stores: offset 1000, leader epoch 9, its clock at T + 500. */
    static void stored(String name, MemoryRecords records, TimestampType type) {
        MutableRecordBatch batch = records.batches().iterator().next();
        CompressionType codec = batch.compressionType();
        LogValidator v = new LogValidator(records, new TopicPartition("t", 0), new Clock(), codec,
            Compression.of(codec).build(), false, RecordBatch.MAGIC_VALUE_V2, type, Long.MAX_VALUE, 3_600_000L, 9, AppendOrigin.CLIENT);
        print(name, v.validateMessagesAndAssignOffsets(PrimitiveRef.ofLong(1000), new Unmeasured(), BufferSupplier.NO_CACHING).validatedRecords());
    }

    public static void main(String[] args) {
        for (CompressionType type : CompressionType.values()) {
            Compression codec = Compression.of(type).build();
            print(type.name + "-small", small(plain(codec)));
            if (type != CompressionType.NONE) print(type.name + "-large", large(plain(codec)));
            stored(type.name + "-stored-create", small(plain(codec)), TimestampType.CREATE_TIME);
            stored(type.name + "-stored-append", small(plain(codec)), TimestampType.LOG_APPEND_TIME);
            MemoryRecords wrong = small(plain(codec));
            wrong.batches().iterator().next().setMaxTimestamp(TimestampType.CREATE_TIME, T + 999_999);
            print(type.name + "-wrong-max", wrong);
            stored(type.name + "-wrong-max-stored", wrong, TimestampType.CREATE_TIME);
        }
        Compression none = Compression.NONE;
        print("idempotent", small(builder(none, TimestampType.CREATE_TIME, 42L, (short) 3, 7, false)));
        print("transactional", small(builder(none, TimestampType.CREATE_TIME, 42L, (short) 3, 7, true)));
        print("append-time", small(builder(none, TimestampType.LOG_APPEND_TIME, -1L, (short) -1, -1, false)));
        MemoryRecordsBuilder nothing = plain(none);
        nothing.append(RecordBatch.NO_TIMESTAMP, (byte[]) null, (byte[]) null, new Header[0]);
        print("no-timestamp", nothing.build());
        print("commit", MemoryRecords.withEndTransactionMarker(0L, T, -1, 42L, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 11)));
        print("abort", MemoryRecords.withEndTransactionMarker(0L, T, -1, 42L, (short) 3, new EndTransactionMarker(ControlRecordType.ABORT, 11)));
    }
}

/** A clock that stands at T + 500. */
class Clock implements Time {
    public long milliseconds() { return RecordVectors.T + 500; }
    public long nanoseconds() { return milliseconds() * 1_000_000; }
    public void sleep(long ms) { }
    public void waitObject(Object lock, java.util.function.Supplier<Boolean> done, long deadline) { }
}

/** Metrics that nobody reads. */
class Unmeasured implements LogValidator.MetricsRecorder {
    public void recordInvalidMagic() { }
    public void recordInvalidOffset() { }
    public void recordInvalidSequence() { }
    public void recordInvalidChecksums() { }
    public void recordNoKeyCompactedTopic() { }
}

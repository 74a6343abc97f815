package fraud.bench;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** The row of one source partition in the state store. */
record Counts(long authorized, long unauthorized, long deadLetters, long nextOffset) {

  static final Counts NONE = new Counts(0, 0, 0, 0);

  /**
   * Four big-endian longs. The row is written for every record (the cache keeps all but the last of
   * a commit interval from the changelog), so JSON would cost more than it tells.
   */
  static final Serde<Counts> SERDE =
      Serdes.serdeFrom(
          (topic, row) ->
              ByteBuffer.allocate(4 * Long.BYTES)
                  .putLong(row.authorized)
                  .putLong(row.unauthorized)
                  .putLong(row.deadLetters)
                  .putLong(row.nextOffset)
                  .array(),
          (topic, bytes) -> bytes == null ? null : from(ByteBuffer.wrap(bytes)));

  Counts withVerdict(boolean verdict, long offset) {
    return new Counts(
        authorized + (verdict ? 1 : 0), unauthorized + (verdict ? 0 : 1), deadLetters, offset + 1);
  }

  Counts withDeadLetter(long offset) {
    return new Counts(authorized, unauthorized, deadLetters + 1, offset + 1);
  }

  private static Counts from(ByteBuffer row) {
    return new Counts(row.getLong(), row.getLong(), row.getLong(), row.getLong());
  }
}

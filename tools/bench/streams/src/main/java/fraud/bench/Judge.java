package fraud.bench;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;
import java.util.List;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;

/** Judges each account, sends the verdict on, counts it in the row of its source partition. */
final class Judge implements Processor<byte[], byte[], Object, Object> {

  static final String COUNTS = "verdict_counts";
  static final String VERDICTS = "verdicts";
  static final String DEAD_LETTERS = "dead-letters";

  private static final ObjectReader ACCOUNTS = strict().readerFor(BankAccount.class);
  private static final int SHOWN_DIGITS = 4;

  /** As long as the version of a rule set. */
  private static final String RULES = "000000000000";

  private final KeyedHash tokens;
  private final SimulatedVeritas veritas;
  private ProcessorContext<Object, Object> context;
  private KeyValueStore<Integer, Counts> counts;

  Judge(KeyedHash tokens, SimulatedVeritas veritas) {
    this.tokens = tokens;
    this.veritas = veritas;
  }

  @Override
  public void init(ProcessorContext<Object, Object> context) {
    this.context = context;
    this.counts = context.getStateStore(COUNTS);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RecordMetadata source = context.recordMetadata().orElseThrow();
    Counts row = counts.get(source.partition());
    row = row == null ? Counts.NONE : row;
    BankAccount account = accountIn(record.value());
    if (account == null) {
      context.forward(deadLetter(record, source), DEAD_LETTERS);
      counts.put(source.partition(), row.withDeadLetter(source.offset()));
      return;
    }
    Verdict verdict = judge(account, source);
    context.forward(record.withKey(verdict.account()).withValue(verdict), VERDICTS);
    counts.put(source.partition(), row.withVerdict(verdict.authorized(), source.offset()));
  }

  private Verdict judge(BankAccount account, RecordMetadata source) {
    String digits = Screening.digitsOf(account.creditCardNumber());
    List<String> reasons = Screening.reasonsAgainst(account, digits);
    Boolean answer = reasons.isEmpty() ? veritas.authorizes(account, digits) : null;
    if (Boolean.FALSE.equals(answer)) {
      reasons.add("veritas_declined");
    }
    return new Verdict(
        source.topic() + '-' + source.partition() + '-' + source.offset(),
        source.topic(),
        source.partition(),
        source.offset(),
        tokens.token(digits),
        masked(digits),
        account.amount(),
        reasons.isEmpty(),
        reasons,
        context.currentSystemTimeMs(),
        tokens.keyId(),
        reasons.isEmpty() ? "authorized" : "unauthorized",
        0,
        RULES,
        answer);
  }

  /** Takes types as they are, no number for a text or the other way round, as the worker does. */
  private static ObjectMapper strict() {
    JsonMapper mapper =
        JsonMapper.builder()
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    for (var shape :
        List.of(
            CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean)) {
      mapper.coercionConfigFor(LogicalType.Textual).setCoercion(shape, CoercionAction.Fail);
    }
    return mapper;
  }

  private static BankAccount accountIn(byte[] value) {
    if (value == null) {
      return null;
    }
    try {
      BankAccount account = ACCOUNTS.readValue(value);
      return account != null && account.isComplete() ? account : null;
    } catch (IOException notAnAccount) {
      return null;
    }
  }

  private static Record<Object, Object> deadLetter(
      Record<byte[], byte[]> record, RecordMetadata source) {
    Headers headers = new RecordHeaders();
    headers.add("error", "not_an_account".getBytes());
    headers.add("topic", source.topic().getBytes());
    headers.add("partition", Integer.toString(source.partition()).getBytes());
    headers.add("offset", Long.toString(source.offset()).getBytes());
    Object letter = new DeadLetter(record.value(), source.partition());
    return new Record<>(record.key(), letter, record.timestamp(), headers);
  }

  private static String masked(String digits) {
    return digits.length() < SHOWN_DIGITS || !Screening.isAllDigits(digits)
        ? "*".repeat(16)
        : "************" + digits.substring(digits.length() - SHOWN_DIGITS);
  }
}

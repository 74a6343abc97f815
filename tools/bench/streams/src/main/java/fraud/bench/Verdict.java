package fraud.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/** One verdict, with the fields of the stream's contract in its order. */
record Verdict(
    String id,
    String topic,
    int partition,
    long offset,
    String account,
    String card,
    double amount,
    boolean authorized,
    List<String> reasons,
    @JsonProperty("verified_at") long verifiedAt,
    String key,
    String outcome,
    int score,
    String rules,
    Boolean veritas) {}

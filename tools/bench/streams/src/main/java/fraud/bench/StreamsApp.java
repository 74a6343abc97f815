package fraud.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.state.Stores;

/**
 * The program: accounts in, verdicts and dead letters out, a count for each source partition.
 *
 * <p>It reads the worker's own environment variables, and BENCH_STATE for its state's folder.
 */
public final class StreamsApp {

  private static final ObjectWriter JSON = new ObjectMapper().writerFor(Verdict.class);

  private StreamsApp() {}

  public static void main(String[] arguments) throws InterruptedException {
    KafkaStreams streams = new KafkaStreams(topology(), settings());
    CountDownLatch ended = new CountDownLatch(1);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.ERROR) {
            ended.countDown();
          }
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
    ended.await();
    System.exit(1);
  }

  private static Topology topology() {
    String tokenKey = environment("FRAUD_TOKEN_KEY", "bench");
    long seed = Long.parseLong(environment("FRAUD_VERITAS_SEED", "0"));
    double approvalRate = Double.parseDouble(environment("FRAUD_APPROVAL_RATE", "0.5"));
    // In memory like the worker's table; cached, as the DSL's stores are, so that the changelog
    // gets a row for each partition and commit, not for each record.
    var counts =
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(Judge.COUNTS), Serdes.Integer(), Counts.SERDE)
            .withCachingEnabled();
    StreamPartitioner<String, Verdict> beside =
        (topic, key, verdict, partitions) -> Optional.of(Set.of(verdict.partition()));
    StreamPartitioner<byte[], DeadLetter> besideToo =
        (topic, key, letter, partitions) -> Optional.of(Set.of(letter.partition()));
    return new Topology()
        .addSource(
            "accounts",
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer(),
            environment("FRAUD_ACCOUNTS_TOPIC", "bankaccount"))
        .addProcessor(
            "judge",
            () -> new Judge(new KeyedHash(tokenKey), new SimulatedVeritas(seed, approvalRate)),
            "accounts")
        .addStateStore(counts, "judge")
        .addSink(
            Judge.VERDICTS,
            environment("FRAUD_VERDICTS_TOPIC", "account_verdicts"),
            new StringSerializer(),
            (topic, verdict) -> json(verdict),
            beside,
            "judge")
        .addSink(
            Judge.DEAD_LETTERS,
            environment("FRAUD_DEAD_LETTERS_TOPIC", "bankaccount_dead_letters"),
            new ByteArraySerializer(),
            (topic, letter) -> letter.value(),
            besideToo,
            "judge");
  }

  private static Properties settings() {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, environment("FRAUD_APP_ID", "fraud-app"));
    settings.put(
        StreamsConfig.BOOTSTRAP_SERVERS_CONFIG,
        environment("FRAUD_BROKER", "kafka://localhost:9092").replace("kafka://", ""));
    settings.put(StreamsConfig.STATE_DIR_CONFIG, environment("BENCH_STATE", "target/state"));
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    // The default of exactly_once_v2, said here because latency and throughput hang on it.
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    // 16 KiB, the default, holds about 50 verdicts; larger ones save requests.
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 128 * 1024);
    return settings;
  }

  private static byte[] json(Verdict verdict) {
    try {
      return JSON.writeValueAsBytes(verdict);
    } catch (JsonProcessingException error) {
      throw new SerializationException(error);
    }
  }

  private static String environment(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}

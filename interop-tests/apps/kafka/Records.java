package tskeeper.apps;

import static tskeeper.apps.KafkaClients.PATIENCE_MS;
import static tskeeper.apps.KafkaClients.done;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;

/** Records, each with its number as key and text, sent and read by groups, by transactions, and by themselves. */
final class Records {
  private final KafkaClients clients;
  private final Map<String, KafkaProducer<String, String>> transactions = new HashMap<>();

  private Records(KafkaClients clients) {
    this.clients = clients;
  }

  static void list(Map<String, Dialogue.Verb> verbs, KafkaClients clients) {
    Records records = new Records(clients);
    verbs.put("produce", words -> records.produce(words[0], Integer.parseInt(words[1]), Integer.parseInt(words[2])));
    verbs.put("produceOne", words -> records.produceOne(words[0], Integer.parseInt(words[1])));
    verbs.put("consume", words -> records.consume(words[0], words[1], Integer.parseInt(words[2])));
    verbs.put("committed", words -> records.committed(words[0], words[1]));
    verbs.put("read", words -> describe(read(clients, words[0], words[1])));
    verbs.put("begin", words -> records.begin(words[0], words[1], words[2], Integer.parseInt(words[3]), Integer.parseInt(words[4])));
    verbs.put("commit", words -> records.end(words[0], KafkaProducer::commitTransaction));
    verbs.put("abort", words -> records.end(words[0], KafkaProducer::abortTransaction));
  }

  /** Sends the records from ‥ to − 1 and waits until the broker has acknowledged them all. */
  private String produce(String topic, int from, int to) throws Exception {
    try (KafkaProducer<String, String> producer = clients.producer(Map.of())) {
      return Integer.toString(send(producer, topic, from, to));
    }
  }

  private static int send(KafkaProducer<String, String> producer, String topic, int from, int to) throws Exception {
    List<Future<?>> sent = new ArrayList<>();
    for (int i = from; i < to; i++) sent.add(producer.send(new ProducerRecord<>(topic, Integer.toString(i), textOf(i))));
    for (Future<?> future : sent) done(future);
    return sent.size();
  }

  /** Sends one record of that size and tells whether the broker asked the client to slow down. */
  private String produceOne(String topic, int sizeBytes) throws Exception {
    try (KafkaProducer<String, String> producer = clients.producer(Map.of())) {
      done(producer.send(new ProducerRecord<>(topic, "x".repeat(sizeBytes))));
      double throttledMs = 0;
      for (Metric metric : producer.metrics().values()) {
        if (metric.metricName().name().equals("produce-throttle-time-max")) throttledMs = (Double) metric.metricValue();
      }
      return throttledMs > 0 ? "slowed down" : "at full speed";
    }
  }

  /** Reads `wanted` records as a member of the group and commits them. */
  private String consume(String topic, String group, int wanted) throws Exception {
    long deadline = Check.deadline(PATIENCE_MS);
    Map<Integer, Integer> counts = new TreeMap<>();
    try (KafkaConsumer<String, String> consumer = clients.consumer(Map.of("group.id", group))) {
      consumer.subscribe(List.of(topic));
      for (int records = 0; records < wanted && System.nanoTime() < deadline;) {
        ConsumerRecords<String, String> polled = consumer.poll(Duration.ofMillis(200));
        records += polled.count();
        count(polled, counts);
      }
      consumer.commitSync(Duration.ofMillis(PATIENCE_MS));
    }
    return describe(counts);
  }

  /** How often each number is in the topic now, for a reader of "read_committed" or "read_uncommitted". */
  static Map<Integer, Integer> read(KafkaClients clients, String topic, String isolation) throws Exception {
    long deadline = Check.deadline(PATIENCE_MS);
    Map<Integer, Integer> counts = new TreeMap<>();
    try (KafkaConsumer<String, String> consumer = clients.consumer(Map.of("isolation.level", isolation))) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream().map(info -> new TopicPartition(info.topic(), info.partition())).toList();
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (!partitions.stream().allMatch(partition -> consumer.position(partition) >= ends.get(partition))) {
        count(consumer.poll(Duration.ofMillis(200)), counts);
        Check.that(System.nanoTime() < deadline, "the end is not reached: " + ends + ", read " + describe(counts));
      }
    }
    return counts;
  }

  private static void count(ConsumerRecords<String, String> polled, Map<Integer, Integer> counts) {
    for (ConsumerRecord<String, String> record : polled) {
      int number = Integer.parseInt(record.key());
      Check.equal("record " + number, textOf(number), record.value());
      counts.merge(number, 1, Integer::sum);
    }
  }

  /** "R records, D distinct, smallest to largest". */
  private static String describe(Map<Integer, Integer> counts) {
    TreeMap<Integer, Integer> sorted = new TreeMap<>(counts);
    int records = counts.values().stream().mapToInt(Integer::intValue).sum();
    String range = sorted.isEmpty() ? "none" : sorted.firstKey() + " to " + sorted.lastKey();
    return records + " records, " + sorted.size() + " distinct, " + range;
  }

  static String textOf(int number) {
    return "record-" + number;
  }

  /** The sum of the group's committed offsets over the topic's partitions. */
  private String committed(String topic, String group) throws Exception {
    try (Admin admin = clients.admin()) {
      long sum = 0;
      Map<TopicPartition, OffsetAndMetadata> offsets = done(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
      for (Map.Entry<TopicPartition, OffsetAndMetadata> entry : offsets.entrySet()) {
        if (entry.getKey().topic().equals(topic)) sum += entry.getValue().offset();
      }
      return Long.toString(sum);
    }
  }

  /** Begins a transaction and sends the records in it; `name` is for its end. */
  private String begin(String name, String id, String topic, int from, int to) throws Exception {
    KafkaProducer<String, String> producer = clients.producer(Map.of("transactional.id", id, "transaction.timeout.ms", 300_000));
    transactions.put(name, producer);
    producer.initTransactions();
    producer.beginTransaction();
    return Integer.toString(send(producer, topic, from, to));
  }

  private interface Ending {
    void of(KafkaProducer<String, String> producer);
  }

  private String end(String name, Ending ending) {
    try (KafkaProducer<String, String> producer = transactions.remove(name)) {
      ending.of(producer);
      return "ended";
    }
  }
}

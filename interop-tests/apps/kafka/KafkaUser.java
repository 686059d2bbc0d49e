package tskeeper.apps;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The user of a Kafka broker and the onlooker of its nodes in ZooKeeper. The broker's address is taken from its registration there. */
public final class KafkaUser {
  private static final Pattern ENDPOINT = Pattern.compile("\"endpoints\":\\[\"PLAINTEXT://([0-9.]+:[0-9]+)\"\\]");
  private static final long PATIENCE_MS = 30_000;

  private final Nodes nodes;
  private String bootstrap;

  private KafkaUser(Nodes nodes) {
    this.nodes = nodes;
  }

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    KafkaUser user = new KafkaUser(new Nodes(arguments[0]));
    Map<String, Dialogue.Verb> verbs = new LinkedHashMap<>();
    verbs.put("awaitBroker", words -> user.awaitBroker());
    verbs.put("awaitNoBroker", words -> user.awaitNoBroker());
    verbs.put("registration", words -> user.registration());
    verbs.put("controller", words -> user.nodes.text("/controller"));
    verbs.put("createTopic", words -> user.createTopic(words[0], Integer.parseInt(words[1])));
    verbs.put("addPartitions", words -> user.addPartitions(words[0], Integer.parseInt(words[1])));
    verbs.put("setRetention", words -> user.setRetention(words[0], words[1]));
    verbs.put("retention", words -> user.retention(words[0]));
    verbs.put("deleteTopic", words -> user.deleteTopic(words[0]));
    verbs.put("topics", words -> user.topics(Integer.parseInt(words[0])));
    verbs.put("produce", words -> user.produce(words[0], Integer.parseInt(words[1]), Integer.parseInt(words[2])));
    verbs.put("consume", words -> user.consume(words[0], words[1], Integer.parseInt(words[2])));
    verbs.put("committed", words -> user.committed(words[0], words[1]));
    Dialogue.hold(verbs);
  }

  /** The id of the broker that is registered, once it answers at the address it has registered. */
  private String awaitBroker() throws Exception {
    String id = nodes.awaitChildren("/brokers/ids", children -> !children.isEmpty(), PATIENCE_MS).get(0);
    Matcher endpoint = ENDPOINT.matcher(nodes.text("/brokers/ids/" + id));
    if (!endpoint.find()) throw new IllegalStateException("no endpoint in " + nodes.text("/brokers/ids/" + id));
    bootstrap = endpoint.group(1);
    nodes.awaitChildren("/", children -> children.contains("controller"), PATIENCE_MS);
    try (Admin admin = admin()) {
      done(admin.describeCluster().nodes());
    }
    return id;
  }

  private String awaitNoBroker() throws Exception {
    nodes.awaitChildren("/brokers/ids", List::isEmpty, PATIENCE_MS);
    return "none";
  }

  /** Which session made the registration and when: the same text means that the broker never lost its session. */
  private String registration() throws Exception {
    return nodes.origin("/brokers/ids/" + nodes.children("/brokers/ids").get(0));
  }

  private String createTopic(String topic, int partitions) throws Exception {
    try (Admin admin = admin()) {
      done(admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all());
    }
    return awaitPartitions(topic, partitions);
  }

  private String addPartitions(String topic, int total) throws Exception {
    try (Admin admin = admin()) {
      done(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(total))).all());
    }
    return awaitPartitions(topic, total);
  }

  private String awaitPartitions(String topic, int wanted) throws Exception {
    String path = "/brokers/topics/" + topic + "/partitions";
    return nodes.awaitChildren(path, children -> children.size() == wanted, PATIENCE_MS).size() + " partitions";
  }

  private String setRetention(String topic, String milliseconds) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    AlterConfigOp set = new AlterConfigOp(new ConfigEntry("retention.ms", milliseconds), AlterConfigOp.OpType.SET);
    try (Admin admin = admin()) {
      done(admin.incrementalAlterConfigs(Map.of(resource, List.<AlterConfigOp>of(set))).all());
    }
    return nodes.text("/config/topics/" + topic);
  }

  private String retention(String topic) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try (Admin admin = admin()) {
      return done(admin.describeConfigs(List.of(resource)).all()).get(resource).get("retention.ms").value();
    }
  }

  /** Deletion is complete when the controller has removed the topic's node. */
  private String deleteTopic(String topic) throws Exception {
    try (Admin admin = admin()) {
      done(admin.deleteTopics(List.of(topic)).all());
    }
    nodes.awaitChildren("/brokers/topics", children -> !children.contains(topic), PATIENCE_MS);
    return "deleted";
  }

  /** A broker that has just started learns its topics from the controller a moment later: asks until there are as many as `wanted`. */
  private String topics(int wanted) throws Exception {
    long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000;
    try (Admin admin = admin()) {
      for (;;) {
        TreeSet<String> names = new TreeSet<>(done(admin.listTopics().names()));
        if (names.size() >= wanted || System.nanoTime() > deadline) return String.join(" ", names);
        Thread.sleep(50);
      }
    }
  }

  /** Sends the records from ‥ to − 1, each with its number as key and text, and waits until the broker has acknowledged them all. */
  private String produce(String topic, int from, int to) throws Exception {
    Properties properties = properties();
    properties.put("acks", "all");
    properties.put("delivery.timeout.ms", "30000");
    properties.put("request.timeout.ms", "10000");
    properties.put("linger.ms", "5");
    List<Future<?>> sent = new ArrayList<>();
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
      for (int i = from; i < to; i++) sent.add(producer.send(new ProducerRecord<>(topic, Integer.toString(i), "record-" + i)));
      for (Future<?> future : sent) future.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
    }
    return Integer.toString(sent.size());
  }

  /** Reads `wanted` records as a member of the group and commits them: "R records, D distinct, smallest to largest". */
  private String consume(String topic, String group, int wanted) throws Exception {
    Properties properties = properties();
    properties.put("group.id", group);
    properties.put("auto.offset.reset", "earliest");
    properties.put("enable.auto.commit", "false");
    long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000;
    TreeSet<Integer> numbers = new TreeSet<>();
    int records = 0;
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      while (records < wanted && System.nanoTime() < deadline) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
          if (!record.value().equals("record-" + record.key())) throw new IllegalStateException(record.key() + " is " + record.value());
          numbers.add(Integer.parseInt(record.key()));
          records++;
        }
      }
      consumer.commitSync(Duration.ofMillis(PATIENCE_MS));
    }
    String range = numbers.isEmpty() ? "none" : numbers.first() + " to " + numbers.last();
    return records + " records, " + numbers.size() + " distinct, " + range;
  }

  /** The sum of the group's committed offsets over the topic's partitions. */
  private String committed(String topic, String group) throws Exception {
    try (Admin admin = admin()) {
      long sum = 0;
      Map<TopicPartition, OffsetAndMetadata> offsets = done(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
      for (Map.Entry<TopicPartition, OffsetAndMetadata> entry : offsets.entrySet()) {
        if (entry.getKey().topic().equals(topic)) sum += entry.getValue().offset();
      }
      return Long.toString(sum);
    }
  }

  private Admin admin() {
    Properties properties = properties();
    properties.put("default.api.timeout.ms", Long.toString(PATIENCE_MS));
    properties.put("request.timeout.ms", "10000");
    return Admin.create(properties);
  }

  private Properties properties() {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    return properties;
  }

  private static <T> T done(KafkaFuture<T> future) throws Exception {
    return future.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
  }
}

package tskeeper.apps;

import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Makes clients of the brokers, whose addresses are taken from their registrations in ZooKeeper, all with the same login. */
final class KafkaClients {
  static final int PATIENCE_MS = 80_000;
  private static final Pattern ENDPOINT = Pattern.compile("\"endpoints\":\\[\"[A-Z_]+://([0-9.]+:[0-9]+)\"\\]");

  private final Nodes nodes;
  private final Properties login = new Properties();
  private String bootstrap;

  KafkaClients(Nodes nodes) {
    this.nodes = nodes;
  }

  /** From now on all clients say that they are this user. */
  String loginAs(String user, String password) {
    login.put("security.protocol", "SASL_PLAINTEXT");
    login.put("sasl.mechanism", "SCRAM-SHA-256");
    String module = "org.apache.kafka.common.security.scram.ScramLoginModule required";
    login.put("sasl.jaas.config", module + " username=\"" + user + "\" password=\"" + password + "\";");
    return user;
  }

  /** The ids of the brokers, once so many are registered and know of one another. */
  String awaitBrokers(int wanted) throws Exception {
    Set<String> ids = new TreeSet<>(nodes.awaitChildren("/brokers/ids", children -> children.size() == wanted, PATIENCE_MS));
    if (wanted == 0) return "none";
    bootstrap = "";
    for (String id : ids) {
      Matcher endpoint = ENDPOINT.matcher(nodes.text("/brokers/ids/" + id));
      Check.that(endpoint.find(), "no endpoint in the registration of " + id);
      bootstrap += (bootstrap.isEmpty() ? "" : ",") + endpoint.group(1);
    }
    nodes.awaitChildren("/", children -> children.contains("controller"), PATIENCE_MS);
    Set<String> known = new TreeSet<>();
    try (Admin admin = admin()) {
      boolean all = Check.within(PATIENCE_MS, () -> {
        known.clear();
        for (Node node : done(admin.describeCluster().nodes())) known.add(node.idString());
        return known.equals(ids);
      });
      Check.that(all, "known are " + known + ", not " + ids);
    }
    return String.join(" ", ids);
  }

  Admin admin() {
    return Admin.create(properties(Map.of("default.api.timeout.ms", PATIENCE_MS)));
  }

  KafkaProducer<String, String> producer(Map<String, Object> settings) {
    Properties properties = properties(Map.of("acks", "all", "delivery.timeout.ms", PATIENCE_MS, "linger.ms", 5));
    properties.putAll(settings);
    return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }

  KafkaConsumer<String, String> consumer(Map<String, Object> settings) {
    Properties properties = properties(Map.of("auto.offset.reset", "earliest", "enable.auto.commit", "false"));
    properties.putAll(settings);
    return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
  }

  private Properties properties(Map<String, Object> settings) {
    Properties properties = new Properties();
    properties.putAll(login);
    properties.putAll(settings);
    properties.put("bootstrap.servers", bootstrap);
    properties.put("request.timeout.ms", 30_000);
    return properties;
  }

  static <T> T done(Future<T> future) throws Exception {
    return future.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
  }
}

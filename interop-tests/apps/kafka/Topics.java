package tskeeper.apps;

import static tskeeper.apps.KafkaClients.PATIENCE_MS;
import static tskeeper.apps.KafkaClients.done;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;

/** Topics, where their partitions are, and the settings of topics and brokers. */
final class Topics {
  private final KafkaClients clients;
  private final Nodes nodes;

  private Topics(KafkaClients clients, Nodes nodes) {
    this.clients = clients;
    this.nodes = nodes;
  }

  static void list(Map<String, Dialogue.Verb> verbs, KafkaClients clients, Nodes nodes) {
    Topics topics = new Topics(clients, nodes);
    verbs.put("createTopic", words -> topics.create(words[0], Integer.parseInt(words[1]), words.length > 2 ? Short.parseShort(words[2]) : 1));
    verbs.put("placeTopic", words -> topics.place(words[0], Arrays.copyOfRange(words, 1, words.length)));
    verbs.put("addPartitions", words -> topics.addPartitions(words[0], Integer.parseInt(words[1])));
    verbs.put("deleteTopic", words -> topics.delete(words[0]));
    verbs.put("topics", words -> topics.names());
    verbs.put("placement", words -> topics.placement(words[0]));
    verbs.put("reassign", words -> topics.reassign(words[0], Integer.parseInt(words[1]), words[2]));
    verbs.put("reassignments", words -> topics.reassignments());
    verbs.put("electPreferred", words -> topics.electPreferred(words[0]));
    verbs.put("set", words -> topics.alter(words[0], words[1], words[2], words[3], AlterConfigOp.OpType.SET));
    verbs.put("unset", words -> topics.alter(words[0], words[1], words[2], "", AlterConfigOp.OpType.DELETE));
    verbs.put("setting", words -> topics.setting(words[0], words[1], words[2]));
  }

  private String create(String topic, int partitions, short replicas) throws Exception {
    return create(new NewTopic(topic, partitions, replicas), partitions);
  }

  /** Creates a topic with a partition for each word, as "1,2" on these brokers. */
  private String place(String topic, String[] places) throws Exception {
    Map<Integer, List<Integer>> assignment = new TreeMap<>();
    for (int partition = 0; partition < places.length; partition++) assignment.put(partition, brokers(places[partition]));
    return create(new NewTopic(topic, assignment), places.length);
  }

  private String create(NewTopic topic, int partitions) throws Exception {
    try (Admin admin = clients.admin()) {
      done(admin.createTopics(List.of(topic)).all());
    }
    return awaitPartitions(topic.name(), partitions);
  }

  private String addPartitions(String topic, int total) throws Exception {
    try (Admin admin = clients.admin()) {
      done(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(total))).all());
    }
    return awaitPartitions(topic, total);
  }

  private String awaitPartitions(String topic, int wanted) throws Exception {
    String path = "/brokers/topics/" + topic + "/partitions";
    return nodes.awaitChildren(path, children -> children.size() == wanted, PATIENCE_MS).size() + " partitions";
  }

  /** Deletion is complete when the controller has removed the topic's node. */
  private String delete(String topic) throws Exception {
    try (Admin admin = clients.admin()) {
      done(admin.deleteTopics(List.of(topic)).all());
    }
    nodes.awaitChildren("/brokers/topics", children -> !children.contains(topic), PATIENCE_MS);
    return "deleted";
  }

  private String names() throws Exception {
    try (Admin admin = clients.admin()) {
      return String.join(" ", new TreeSet<>(done(admin.listTopics().names())));
    }
  }

  /** Of each partition: "leader of replicas, in sync". */
  private String placement(String topic) throws Exception {
    return description(topic).partitions().stream().map(partition -> {
      Node leader = partition.leader();
      String inSync = ids(partition.isr().stream().sorted((a, b) -> a.id() - b.id()).toList());
      return (leader == null ? "nobody" : leader.idString()) + " of " + ids(partition.replicas()) + ", " + inSync + " in sync";
    }).collect(Collectors.joining("; "));
  }

  private TopicDescription description(String topic) throws Exception {
    try (Admin admin = clients.admin()) {
      return done(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
    }
  }

  private String reassign(String topic, int partition, String place) throws Exception {
    try (Admin admin = clients.admin()) {
      NewPartitionReassignment wanted = new NewPartitionReassignment(brokers(place));
      done(admin.alterPartitionReassignments(Map.of(new TopicPartition(topic, partition), Optional.of(wanted))).all());
    }
    return "begun";
  }

  private String reassignments() throws Exception {
    try (Admin admin = clients.admin()) {
      return done(admin.listPartitionReassignments().reassignments()).size() + " under way";
    }
  }

  /** Makes the first replica of each partition its leader, and tells how many were not it. */
  private String electPreferred(String topic) throws Exception {
    Set<TopicPartition> partitions = new HashSet<>();
    for (TopicPartitionInfo info : description(topic).partitions()) partitions.add(new TopicPartition(topic, info.partition()));
    try (Admin admin = clients.admin()) {
      int elected = 0;
      for (Optional<Throwable> refusal : done(admin.electLeaders(ElectionType.PREFERRED, partitions).partitions()).values()) {
        if (refusal.isEmpty()) elected++;
        else if (!(refusal.get() instanceof ElectionNotNeededException)) throw new IllegalStateException(refusal.get());
      }
      return elected + " elected";
    }
  }

  /** `type` is TOPIC or BROKER; the name "*" stands for all brokers. */
  private String alter(String type, String name, String key, String value, AlterConfigOp.OpType how) throws Exception {
    List<AlterConfigOp> operations = List.of(new AlterConfigOp(new ConfigEntry(key, value), how));
    try (Admin admin = clients.admin()) {
      done(admin.incrementalAlterConfigs(Map.of(resource(type, name), operations)).all());
    }
    return "altered";
  }

  /** What the broker that is asked goes by: "value from where". */
  private String setting(String type, String name, String key) throws Exception {
    ConfigResource resource = resource(type, name);
    try (Admin admin = clients.admin()) {
      Config config = done(admin.describeConfigs(List.of(resource)).all()).get(resource);
      ConfigEntry entry = config.get(key);
      return entry.value() + " from " + entry.source();
    }
  }

  private static ConfigResource resource(String type, String name) {
    return new ConfigResource(ConfigResource.Type.valueOf(type), name.equals("*") ? "" : name);
  }

  private static List<Integer> brokers(String place) {
    return Arrays.stream(place.split(",")).map(Integer::valueOf).toList();
  }

  private static String ids(List<Node> brokers) {
    return brokers.stream().map(Node::idString).collect(Collectors.joining(","));
  }
}

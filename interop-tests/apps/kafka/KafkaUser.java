package tskeeper.apps;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The user of Kafka brokers and the onlooker of their nodes in ZooKeeper. */
public final class KafkaUser {
  private KafkaUser() {}

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    Nodes nodes = new Nodes(arguments[0]);
    KafkaClients clients = new KafkaClients(nodes);
    Map<String, Dialogue.Verb> verbs = new LinkedHashMap<>();
    verbs.put("awaitBrokers", words -> clients.awaitBrokers(Integer.parseInt(words[0])));
    verbs.put("loginAs", words -> clients.loginAs(words[0], words[1]));
    verbs.put("node", words -> nodes.text(words[0]));
    verbs.put("origins", words -> origins(nodes));
    Topics.list(verbs, clients, nodes);
    Records.list(verbs, clients);
    Flow.list(verbs, clients);
    Access.list(verbs, clients);
    Dialogue.hold(verbs);
  }

  /** Which sessions made the registrations and when: the same text means that no broker has lost its session since. */
  private static String origins(Nodes nodes) throws Exception {
    List<String> origins = new ArrayList<>();
    for (String id : new TreeSet<>(nodes.children("/brokers/ids"))) origins.add(id + " " + nodes.origin("/brokers/ids/" + id));
    origins.add("controller " + nodes.origin("/controller"));
    return String.join("; ", origins);
  }
}

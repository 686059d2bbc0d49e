package tskeeper.apps;

import java.util.LinkedHashMap;
import java.util.Map;

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
    // The same text means that no broker has lost its session since.
    verbs.put("origins", words -> nodes.origins("/brokers/ids") + nodes.origins("/controller"));
    Topics.list(verbs, clients, nodes);
    Records.list(verbs, clients);
    Flow.list(verbs, clients);
    Access.list(verbs, clients);
    Dialogue.hold(verbs);
  }
}

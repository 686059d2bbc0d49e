package tskeeper.apps;

import static tskeeper.apps.KafkaClients.PATIENCE_MS;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** A producer at work while things happen, and the account of what was acknowledged to it. */
final class Flow {
  /**
   * Waits as long as it takes. One request at a time: when the first one to a new partition is refused and the next one is not, a broker
   * refuses the first for ever after.
   */
  private static final Map<String, Object> PATIENTLY = Map.of("delivery.timeout.ms", 300_000, "max.in.flight.requests.per.connection", 1);

  private final KafkaClients clients;
  private final String topic;
  private final Set<Integer> acknowledged = ConcurrentHashMap.newKeySet();
  private final Set<String> refusals = ConcurrentHashMap.newKeySet();
  private final Thread thread = new Thread(this::send, "flow");
  private volatile boolean isOver;

  private Flow(KafkaClients clients, String topic) {
    this.clients = clients;
    this.topic = topic;
    thread.start();
  }

  static void list(Map<String, Dialogue.Verb> verbs, KafkaClients clients) {
    Flow[] current = new Flow[1];
    verbs.put("beginFlow", words -> {
      current[0] = new Flow(clients, words[0]);
      return current[0].goOn();
    });
    verbs.put("goOn", words -> current[0].goOn());
    verbs.put("endFlow", words -> current[0].end());
  }

  private void send() {
    try (KafkaProducer<String, String> producer = clients.producer(PATIENTLY)) {
      for (int i = 0; !isOver; i++) {
        int number = i;
        producer.send(new ProducerRecord<>(topic, Integer.toString(i), Records.textOf(i)), (metadata, refusal) -> {
          if (refusal == null) acknowledged.add(number);
          else refusals.add(refusal.toString());
        });
        Thread.sleep(5);
      }
    } catch (Exception e) {
      refusals.add(e.toString());
    }
  }

  /** Waits for more records to be acknowledged. */
  private String goOn() throws Exception {
    int wanted = acknowledged.size() + 100;
    boolean goesOn = Check.within(PATIENCE_MS, () -> acknowledged.size() >= wanted);
    Check.that(goesOn, "only " + acknowledged.size() + " of " + wanted + " are acknowledged, refused " + refusals);
    return "goes on";
  }

  /** Compares what was acknowledged with what is there. */
  private String end() throws Exception {
    isOver = true;
    thread.join(PATIENCE_MS);
    Check.that(!thread.isAlive(), "the producer does not end");
    Map<Integer, Integer> there = Records.read(clients, topic, "read_uncommitted");
    long missing = acknowledged.stream().filter(number -> !there.containsKey(number)).count();
    long doubled = there.values().stream().filter(times -> times > 1).count();
    return acknowledged.size() + " acknowledged, " + missing + " missing, " + doubled + " doubled, refused " + refusals;
  }
}

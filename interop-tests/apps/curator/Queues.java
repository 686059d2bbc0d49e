package tskeeper.apps;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedDelayQueue;
import org.apache.curator.framework.recipes.queue.DistributedIdQueue;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBase;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.zookeeper.KeeperException;

/** Two put, three consume with a lock for each item, and each item is consumed once. */
abstract class Queues<Q extends QueueBase<String>> implements Recipe {
  private static final int PRODUCERS = 2;
  private static final int CONSUMERS = 3;
  /** Producers wait when there are more items in the queue. */
  private static final int BACKLOG = 30;
  private static final String PATH = "/queues/queue";
  private static final String LOCKS = "/queues/locks";

  final Clients clients;
  private final Tally tally = new Tally();
  private final List<CuratorFramework> consuming = new ArrayList<>();
  private final Steps steps = new Steps();

  private Queues(Clients clients) {
    this.clients = clients;
  }

  abstract Q build(QueueBuilder<String> builder);

  abstract void put(Q queue, String item, int number) throws Exception;

  void mayBeConsumed(String item) {}

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    recipes.put("DistributedQueue", Plain::new);
    recipes.put("DistributedIdQueue", WithIds::new);
    recipes.put("DistributedPriorityQueue", WithPriorities::new);
    recipes.put("DistributedDelayQueue", WithDelays::new);
    recipes.put("SimpleDistributedQueue", Simple::new);
  }

  @Override
  public void begin() throws Exception {
    for (int index = 0; index < CONSUMERS; index++) consume();
    for (int index = 0; index < PRODUCERS; index++) {
      Q queue = open(clients.strict(), PATH, null);
      produce("producer " + index, steps, tally, (item, number) -> put(queue, item, number));
    }
    steps.await(10);
  }

  private interface Putting {
    void put(String item, int number) throws Exception;
  }

  /** Puts one item after the other. */
  private static void produce(String name, Steps steps, Tally tally, Putting putting) {
    AtomicInteger next = new AtomicInteger();
    steps.attempt(name, () -> {
      int number = next.getAndIncrement();
      String item = name + " " + number;
      boolean isPut = tally.put(item, () -> putting.put(item, number));
      Check.eventually("the consumers keep up", () -> tally.missing().size() < BACKLOG);
      return isPut;
    });
  }

  private void consume() throws Exception {
    CuratorFramework client = clients.patient();
    consuming.add(client);
    steps.expect("consumed");
    open(client, PATH, item -> {
      try {
        mayBeConsumed(item);
      } catch (IllegalStateException e) {
        steps.fail(e);
      }
      tally.takeOut(item);
      steps.made("consumed");
    });
  }

  final Q open(CuratorFramework client, String path, Consumer<String> consumer) throws Exception {
    QueueBuilder<String> builder = QueueBuilder.builder(client, consumer == null ? null : consuming(consumer), new Texts(), path);
    Q queue = build(builder.lockPath(LOCKS + path).putInBackground(false));
    queue.start();
    return queue;
  }

  @Override
  public void goOn() throws Exception {
    steps.await(10);
  }

  @Override
  public String finish() throws Exception {
    steps.end();
    if (!Check.within(3000, () -> tally.missing().isEmpty())) {
      // A lock whose creation was retried counts as another's until its session ends.
      for (CuratorFramework client : consuming) client.close();
      consume();
      Check.within(10_000, () -> tally.missing().isEmpty());
    }
    return tally.tell(0);
  }

  private static QueueConsumer<String> consuming(Consumer<String> consumer) {
    return new QueueConsumer<>() {
      @Override
      public void consumeMessage(String item) {
        consumer.accept(item);
      }

      @Override
      public void stateChanged(CuratorFramework client, ConnectionState state) {}
    };
  }

  private static final class Texts implements QueueSerializer<String> {
    @Override
    public byte[] serialize(String item) {
      return item.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String deserialize(byte[] bytes) {
      return Clients.text(bytes);
    }
  }

  private static final class Plain extends Queues<DistributedQueue<String>> {
    Plain(Clients clients) {
      super(clients);
    }

    @Override
    DistributedQueue<String> build(QueueBuilder<String> builder) {
      return builder.buildQueue();
    }

    @Override
    void put(DistributedQueue<String> queue, String item, int number) throws Exception {
      queue.put(item);
    }
  }

  /** Beside the others there is a queue that nobody consumes, from which items are removed by their id, before and after. */
  private static final class WithIds extends Queues<DistributedIdQueue<String>> {
    private static final String ASIDE = "/queues/aside";
    private DistributedIdQueue<String> aside;
    private CuratorFramework client;

    WithIds(Clients clients) {
      super(clients);
    }

    @Override
    DistributedIdQueue<String> build(QueueBuilder<String> builder) {
      return builder.buildIdQueue();
    }

    @Override
    void put(DistributedIdQueue<String> queue, String item, int number) throws Exception {
      queue.put(item, "id-" + number);
    }

    @Override
    public void begin() throws Exception {
      client = clients.patient();
      aside = open(client, ASIDE, null);
      for (int number = 0; number < 4; number++) aside.put("item", "id-" + number % 3);
      Check.equal("removed of an id that two have", 2, aside.remove("id-0"));
      super.begin();
    }

    @Override
    public String finish() throws Exception {
      Check.equal("removed of an id that is gone", 0, aside.remove("id-0"));
      Check.equal("removed of an id", 1, aside.remove("id-1"));
      Check.equal("left of the others", 1, client.getChildren().forPath(ASIDE).size());
      return super.finish();
    }
  }

  /** Beside the others there is a queue that is filled before and consumed after, in the order of priorities. */
  private static final class WithPriorities extends Queues<DistributedPriorityQueue<String>> {
    private static final String ASIDE = "/queues/aside";
    private static final List<Integer> PRIORITIES = List.of(7, -3, 0, 12, 5, -20, 1);

    WithPriorities(Clients clients) {
      super(clients);
    }

    @Override
    DistributedPriorityQueue<String> build(QueueBuilder<String> builder) {
      return builder.buildPriorityQueue(0);
    }

    @Override
    void put(DistributedPriorityQueue<String> queue, String item, int number) throws Exception {
      queue.put(item, number % 5);
    }

    @Override
    public void begin() throws Exception {
      DistributedPriorityQueue<String> aside = open(clients.patient(), ASIDE, null);
      for (int priority : PRIORITIES) aside.put(Integer.toString(priority), priority);
      super.begin();
    }

    @Override
    public String finish() throws Exception {
      List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
      open(clients.patient(), ASIDE, item -> seen.add(Integer.parseInt(item)));
      Check.eventually("all of the other queue are consumed", () -> seen.size() == PRIORITIES.size());
      Check.equal("their order", PRIORITIES.stream().sorted().toList(), seen);
      return super.finish();
    }
  }

  private static final class WithDelays extends Queues<DistributedDelayQueue<String>> {
    private final Map<String, Long> due = new ConcurrentHashMap<>();

    WithDelays(Clients clients) {
      super(clients);
    }

    @Override
    DistributedDelayQueue<String> build(QueueBuilder<String> builder) {
      return builder.buildDelayQueue();
    }

    @Override
    void put(DistributedDelayQueue<String> queue, String item, int number) throws Exception {
      long then = System.currentTimeMillis() + 100 + number % 3 * 100;
      due.put(item, then);
      queue.put(item, then);
    }

    @Override
    void mayBeConsumed(String item) {
      long early = due.get(item) - System.currentTimeMillis();
      Check.that(early <= 0, item + " is consumed " + early + " ms too early");
    }
  }

  /** Knows no locks: a removal whose connection was lost may have lost its item. */
  private static final class Simple implements Recipe {
    private final Clients clients;
    private final Tally tally = new Tally();
    private final AtomicInteger doubtfulRemovals = new AtomicInteger();
    private final Steps steps = new Steps();

    Simple(Clients clients) {
      this.clients = clients;
    }

    @Override
    public void begin() throws Exception {
      for (int index = 0; index < PRODUCERS; index++) {
        SimpleDistributedQueue queue = new SimpleDistributedQueue(clients.strict(), PATH);
        produce("producer " + index, steps, tally, (item, number) -> queue.offer(item.getBytes(StandardCharsets.UTF_8)));
      }
      steps.expect("consumed");
      for (int index = 0; index < CONSUMERS; index++) {
        SimpleDistributedQueue queue = new SimpleDistributedQueue(clients.strict(), PATH);
        steps.repeat("consumer " + index, () -> {
          try {
            take(queue.poll(100, TimeUnit.MILLISECONDS));
          } catch (KeeperException.ConnectionLossException e) {
            doubtfulRemovals.incrementAndGet();
          }
        });
      }
      steps.await(10);
    }

    private void take(byte[] item) {
      if (item == null) return;
      tally.takeOut(Clients.text(item));
      steps.made("consumed");
    }

    @Override
    public void goOn() throws Exception {
      steps.await(10);
    }

    @Override
    public String finish() throws Exception {
      steps.end();
      SimpleDistributedQueue queue = new SimpleDistributedQueue(clients.patient(), PATH);
      for (byte[] item = queue.poll(); item != null; item = queue.poll()) take(item);
      Check.that(doubtfulRemovals.get() <= 4 * CONSUMERS, doubtfulRemovals + " removals are in doubt");
      return tally.tell(doubtfulRemovals.get());
    }
  }
}

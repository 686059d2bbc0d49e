package tskeeper.apps;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.curator.RetryPolicy;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.CachedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicInteger;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicValue;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.KeeperException;

/** Three count up one number. What was acknowledged is in the sum, what a lost connection left in doubt may be. */
final class Counters implements Recipe {
  private static final int CLIENTS = 3;
  private static final String PATH = "/counters/counter";
  private static final RetryPolicy SOME = new RetryNTimes(20, 3);

  /** One of those who count. */
  interface Counter {
    /** False when nothing was changed. */
    boolean increment() throws Exception;

    long value() throws Exception;
  }

  interface Maker {
    Counter make(CuratorFramework client) throws Exception;
  }

  private final Clients clients;
  private final Maker maker;
  private final Counter[] counters = new Counter[CLIENTS];
  private final AtomicInteger acknowledged = new AtomicInteger();
  private final AtomicInteger doubtful = new AtomicInteger();
  private final Steps steps = new Steps();

  private Counters(Clients clients, Maker maker) {
    this.clients = clients;
    this.maker = maker;
  }

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    recipes.put("SharedCount", clients -> new Counters(clients, Counters::sharedCount));
    recipes.put("DistributedAtomicLong", clients -> new Counters(clients, Counters::atomicLong));
    recipes.put("DistributedAtomicInteger", clients -> new Counters(clients, Counters::atomicInteger));
    recipes.put("DistributedAtomicValue", clients -> new Counters(clients, Counters::atomicValue));
    recipes.put("CachedAtomicLong", Cached::new);
  }

  @Override
  public void begin() throws Exception {
    for (int index = 0; index < CLIENTS; index++) {
      Counter counter = maker.make(clients.strict());
      counters[index] = counter;
      steps.attempt("counter " + index, () -> {
        boolean counted = count(counter);
        Thread.sleep(2);
        return counted;
      });
    }
    steps.await(10);
  }

  private boolean count(Counter counter) throws Exception {
    try {
      if (!counter.increment()) return false;
      acknowledged.incrementAndGet();
      return true;
    } catch (KeeperException.ConnectionLossException e) {
      doubtful.incrementAndGet();
      return false;
    }
  }

  @Override
  public void goOn() throws Exception {
    steps.await(10);
  }

  @Override
  public String finish() throws Exception {
    steps.end();
    CuratorFramework onlooker = clients.patient();
    onlooker.sync().forPath(PATH);
    Check.that(doubtful.get() <= 4 * CLIENTS, doubtful + " increments are in doubt");
    long value = maker.make(onlooker).value();
    Check.that(value >= acknowledged.get(), "the sum is " + value + ", " + acknowledged + " were acknowledged");
    Check.that(value <= acknowledged.get() + doubtful.get(),
        "the sum is " + value + ", " + acknowledged + " were acknowledged, " + doubtful + " in doubt");
    for (Counter counter : counters) Check.eventually("all see " + value, () -> counter.value() == value);
    return acknowledged + " counted, " + doubtful + " in doubt, the sum is " + value;
  }

  private static Counter sharedCount(CuratorFramework client) throws Exception {
    SharedCount count = new SharedCount(client, PATH, 0);
    count.start();
    return new Counter() {
      @Override
      public boolean increment() throws Exception {
        return count.trySetCount(count.getVersionedValue(), count.getVersionedValue().getValue() + 1);
      }

      @Override
      public long value() {
        return count.getCount();
      }
    };
  }

  private static Counter atomicLong(CuratorFramework client) throws Exception {
    DistributedAtomicLong number = new DistributedAtomicLong(client, PATH, SOME);
    number.initialize(0L);
    return new Counter() {
      @Override
      public boolean increment() throws Exception {
        AtomicValue<Long> value = number.increment();
        if (value.succeeded()) Check.equal("the next number", value.preValue() + 1, value.postValue());
        return value.succeeded();
      }

      @Override
      public long value() throws Exception {
        return number.get().postValue();
      }
    };
  }

  private static Counter atomicInteger(CuratorFramework client) throws Exception {
    DistributedAtomicInteger number = new DistributedAtomicInteger(client, PATH, SOME);
    number.initialize(0);
    return new Counter() {
      @Override
      public boolean increment() throws Exception {
        return number.add(1).succeeded();
      }

      @Override
      public long value() throws Exception {
        return number.get().postValue();
      }
    };
  }

  private static Counter atomicValue(CuratorFramework client) throws Exception {
    DistributedAtomicValue text = new DistributedAtomicValue(client, PATH, SOME);
    text.initialize("0".getBytes(StandardCharsets.UTF_8));
    return new Counter() {
      @Override
      public boolean increment() throws Exception {
        byte[] now = text.get().postValue();
        byte[] next = Long.toString(Long.parseLong(Clients.text(now)) + 1).getBytes(StandardCharsets.UTF_8);
        return text.compareAndSet(now, next).succeeded();
      }

      @Override
      public long value() throws Exception {
        return Long.parseLong(Clients.text(text.get().postValue()));
      }
    };
  }

  /** Numbers that nobody else gets. */
  private static final class Cached implements Recipe {
    private final Clients clients;
    private final Set<Long> given = ConcurrentHashMap.newKeySet();
    private final Steps steps = new Steps();

    Cached(Clients clients) {
      this.clients = clients;
    }

    @Override
    public void begin() throws Exception {
      for (int index = 0; index < CLIENTS; index++) {
        CachedAtomicLong numbers = new CachedAtomicLong(new DistributedAtomicLong(clients.strict(), PATH, SOME), 5);
        steps.attempt("client " + index, () -> {
          boolean got = getNext(numbers);
          Thread.sleep(1);
          return got;
        });
      }
      steps.await(20);
    }

    private boolean getNext(CachedAtomicLong numbers) throws Exception {
      try {
        AtomicValue<Long> next = numbers.next();
        if (next.succeeded()) Check.that(given.add(next.postValue()), next.postValue() + " is given twice");
        return next.succeeded();
      } catch (KeeperException.ConnectionLossException e) {
        // A block of numbers that nobody gets.
        return false;
      }
    }

    @Override
    public void goOn() throws Exception {
      steps.await(20);
    }

    @Override
    public String finish() throws Exception {
      steps.end();
      return given.size() + " numbers, each given once";
    }
  }
}

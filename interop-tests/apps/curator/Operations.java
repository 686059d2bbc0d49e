package tskeeper.apps;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.x.async.AsyncCuratorFramework;
import org.apache.curator.x.async.AsyncStage;
import org.apache.curator.x.async.WatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/** No recipes, but what recipes are made of: transactions and the asynchronous client. */
final class Operations {
  private static final int CLIENTS = 3;

  private Operations() {}

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    recipes.put("Transactions", Transfers::new);
    recipes.put("Async", Async::new);
  }

  /** Money goes from one account to another, with a receipt: all or nothing of it is done, and none is lost or made. */
  private static final class Transfers implements Recipe {
    private static final int ACCOUNTS = 4;
    private static final int START = 100;
    private static final String RECEIPTS = "/bank/receipts";

    private final Clients clients;
    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    private final Set<String> doubtful = ConcurrentHashMap.newKeySet();
    private final Steps steps = new Steps();

    Transfers(Clients clients) {
      this.clients = clients;
    }

    @Override
    public void begin() throws Exception {
      CuratorFramework teller = clients.patient();
      for (int account = 0; account < ACCOUNTS; account++) Clients.put(teller, account(account), Integer.toString(START));
      Clients.put(teller, RECEIPTS, "");
      for (int index = 0; index < CLIENTS; index++) {
        String name = "teller-" + index;
        CuratorFramework client = clients.strict();
        client.sync().forPath(RECEIPTS);
        Random random = new Random(index);
        AtomicInteger next = new AtomicInteger();
        steps.attempt(name, () -> {
          boolean transferred = transfer(client, random, RECEIPTS + "/" + name + "-" + next.getAndIncrement());
          Thread.sleep(2);
          return transferred;
        });
      }
      steps.await(10);
    }

    private static String account(int number) {
      return "/bank/accounts/" + number;
    }

    private boolean transfer(CuratorFramework client, Random random, String receipt) throws Exception {
      int from = random.nextInt(ACCOUNTS);
      int to = (from + 1 + random.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
      int amount = random.nextInt(10);
      try {
        Stat[] stats = {new Stat(), new Stat()};
        int giver = Integer.parseInt(Clients.text(client.getData().storingStatIn(stats[0]).forPath(account(from))));
        int taker = Integer.parseInt(Clients.text(client.getData().storingStatIn(stats[1]).forPath(account(to))));
        byte[] less = bytes(giver - amount);
        byte[] more = bytes(taker + amount);
        try {
          if (random.nextBoolean()) inOneCall(client, from, to, stats, less, more, receipt);
          else inTransaction(client, from, to, stats, less, more, receipt);
          acknowledged.add(receipt);
          return true;
        } catch (KeeperException.ConnectionLossException e) {
          doubtful.add(receipt);
          return false;
        }
      } catch (KeeperException.ConnectionLossException | KeeperException.BadVersionException e) {
        // Nothing was done.
        return false;
      }
    }

    private static void inOneCall(CuratorFramework client, int from, int to, Stat[] stats, byte[] less, byte[] more, String receipt)
        throws Exception {
      CuratorOp give = client.transactionOp().setData().withVersion(stats[0].getVersion()).forPath(account(from), less);
      CuratorOp take = client.transactionOp().setData().withVersion(stats[1].getVersion()).forPath(account(to), more);
      CuratorOp note = client.transactionOp().create().withMode(CreateMode.PERSISTENT).forPath(receipt);
      Check.equal("the results", 3, client.transaction().forOperations(note, give, take).size());
    }

    @SuppressWarnings("deprecation")
    private static void inTransaction(CuratorFramework client, int from, int to, Stat[] stats, byte[] less, byte[] more, String receipt)
        throws Exception {
      client.inTransaction()
          .check().withVersion(stats[1].getVersion()).forPath(account(to)).and()
          .create().forPath(receipt).and()
          .setData().withVersion(stats[0].getVersion()).forPath(account(from), less).and()
          .setData().forPath(account(to), more).and()
          .commit();
    }

    private static byte[] bytes(int number) {
      return Integer.toString(number).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void goOn() throws Exception {
      steps.await(10);
    }

    @Override
    public String finish() throws Exception {
      steps.end();
      CuratorFramework auditor = clients.patient();
      auditor.sync().forPath(RECEIPTS);
      int sum = 0;
      int writes = 0;
      for (int account = 0; account < ACCOUNTS; account++) {
        Stat stat = new Stat();
        sum += Integer.parseInt(Clients.text(auditor.getData().storingStatIn(stat).forPath(account(account))));
        writes += stat.getVersion();
      }
      Set<String> receipts = new HashSet<>();
      for (String name : auditor.getChildren().forPath(RECEIPTS)) receipts.add(RECEIPTS + "/" + name);
      Check.equal("the sum of all accounts", ACCOUNTS * START, sum);
      Check.equal("the writes of all receipts", 2 * receipts.size(), writes);
      Check.that(receipts.containsAll(acknowledged), "an acknowledged transfer has no receipt");
      receipts.removeAll(acknowledged);
      Check.that(doubtful.containsAll(receipts), "a refused transfer has a receipt: " + receipts);
      return acknowledged.size() + " transfers, " + doubtful.size() + " in doubt";
    }
  }

  /** Each has a node of its own, of which text and version go up together; the onlooker waits for what is not there yet. */
  private static final class Async implements Recipe {
    private final Clients clients;
    private final AtomicInteger acknowledged = new AtomicInteger();
    private final AtomicInteger doubtful = new AtomicInteger();
    private final Steps steps = new Steps();
    private AsyncCuratorFramework onlooker;
    private CompletionStage<?> awaited;

    Async(Clients clients) {
      this.clients = clients;
    }

    @Override
    public void begin() throws Exception {
      onlooker = AsyncCuratorFramework.wrap(clients.patient());
      answer(onlooker.create().forPath("/async"));
      awaitNext(0);
      for (int index = 0; index < CLIENTS; index++) {
        CuratorFramework client = clients.strict();
        AsyncCuratorFramework async = AsyncCuratorFramework.wrap(client);
        String path = "/async/" + index;
        answer(onlooker.create().forPath(path, "0".getBytes(StandardCharsets.UTF_8)));
        client.sync().forPath(path);
        steps.attempt("client " + index, () -> count(async, path));
      }
      steps.await(10);
    }

    private boolean count(AsyncCuratorFramework async, String path) throws Exception {
      try {
        Stat stat = new Stat();
        String text = Clients.text(answer(async.getData().storingStatIn(stat).forPath(path)));
        Check.equal("the text of version " + stat.getVersion(), Integer.toString(stat.getVersion()), text);
        byte[] next = Integer.toString(stat.getVersion() + 1).getBytes(StandardCharsets.UTF_8);
        try {
          AsyncStage<List<String>> reading = async.getChildren().forPath(path);
          answer(async.setData().withVersion(stat.getVersion()).forPath(path, next).thenCombine(reading, (after, children) -> children));
          acknowledged.incrementAndGet();
          return true;
        } catch (KeeperException.ConnectionLossException e) {
          doubtful.incrementAndGet();
          return false;
        }
      } catch (KeeperException.ConnectionLossException e) {
        // Nothing was done.
        return false;
      }
    }

    private void awaitNext(int number) throws Exception {
      AsyncStage<Stat> exists = onlooker.with(WatchMode.successOnly).watched().checkExists().forPath("/async/awaited-" + number);
      awaited = exists.event();
      Check.that(exists.toCompletableFuture().get(30, TimeUnit.SECONDS) == null, "what is awaited is there already");
    }

    @Override
    public void goOn() throws Exception {
      steps.await(10);
    }

    @Override
    public String finish() throws Exception {
      steps.end();
      Check.that(!awaited.toCompletableFuture().isDone(), "an event before the node");
      answer(onlooker.create().forPath("/async/awaited-0"));
      answer(awaited);
      int sum = 0;
      for (int index = 0; index < CLIENTS; index++) {
        String path = "/async/" + index;
        answer(onlooker.sync().forPath(path));
        sum += Integer.parseInt(Clients.text(answer(onlooker.getData().forPath(path))));
      }
      Check.that(sum >= acknowledged.get() && sum <= acknowledged.get() + doubtful.get(),
          "the sum is " + sum + ", " + acknowledged + " were acknowledged, " + doubtful + " in doubt");
      return acknowledged + " counted, " + doubtful + " in doubt, the sum is " + sum;
    }

    private static <T> T answer(CompletionStage<T> stage) throws Exception {
      try {
        return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Exception cause) throw cause;
        throw e;
      }
    }
  }
}

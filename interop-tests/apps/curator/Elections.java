package tskeeper.apps;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;

/** Three candidates, of whom one leads. */
final class Elections {
  private static final int CANDIDATES = 3;
  private static final String PATH = "/elections/seat";

  private Elections() {}

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    recipes.put("LeaderLatch", Latch::new);
    recipes.put("LeaderSelector", Selector::new);
  }

  /** Whoever leads resigns and becomes a candidate again, while somebody else looks out for two leaders. */
  private static final class Latch implements Recipe {
    private final List<CuratorFramework> clients;
    private final AtomicReferenceArray<LeaderLatch> latches = new AtomicReferenceArray<>(CANDIDATES);
    private final Set<String> leaders = new TreeSet<>();
    private final Steps steps = new Steps();

    Latch(Clients clients) {
      this.clients = clients.patient(CANDIDATES);
    }

    @Override
    public void begin() throws Exception {
      for (int index = 0; index < CANDIDATES; index++) stand(index);
      steps.repeat("looks", () -> {
        // Only those who lead in both looks have led at the same time.
        List<Integer> both = leading();
        both.retainAll(leading());
        Check.that(both.size() < 2, "two lead at once: " + both);
        Thread.sleep(1);
      });
      steps.repeat("changes", () -> {
        Check.eventually("somebody leads", () -> leading().size() == 1 || steps.isEnding());
        for (int index : leading()) {
          LeaderLatch leader = latches.get(index);
          leaders.add(leader.getId());
          leader.close();
          stand(index);
        }
      });
      steps.await(CANDIDATES);
    }

    private void stand(int index) throws Exception {
      LeaderLatch latch = new LeaderLatch(clients.get(index), PATH, "candidate-" + index);
      latches.set(index, latch);
      latch.start();
    }

    private List<Integer> leading() {
      List<Integer> found = new ArrayList<>();
      for (int index = 0; index < CANDIDATES; index++) if (latches.get(index).hasLeadership()) found.add(index);
      return found;
    }

    @Override
    public void goOn() throws Exception {
      steps.await(CANDIDATES);
    }

    @Override
    public String finish() throws Exception {
      steps.end();
      Check.eventually("exactly one leads, and all know it", () -> {
        List<Integer> one = leading();
        if (one.size() != 1) return false;
        for (int index = 0; index < CANDIDATES; index++) {
          if (!latches.get(index).getLeader().getId().equals("candidate-" + one.get(0))) return false;
          if (latches.get(index).getParticipants().size() != CANDIDATES) return false;
        }
        return true;
      });
      Check.equal("the number of those who led", CANDIDATES, leaders.size());
      return "one leads, " + CANDIDATES + " have led";
    }
  }

  /** Each leads for a moment and queues again; with the connection in doubt it gives up. */
  private static final class Selector implements Recipe {
    private final List<LeaderSelector> selectors = new ArrayList<>();
    private final CuratorFramework onlooker;
    private final Guarded guarded;
    private final Steps steps = new Steps();

    Selector(Clients clients) {
      onlooker = clients.patient();
      try {
        guarded = new Guarded(1, onlooker, null);
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
      for (CuratorFramework client : clients.patient(CANDIDATES)) {
        String name = "candidate " + selectors.size();
        steps.expect(name);
        LeaderSelector selector = new LeaderSelector(client, PATH, new LeaderSelectorListenerAdapter() {
          @Override
          public void takeLeadership(CuratorFramework client) throws Exception {
            try {
              guarded.hold(client, -1, () -> Thread.sleep(5));
              steps.made(name);
            } catch (IllegalStateException e) {
              steps.fail(e);
            }
          }
        });
        selector.setId(name);
        selector.autoRequeue();
        selectors.add(selector);
      }
    }

    @Override
    public void begin() throws Exception {
      for (LeaderSelector selector : selectors) selector.start();
      steps.await(3);
    }

    @Override
    public void goOn() throws Exception {
      steps.await(3);
    }

    @Override
    public String finish() throws Exception {
      Check.eventually("all are candidates", () -> selectors.get(0).getParticipants().size() == CANDIDATES);
      for (LeaderSelector selector : selectors) selector.close();
      steps.end();
      return guarded.tell(onlooker);
    }
  }
}

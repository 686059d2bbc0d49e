package tskeeper.apps;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.zookeeper.KeeperException;

/** What was put, what came out. A put whose connection was lost may have been made or not; each other comes out exactly once. */
final class Tally {
  interface Put {
    void make() throws Exception;
  }

  private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
  private final Set<String> doubtful = ConcurrentHashMap.newKeySet();
  private final Map<String, Integer> out = new ConcurrentHashMap<>();

  /** False when it is in doubt. */
  boolean put(String item, Put put) throws Exception {
    try {
      put.make();
      return acknowledged.add(item);
    } catch (KeeperException.ConnectionLossException e) {
      doubtful.add(item);
      return false;
    }
  }

  void takeOut(String item) {
    out.merge(item, 1, Integer::sum);
  }

  List<String> missing() {
    return acknowledged.stream().filter(item -> !out.containsKey(item)).sorted().toList();
  }

  /** When everything has come out, but for so many that a doubtful removal may have lost. */
  String tell(int lost) {
    Check.that(missing().size() <= lost, "put but never taken: " + missing());
    Check.equal("what is taken more than once", List.of(), out.keySet().stream().filter(item -> out.get(item) > 1).toList());
    Stream<String> strangers = out.keySet().stream().filter(item -> !acknowledged.contains(item) && !doubtful.contains(item));
    Check.equal("what is taken and was never put", List.of(), strangers.toList());
    return acknowledged.size() + " put and taken once, " + doubtful.size() + " in doubt, " + missing().size() + " lost in doubt";
  }
}

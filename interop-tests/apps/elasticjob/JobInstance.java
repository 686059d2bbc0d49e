package tskeeper.apps;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.shardingsphere.elasticjob.api.JobConfiguration;
import org.apache.shardingsphere.elasticjob.api.ShardingContext;
import org.apache.shardingsphere.elasticjob.infra.env.IpUtils;
import org.apache.shardingsphere.elasticjob.lite.api.bootstrap.impl.ScheduleJobBootstrap;
import org.apache.shardingsphere.elasticjob.lite.internal.instance.InstanceService;
import org.apache.shardingsphere.elasticjob.reg.zookeeper.ZookeeperConfiguration;
import org.apache.shardingsphere.elasticjob.reg.zookeeper.ZookeeperRegistryCenter;
import org.apache.shardingsphere.elasticjob.simple.job.SimpleJob;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Stat;

/**
 * One of those that share the items of a job: "connectString sessionTimeoutMs namespace". It writes when an item begins and when it ends,
 * in nanoseconds of a clock that all processes of a machine have.
 */
public final class JobInstance {
  private static final long PATIENCE_MS = 40_000;

  private final String namespace;
  private final Nodes nodes;
  private final ZookeeperRegistryCenter registry;
  private final List<ScheduleJobBootstrap> jobs = new ArrayList<>();
  private boolean holding;

  private JobInstance(String connectString, int sessionTimeoutMs, String namespace) throws Exception {
    this.namespace = namespace;
    nodes = new Nodes(connectString);
    ZookeeperConfiguration configuration = new ZookeeperConfiguration(connectString, namespace);
    configuration.setSessionTimeoutMilliseconds(sessionTimeoutMs);
    // Patient enough for any time without servers.
    configuration.setMaxRetries(20);
    registry = new ZookeeperRegistryCenter(configuration);
    registry.init();
  }

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    registerAsLoopback();
    JobInstance instance = new JobInstance(arguments[0], Integer.parseInt(arguments[1]), arguments[2]);
    Map<String, Dialogue.Verb> verbs = new LinkedHashMap<>();
    verbs.put("schedule", instance::schedule);
    verbs.put("trigger", words -> instance.trigger(words[0]));
    verbs.put("hold", words -> instance.hold(true));
    verbs.put("release", words -> instance.hold(false));
    verbs.put("leave", words -> instance.leave());
    verbs.put("leader", words -> instance.leader(words[0]));
    verbs.put("sessions", words -> new TreeSet<>(instance.registrations(words[0]).values()).toString());
    verbs.put("lastRegistration", words -> Long.toString(Collections.max(instance.registrations(words[0]).keySet())));
    verbs.put("awaitRegisteredAfter", instance::awaitRegisteredAfter);
    verbs.put("awaitNecessary", words -> instance.awaitNecessary(words[0]));
    verbs.put("awaitDivided", words -> instance.awaitDivided(words[0], List.of(words).subList(1, words.length)));
    verbs.put("awaitCrashed", words -> instance.awaitCrashed(words[0], Integer.parseInt(words[1])));
    Dialogue.hold(verbs);
  }

  /** ElasticJob names an instance after the first address that is not the loopback's, which a machine need not have. */
  private static void registerAsLoopback() throws ReflectiveOperationException {
    Field address = IpUtils.class.getDeclaredField("cachedIpAddress");
    address.setAccessible(true);
    address.set(null, "127.0.0.1");
  }

  /** "job items cron failover workMs", the cron with underscores for spaces. */
  private String schedule(String[] words) {
    long workMs = Long.parseLong(words[4]);
    SimpleJob job = context -> execute(context, workMs);
    JobConfiguration configuration = JobConfiguration.newBuilder(words[0], Integer.parseInt(words[1]))
        .cron(words[2].replace('_', ' ')).failover(Boolean.parseBoolean(words[3])).misfire(false).build();
    ScheduleJobBootstrap bootstrap = new ScheduleJobBootstrap(registry, job, configuration);
    bootstrap.schedule();
    jobs.add(bootstrap);
    return "scheduled";
  }

  private void execute(ShardingContext context, long workMs) {
    report(context, "began");
    awaitRelease();
    try {
      Thread.sleep(workMs);
    } catch (InterruptedException e) {
      // The instance leaves while the item is at work.
      Thread.currentThread().interrupt();
    }
    report(context, "ended");
  }

  private static void report(ShardingContext context, String what) {
    System.err.println("item " + context.getShardingItem() + " of " + context.getJobName() + " " + what + " " + System.nanoTime());
  }

  private synchronized void awaitRelease() {
    boolean interrupted = false;
    while (holding) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
  }

  private synchronized String hold(boolean hold) {
    holding = hold;
    notifyAll();
    return hold ? "held" : "released";
  }

  /** All instances of the job shall do their items now. */
  private String trigger(String job) {
    new InstanceService(registry, job).triggerAllInstances();
    return "triggered";
  }

  private String leave() {
    jobs.forEach(ScheduleJobBootstrap::shutdown);
    registry.close();
    return "left";
  }

  /** When each instance was registered, by zxid, and by which session. */
  private SortedMap<Long, String> registrations(String job) throws Exception {
    SortedMap<Long, String> found = new TreeMap<>();
    for (String instance : nodes.children(path(job, "instances"))) {
      Stat stat = nodes.stat(path(job, "instances/" + instance));
      found.put(stat.getCzxid(), Long.toHexString(stat.getEphemeralOwner()));
    }
    return found;
  }

  /** "job zxid count": until so many instances have all registered after that zxid. */
  private String awaitRegisteredAfter(String[] words) throws Exception {
    long zxid = Long.parseLong(words[1]);
    int count = Integer.parseInt(words[2]);
    Check.eventually("all have registered again", () -> {
      try {
        Set<Long> zxids = registrations(words[0]).keySet();
        return zxids.size() == count && zxids.stream().allMatch(one -> one > zxid);
      } catch (KeeperException e) {
        return false;
      }
    });
    return "registered";
  }

  private String leader(String job) throws Exception {
    nodes.awaitChildren(path(job, "leader/election"), children -> children.contains("instance"), PATIENCE_MS);
    return nodes.text(path(job, "leader/election/instance"));
  }

  /** Until it is known that the items are to be divided anew, which is done when the job is. */
  private String awaitNecessary(String job) throws Exception {
    nodes.awaitChildren(path(job, "leader/sharding"), children -> children.contains("necessary"), PATIENCE_MS);
    return "necessary";
  }

  /** Until each of the instances has its share of the items, and nobody else has any. Tells who has which. */
  private String awaitDivided(String job, List<String> instances) throws Exception {
    List<String> owners = new ArrayList<>();
    Check.eventually(job + " is divided among " + instances, () -> {
      owners.clear();
      try {
        int items = nodes.children(path(job, "sharding")).size();
        for (int item = 0; item < items; item++) owners.add(nodes.text(path(job, "sharding/" + item + "/instance")));
        return items > 0 && instances.stream().allMatch(instance -> Collections.frequency(owners, instance) == items / instances.size());
      } catch (KeeperException.NoNodeException e) {
        return false;
      }
    });
    return String.join(" ", owners);
  }

  private String awaitCrashed(String job, int count) throws Exception {
    return String.join(" ", nodes.awaitChildren(path(job, "leader/failover/items"), children -> children.size() == count, PATIENCE_MS));
  }

  private String path(String job, String node) {
    return "/" + namespace + "/" + job + "/" + node;
  }
}

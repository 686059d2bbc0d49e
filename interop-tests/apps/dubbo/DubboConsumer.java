package tskeeper.apps;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.dubbo.common.config.configcenter.DynamicConfiguration;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.RpcContext;
import org.apache.dubbo.rpc.RpcException;

/**
 * Calls Greeter, which it finds by interface and, independently, by application; beside it dubbo-admin and an onlooker in ZooKeeper, with
 * sessions of their own: "connectString sessionTimeoutMs emptyProtection".
 */
public final class DubboConsumer {
  private static final long PATIENCE_MS = 40_000;
  /** Enough for each of a few providers to get its turn. */
  private static final int CALLS = 6;

  private final Map<String, Greeter> greeters = new LinkedHashMap<>();
  private final Steps calls = new Steps();
  private final List<String> heard = new ArrayList<>();
  private final DynamicConfiguration configuration;

  private DubboConsumer(DubboSettings settings, String emptyProtection) {
    ReferenceConfig<Greeter> byInterface = reference("FORCE_INTERFACE");
    ReferenceConfig<Greeter> byApplication = reference("FORCE_APPLICATION");
    DubboBootstrap bootstrap = DubboSettings.application(new ApplicationConfig("visitors"))
        .registry(settings.registry("all", emptyProtection)).reference(byInterface).reference(byApplication);
    bootstrap.start();
    greeters.put("byInterface", byInterface.get());
    greeters.put("byApplication", byApplication.get());
    configuration = bootstrap.getApplicationModel().modelEnvironment().getDynamicConfiguration().get();
  }

  private static ReferenceConfig<Greeter> reference(String migrationStep) {
    ReferenceConfig<Greeter> reference = new ReferenceConfig<>();
    reference.setInterface(Greeter.class);
    reference.setCheck(false);
    reference.setRetries(0);
    reference.setTimeout(20_000);
    reference.setLoadbalance("roundrobin");
    reference.setParameters(Map.of("migration.step", migrationStep));
    return reference;
  }

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    DubboSettings settings = new DubboSettings(arguments[0], arguments[1]);
    Nodes nodes = new Nodes(arguments[0]);
    DubboConsumer consumer = new DubboConsumer(settings, arguments[2]);
    DubboAdmin admin = new DubboAdmin(settings);
    Map<String, Dialogue.Verb> verbs = new LinkedHashMap<>();
    verbs.put("awaitAnswers", words -> consumer.awaitAnswers(words[0], words[1], words.length > 2 ? words[2] : null));
    verbs.put("awaitSlowAnswers", words -> consumer.awaitSlowAnswers(words[0], words[1]));
    verbs.put("callSteadily", words -> consumer.callSteadily());
    verbs.put("goOnCalling", words -> consumer.goOnCalling());
    verbs.put("listen", words -> consumer.listen(words[0]));
    verbs.put("awaitHeard", words -> consumer.awaitHeard(Integer.parseInt(words[0])));
    verbs.put("publish", words -> admin.publish(words[0], words[1], decoded(words[2])));
    verbs.put("remove", words -> admin.remove(words[0], words[1]));
    verbs.put("register", words -> admin.register(decoded(words[0])));
    verbs.put("unregister", words -> admin.unregister(decoded(words[0])));
    verbs.put("awaitSeen", words -> admin.awaitSeen(words[0], Integer.parseInt(words[1]), PATIENCE_MS));
    verbs.put("awaitChildren", words -> consumer.awaitChildren(nodes, words[0], Integer.parseInt(words[1])));
    verbs.put("origins", words -> nodes.origins(words[0]));
    verbs.put("text", words -> nodes.text(words[0]));
    Dialogue.hold(verbs);
  }

  private static String decoded(String word) {
    return URLDecoder.decode(word, StandardCharsets.UTF_8);
  }

  /** Calls until exactly those answer, as "first,second"; a tag goes with the calls. */
  private String awaitAnswers(String found, String wanted, String tag) throws Exception {
    return awaitOutcomes(wanted, CALLS, () -> {
      if (tag != null) RpcContext.getClientAttachment().setAttachment("dubbo.tag", tag);
      return greeters.get(found).greet();
    });
  }

  private String awaitSlowAnswers(String found, String wanted) throws Exception {
    return awaitOutcomes(wanted, 2, () -> greeters.get(found).greetSlowly());
  }

  private interface Call {
    String answer() throws Exception;
  }

  private static String awaitOutcomes(String wanted, int calls, Call call) throws Exception {
    Set<String> outcomes = new TreeSet<>();
    boolean asWanted = Check.within(PATIENCE_MS, () -> {
      outcomes.clear();
      for (int i = 0; i < calls; i++) outcomes.add(outcome(call));
      return outcomes.equals(Set.of(wanted.split(",")));
    });
    Check.that(asWanted, "the calls still give " + outcomes + " and not " + wanted);
    return wanted;
  }

  /** Who answered, or why nobody did: to know of no provider is not the same as to reach none of those that are known. */
  private static String outcome(Call call) throws Exception {
    try {
      return call.answer();
    } catch (RpcException e) {
      if (e.isTimeout()) return "timeout";
      return e.isForbidden() || e.isNoInvokerAvailableAfterFilter() ? "nobody" : "failure";
    }
  }

  /** From now on there are calls by each way of finding all the time. */
  private String callSteadily() {
    greeters.forEach((found, greeter) -> calls.repeat(found, () -> {
      greeter.greet();
      Thread.sleep(10);
    }));
    return "calling";
  }

  /** Waits for some more calls; none may have failed so far. */
  private String goOnCalling() throws Exception {
    calls.await(50);
    return "gone on";
  }

  /** Listens to an item of the group dubbo. */
  private String listen(String key) {
    configuration.addListener(key, DynamicConfiguration.DEFAULT_GROUP, event -> {
      synchronized (heard) {
        heard.add(event.getChangeType() + " " + event.getContent());
        heard.notifyAll();
      }
    });
    return "listening";
  }

  /** Waits until so many changes were heard of; gives the last. */
  private String awaitHeard(int count) throws InterruptedException {
    long deadline = Check.deadline(PATIENCE_MS);
    synchronized (heard) {
      while (heard.size() < count) Check.waitUntil(heard, deadline, "only " + heard);
      return heard.get(heard.size() - 1);
    }
  }

  private String awaitChildren(Nodes nodes, String path, int count) throws Exception {
    return String.join(" ", nodes.awaitChildren(path, children -> children.size() == count, PATIENCE_MS));
  }
}

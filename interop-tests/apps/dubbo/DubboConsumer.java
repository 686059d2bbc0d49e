package tskeeper.apps;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.rpc.RpcException;

/** Calls Greeter and looks on in ZooKeeper: "connectString sessionTimeoutMs". It tells what the registry holds and what a call gives. */
public final class DubboConsumer {
  private static final String PROVIDERS = "/dubbo/" + Greeter.class.getName() + "/providers";
  private static final String INSTANCES = "/services/greetings";
  private static final long PATIENCE_MS = 30_000;

  private final Nodes nodes;
  private final Greeter greeter;

  private DubboConsumer(Nodes nodes, Greeter greeter) {
    this.nodes = nodes;
    this.greeter = greeter;
  }

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    ReferenceConfig<Greeter> reference = new ReferenceConfig<>();
    reference.setInterface(Greeter.class);
    reference.setCheck(false);
    reference.setRetries(0);
    reference.setTimeout(3000);
    DubboSettings.bootstrap("visitors", arguments[0], arguments[1]).reference(reference).start();
    DubboConsumer consumer = new DubboConsumer(new Nodes(arguments[0]), reference.get());
    Map<String, Dialogue.Verb> verbs = new LinkedHashMap<>();
    verbs.put("awaitRegistered", words -> consumer.awaitRegistered(Integer.parseInt(words[0])));
    verbs.put("host", words -> consumer.host());
    verbs.put("registration", words -> consumer.registration());
    verbs.put("greet", words -> consumer.greet(words[0]));
    verbs.put("awaitNobody", words -> consumer.awaitNobody());
    Dialogue.hold(verbs);
  }

  /** Waits until that many providers are registered, both by interface and by application. */
  private String awaitRegistered(int wanted) throws Exception {
    List<String> providers = nodes.awaitChildren(PROVIDERS, children -> children.size() == wanted, PATIENCE_MS);
    List<String> instances = nodes.awaitChildren(INSTANCES, children -> children.size() == wanted, PATIENCE_MS);
    return providers.size() + " by interface, " + instances.size() + " by application";
  }

  /** The host that the one provider has registered. */
  private String host() throws Exception {
    return URLDecoder.decode(nodes.children(PROVIDERS).get(0), StandardCharsets.UTF_8).split("/")[2].split(":")[0];
  }

  /** Which session made the one registration and when: the same text means that it is the same node of the same session. */
  private String registration() throws Exception {
    return nodes.origin(PROVIDERS + "/" + nodes.children(PROVIDERS).get(0));
  }

  /** A provider that has just registered reaches the consumer a moment later: calls until it is answered. */
  private String greet(String name) throws Exception {
    return eventually(() -> {
      try {
        return greeter.greet(name);
      } catch (RpcException e) {
        return null;
      }
    });
  }

  /** Calls until the consumer knows of no provider at all, which is not the same as one that does not answer. */
  private String awaitNobody() throws Exception {
    return eventually(() -> {
      try {
        greeter.greet("nobody");
      } catch (RpcException e) {
        if (e.isForbidden() || e.isNoInvokerAvailableAfterFilter()) return "no provider";
      }
      return null;
    });
  }

  private static String eventually(Callable<String> question) throws Exception {
    long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000;
    for (;;) {
      String answer = question.call();
      if (answer != null) return answer;
      if (System.nanoTime() > deadline) throw new IllegalStateException("not within " + PATIENCE_MS + " ms");
      Thread.sleep(50);
    }
  }
}

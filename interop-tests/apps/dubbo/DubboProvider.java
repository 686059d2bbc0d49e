package tskeeper.apps;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;

/** Provides Greeter by one name or several, each like a process of its own: "connectString sessionTimeoutMs". */
public final class DubboProvider {
  private final DubboSettings settings;
  private final Map<String, DubboBootstrap> offered = new ConcurrentHashMap<>();

  private DubboProvider(DubboSettings settings) {
    this.settings = settings;
  }

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    DubboProvider provider = new DubboProvider(new DubboSettings(arguments[0], arguments[1]));
    Dialogue.hold(Map.of(
        "offer", words -> provider.offer(words[0], words[1], Integer.parseInt(words[2]), words[3], words[4]),
        "offerAsConfigured", words -> provider.offerAsConfigured(words[0], words[1]),
        "withdraw", words -> provider.withdraw(words[0])));
  }

  /** Has registered when it returns. Dubbo refuses loopback addresses and listens everywhere instead, but takes a name that leads to one. */
  private String offer(String name, String host, int port, String registerMode, String metadataType) {
    ApplicationConfig application = new ApplicationConfig("greetings");
    application.setMetadataType(metadataType);
    ProtocolConfig protocol = new ProtocolConfig("dubbo", port);
    protocol.setHost(host);
    return start(name, DubboSettings.application(application)
        .registry(settings.registry(registerMode, "false"))
        .metadataReport(settings.metadataReport())
        .protocol(protocol));
  }

  /** Registry and protocol are what the config center says. */
  private String offerAsConfigured(String name, String application) {
    return start(name, DubboSettings.application(new ApplicationConfig(application)).configCenter(settings.configCenter()));
  }

  private String start(String name, DubboBootstrap bootstrap) {
    ServiceConfig<Greeter> service = new ServiceConfig<>();
    service.setInterface(Greeter.class);
    service.setWarmup(0); // Its full share of the calls at once.
    service.setRef(new NamedGreeter(name));
    bootstrap.service(service).start();
    offered.put(name, bootstrap);
    return "offered";
  }

  private String withdraw(String name) {
    offered.remove(name).stop();
    return "withdrawn";
  }

  private static final class NamedGreeter implements Greeter {
    private final String name;

    NamedGreeter(String name) {
      this.name = name;
    }

    @Override
    public String greet() {
      return name;
    }

    @Override
    public String greetSlowly() throws InterruptedException {
      Thread.sleep(200);
      return name;
    }
  }
}

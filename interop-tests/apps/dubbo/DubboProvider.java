package tskeeper.apps;

import java.util.Map;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.ServiceConfig;

/** Provides Greeter until it is ended: "connectString sessionTimeoutMs name host port". Ready for questions means registered. */
public final class DubboProvider {
  private DubboProvider() {}

  public static void main(String[] arguments) throws Exception {
    Dialogue.begin();
    String name = arguments[2];
    ServiceConfig<Greeter> service = new ServiceConfig<>();
    service.setInterface(Greeter.class);
    service.setRef(who -> "Hello " + who + ", this is " + name);
    ProtocolConfig protocol = DubboSettings.protocol(arguments[3], Integer.parseInt(arguments[4]));
    DubboSettings.bootstrap("greetings", arguments[0], arguments[1]).protocol(protocol).service(service).start();
    Dialogue.hold(Map.of());
  }
}

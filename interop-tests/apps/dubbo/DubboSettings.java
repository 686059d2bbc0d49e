package tskeeper.apps;

import java.util.Map;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;

/** What provider and consumer have in common: stock settings, but for a session that expires soon and no management port. */
final class DubboSettings {
  private DubboSettings() {}

  static DubboBootstrap bootstrap(String application, String connectString, String sessionTimeoutMs) {
    ApplicationConfig config = new ApplicationConfig(application);
    config.setQosEnable(false);
    RegistryConfig registry = new RegistryConfig("zookeeper://" + connectString.replaceFirst(",", "?backup="));
    registry.setParameters(Map.of("session", sessionTimeoutMs));
    return DubboBootstrap.getInstance().application(config).registry(registry);
  }

  /** Dubbo refuses loopback addresses and listens everywhere instead, but takes a name that leads to one. */
  static ProtocolConfig protocol(String host, int port) {
    ProtocolConfig protocol = new ProtocolConfig("dubbo", port);
    protocol.setHost(host);
    return protocol;
  }
}

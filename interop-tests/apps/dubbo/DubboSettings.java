package tskeeper.apps;

import java.util.HashMap;
import java.util.Map;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ConfigCenterConfig;
import org.apache.dubbo.config.MetadataReportConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.model.FrameworkModel;

/** What all applications have in common: stock settings, but for the length of the session and no management port. */
final class DubboSettings {
  private final String connectString;
  private final Map<String, String> session;

  DubboSettings(String connectString, String sessionTimeoutMs) {
    this.connectString = connectString;
    this.session = Map.of("session", sessionTimeoutMs);
  }

  /** In Dubbo's words: one server, and the others behind it. */
  String address() {
    return "zookeeper://" + connectString.replaceFirst(",", "?backup=");
  }

  RegistryConfig registry(String registerMode, String emptyProtection) {
    RegistryConfig registry = new RegistryConfig(address());
    registry.setRegisterMode(registerMode);
    registry.setParameters(new HashMap<>(session));
    registry.getParameters().put("enable-empty-protection", emptyProtection);
    return registry;
  }

  MetadataReportConfig metadataReport() {
    MetadataReportConfig report = new MetadataReportConfig(address());
    report.setParameters(session);
    return report;
  }

  ConfigCenterConfig configCenter() {
    ConfigCenterConfig center = new ConfigCenterConfig();
    center.setAddress(address());
    center.setParameters(session);
    return center;
  }

  /** An application that shares nothing with the others of this process, sessions in particular. */
  static DubboBootstrap application(ApplicationConfig application) {
    application.setQosEnable(false);
    return DubboBootstrap.newInstance(new FrameworkModel()).application(application);
  }
}

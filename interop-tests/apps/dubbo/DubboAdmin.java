package tskeeper.apps;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.dubbo.common.URL;
import org.apache.dubbo.common.config.configcenter.DynamicConfiguration;
import org.apache.dubbo.common.config.configcenter.DynamicConfigurationFactory;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.registry.NotifyListener;
import org.apache.dubbo.registry.Registry;
import org.apache.dubbo.registry.RegistryFactory;
import org.apache.dubbo.rpc.model.ApplicationModel;
import org.apache.dubbo.rpc.model.FrameworkModel;

/**
 * Uses ZooKeeper as dubbo-admin does: reads through a subscription to all categories of all services, and writes rules as items of the
 * dynamic configuration and, for old consumers, as URLs that stay.
 */
final class DubboAdmin implements NotifyListener {
  private static final URL SUBSCRIPTION = URL.valueOf("admin://visitors.test?interface=*&group=*&version=*&classifier=*"
      + "&category=providers,consumers,routers,configurators&enabled=*&check=false");

  private final Registry registry;
  private final DynamicConfiguration configuration;
  private final ApplicationModel model = new FrameworkModel().newApplication();
  /** By category: what the last notification said of Greeter. */
  private final Map<String, List<URL>> seen = new HashMap<>();
  private boolean subscribed;

  DubboAdmin(DubboSettings settings) {
    model.getApplicationConfigManager().setApplication(new ApplicationConfig("dubbo-admin"));
    URL url = urlOf(settings.address());
    configuration = model.getExtensionLoader(DynamicConfigurationFactory.class).getExtension(url.getProtocol()).getDynamicConfiguration(url);
    registry = model.getExtensionLoader(RegistryFactory.class).getAdaptiveExtension().getRegistry(url);
  }

  private URL urlOf(String text) {
    return URL.valueOf(text).setScopeModel(model);
  }

  @Override
  public synchronized void notify(List<URL> urls) {
    Map<String, List<URL>> notified = new HashMap<>();
    for (URL url : urls) {
      if (!Greeter.class.getName().equals(url.getServiceInterface())) continue;
      List<URL> ofCategory = notified.computeIfAbsent(categoryOf(url), category -> new ArrayList<>());
      if (!url.getProtocol().equals("empty")) ofCategory.add(url);
    }
    seen.putAll(notified);
    notifyAll();
  }

  private static String categoryOf(URL url) {
    String category = url.getParameter("category");
    return category != null ? category : url.getProtocol().equals("consumer") ? "consumers" : "providers";
  }

  /**
   * Waits until it sees so many URLs of that category; gives them. It looks from the first time on, since it makes nodes: it takes all
   * children of /dubbo for services with categories.
   */
  String awaitSeen(String category, int count, long timeoutMs) throws InterruptedException {
    if (!subscribed) registry.subscribe(SUBSCRIPTION.setScopeModel(model), this);
    subscribed = true;
    return awaitUrls(category, count, Check.deadline(timeoutMs));
  }

  private synchronized String awaitUrls(String category, int count, long deadline) throws InterruptedException {
    for (;;) {
      List<URL> urls = seen.getOrDefault(category, List.of());
      if (urls.size() == count) return String.join(" ", urls.stream().map(URL::toFullString).sorted().toList());
      Check.waitUntil(this, deadline, "the admin sees " + urls);
    }
  }

  String publish(String group, String key, String content) {
    Check.that(configuration.publishConfig(key, group, content), "not published");
    return "published";
  }

  String remove(String group, String key) {
    Check.that(configuration.removeConfig(key, group), "not removed");
    return "removed";
  }

  String register(String url) {
    registry.register(urlOf(url));
    return "registered";
  }

  String unregister(String url) {
    registry.unregister(urlOf(url));
    return "unregistered";
  }
}

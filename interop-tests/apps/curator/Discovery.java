package tskeeper.apps;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceProvider;

/** Three instances of a service, found through a provider, which asks in turn, and through a cache. */
final class Discovery implements Recipe {
  private static final String BASE = "/discovery";
  private static final String SERVICE = "greetings";

  private final Clients clients;
  private final List<CuratorFramework> registrars;
  private final List<ServiceDiscovery<Void>> registrations = new ArrayList<>();
  private final List<ServiceInstance<Void>> instances = new ArrayList<>();
  private ServiceCache<Void> cache;
  private ServiceProvider<Void> provider;

  private Discovery(Clients clients) {
    this.clients = clients;
    registrars = clients.patient(3);
  }

  static void list(Map<String, Function<Clients, Recipe>> recipes) {
    recipes.put("ServiceDiscovery", Discovery::new);
  }

  @Override
  public void begin() throws Exception {
    for (CuratorFramework registrar : registrars) {
      String id = "instance-" + instances.size();
      ServiceInstance<Void> instance = ServiceInstance.<Void>builder().name(SERVICE).id(id).address("127.0.0.1").port(1).build();
      ServiceDiscovery<Void> discovery =
          ServiceDiscoveryBuilder.builder(Void.class).client(registrar).basePath(BASE).thisInstance(instance).build();
      discovery.start();
      instances.add(instance);
      registrations.add(discovery);
    }
    ServiceDiscovery<Void> searching = ServiceDiscoveryBuilder.builder(Void.class).client(clients.patient()).basePath(BASE).build();
    searching.start();
    cache = searching.serviceCacheBuilder().name(SERVICE).build();
    cache.start();
    provider = searching.serviceProviderBuilder().serviceName(SERVICE).build();
    provider.start();
    awaitFound("instance-0", "instance-1", "instance-2");
  }

  private void awaitFound(String... ids) throws Exception {
    Set<String> wanted = new TreeSet<>(List.of(ids));
    Check.eventually("the cache has " + wanted, () -> wanted.equals(idsOf(cache.getInstances())));
    Check.eventually("the provider gives " + wanted, () -> {
      List<ServiceInstance<Void>> given = new ArrayList<>();
      for (int time = 0; time < 6; time++) {
        ServiceInstance<Void> instance = provider.getInstance();
        if (instance != null) given.add(instance);
      }
      return wanted.equals(idsOf(given));
    });
  }

  private static Set<String> idsOf(List<ServiceInstance<Void>> found) {
    Set<String> ids = new TreeSet<>();
    for (ServiceInstance<Void> instance : found) ids.add(instance.getId());
    return ids;
  }

  @Override
  public void goOn() throws Exception {
    awaitFound("instance-0", "instance-1", "instance-2");
    registrations.get(1).unregisterService(instances.get(1));
    awaitFound("instance-0", "instance-2");
    registrations.get(1).registerService(instances.get(1));
    awaitFound("instance-0", "instance-1", "instance-2");
  }

  @Override
  public String finish() throws Exception {
    clients.expire(registrars.get(2));
    registrations.get(0).close();
    awaitFound("instance-1", "instance-2");
    for (int index = 1; index < 3; index++) registrations.get(index).close();
    awaitFound();
    return "found while they are there";
  }
}

package tskeeper.apps;

import static tskeeper.apps.KafkaClients.done;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.admin.UserScramCredentialsDescription;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** Who may do what, and how fast: users with passwords, access control lists, quotas. */
final class Access {
  private final KafkaClients clients;

  private Access(KafkaClients clients) {
    this.clients = clients;
  }

  static void list(Map<String, Dialogue.Verb> verbs, KafkaClients clients) {
    Access access = new Access(clients);
    verbs.put("addUser", words -> access.addUser(words[0], words[1]));
    verbs.put("removeUser", words -> access.removeUser(words[0]));
    verbs.put("users", words -> access.users());
    verbs.put("addAcl", words -> access.addAcl(bindingOf(words)));
    verbs.put("removeAcl", words -> access.removeAcl(bindingOf(words)));
    verbs.put("acls", words -> access.acls());
    verbs.put("setQuota", words -> access.alterQuota(words[0], words[1], Double.valueOf(words[2])));
    verbs.put("removeQuota", words -> access.alterQuota(words[0], words[1], null));
    verbs.put("quotas", words -> access.quotas());
  }

  private String addUser(String name, String password) throws Exception {
    ScramCredentialInfo info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
    try (Admin admin = clients.admin()) {
      done(admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(name, info, password))).all());
    }
    return "added";
  }

  private String removeUser(String name) throws Exception {
    try (Admin admin = clients.admin()) {
      done(admin.alterUserScramCredentials(List.of(new UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_256))).all());
    }
    return "removed";
  }

  private String users() throws Exception {
    try (Admin admin = clients.admin()) {
      Map<String, UserScramCredentialsDescription> users = done(admin.describeUserScramCredentials().all());
      return String.join(" ", new TreeSet<>(users.keySet()));
    }
  }

  /** "ALLOW alice WRITE TOPIC letters", for resources whose names begin so. */
  private static AclBinding bindingOf(String[] words) {
    AclPermissionType permission = AclPermissionType.valueOf(words[0]);
    ResourcePattern pattern = new ResourcePattern(ResourceType.valueOf(words[3]), words[4], PatternType.PREFIXED);
    return new AclBinding(pattern, new AccessControlEntry("User:" + words[1], "*", AclOperation.valueOf(words[2]), permission));
  }

  private String addAcl(AclBinding binding) throws Exception {
    try (Admin admin = clients.admin()) {
      done(admin.createAcls(List.of(binding)).all());
    }
    return "added";
  }

  private String removeAcl(AclBinding binding) throws Exception {
    try (Admin admin = clients.admin()) {
      return done(admin.deleteAcls(List.of(binding.toFilter())).all()).size() + " removed";
    }
  }

  private String acls() throws Exception {
    try (Admin admin = clients.admin()) {
      return done(admin.describeAcls(AclBindingFilter.ANY).values()).stream().map(binding -> {
        AccessControlEntry entry = binding.entry();
        ResourcePattern pattern = binding.pattern();
        String what = pattern.patternType() + " " + pattern.resourceType() + " " + pattern.name();
        return entry.permissionType() + " " + entry.principal() + " " + entry.operation() + " " + what;
      }).sorted().collect(Collectors.joining("; "));
    }
  }

  private String alterQuota(String user, String key, Double value) throws Exception {
    ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, user));
    ClientQuotaAlteration alteration = new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op(key, value)));
    try (Admin admin = clients.admin()) {
      done(admin.alterClientQuotas(List.of(alteration)).all());
    }
    return "altered";
  }

  private String quotas() throws Exception {
    Map<String, String> quotas = new TreeMap<>();
    try (Admin admin = clients.admin()) {
      done(admin.describeClientQuotas(ClientQuotaFilter.all()).entities()).forEach((entity, limits) -> {
        quotas.put(entity.entries().toString(), limits.toString());
      });
    }
    return quotas.toString();
  }
}

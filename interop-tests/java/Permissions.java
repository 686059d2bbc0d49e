// Identities and ACLs: what each kind of identity may do to nodes of each kind of ACL.
import static org.apache.zookeeper.ZooDefs.Ids.CREATOR_ALL_ACL;
import static org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE;
import static org.apache.zookeeper.ZooDefs.Ids.READ_ACL_UNSAFE;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.auth.DigestAuthenticationProvider;

final class Permissions {
    private static String servers;
    private static ZooKeeper owner;
    private static ZooKeeper guest;

    public static void main(String[] args) throws Exception {
        servers = args[0];
        owner = Trace.connect(servers);
        owner.addAuthInfo("digest", Trace.bytes("owner:secret"));
        guest = Trace.connect(servers);
        identities();
        perBit();
        lists();
        filteredEvents();
        superUser();
        failures(); // Last, because the sessions of failed clients are not closed and expire some time later, which takes a zxid each.
        owner.close();
        guest.close();
        Trace.say("done");
    }

    private static void identities() throws Exception {
        Trace.attempt("guest", () -> Trace.sorted(guest.whoAmI()));
        Trace.attempt("owner", () -> Trace.sorted(owner.whoAmI()));
        owner.addAuthInfo("digest", Trace.bytes("second:other"));
        owner.addAuthInfo("ip", Trace.bytes(""));
        Trace.attempt("more", () -> Trace.sorted(owner.whoAmI()));
    }

    // The client asks these lists whether they contain null, which those of List.of do not let it.
    private static List<ACL> acl(int perms, String scheme, String id) {
        return Collections.singletonList(new ACL(perms, new Id(scheme, id)));
    }

    private static void perBit() throws Exception {
        for (int perms : new int[] {0, Perms.READ, Perms.WRITE, Perms.CREATE, Perms.DELETE, Perms.ADMIN, Perms.ALL}) {
            String path = "/bits" + perms;
            owner.create(path, Trace.bytes("x"), acl(perms, "world", "anyone"), CreateMode.PERSISTENT);
            tryEverything("perms " + perms, guest, path);
        }
        owner.create("/own", Trace.bytes("x"), CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        tryEverything("owner", owner, "/own");
        tryEverything("guest", guest, "/own");
        owner.create("/readable", Trace.bytes("x"), READ_ACL_UNSAFE, CreateMode.PERSISTENT);
        tryEverything("readable", guest, "/readable");
    }

    private static void tryEverything(String who, ZooKeeper zk, String path) throws Exception {
        Stat stat = new Stat();
        Trace.attempt(who + " exists", () -> zk.exists(path, false) != null);
        Trace.attempt(who + " get", () -> zk.getData(path, false, stat));
        Trace.attempt(who + " set", () -> zk.setData(path, Trace.bytes("y"), -1));
        Trace.attempt(who + " children", () -> zk.getChildren(path, false));
        Trace.attempt(who + " number", () -> zk.getAllChildrenNumber(path));
        Trace.attempt(who + " getACL", () -> zk.getACL(path, stat));
        Trace.attempt(who + " check", () -> zk.multi(List.of(Op.check(path, -1))));
        Trace.attempt(who + " create", () -> zk.create(path + "/kid", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        Trace.run(who + " delete", () -> zk.delete(path + "/kid", -1));
        Trace.attempt(who + " setACL", () -> zk.setACL(path, zk.getACL(path, stat), -1));
        Trace.attempt(who + " setACL blind", () -> zk.setACL(path, OPEN_ACL_UNSAFE, 99));
    }

    private static void lists() throws Exception {
        owner.create("/lists", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        String[][] ids = {{"world", "anyone"}, {"world", "someone"}, {"auth", ""}, {"auth", "ignored"}, {"digest", "u:hash"},
            {"digest", "u"}, {"digest", "a:b:c"}, {"ip", "127.0.0.1"}, {"ip", "127.0.0.0/8"}, {"ip", "10.0.0.0/8"}, {"ip", "127.1"},
            {"ip", "::1"}, {"ip", "127.0.0.1/33"}, {"super", "x"}, {"sasl", "bob"}, {"x509", "CN=x"}, {"host", "localhost"}, {"nosuch", "x"}, {"", ""}};
        for (String[] id : ids) {
            List<ACL> acl = acl(Perms.ALL, id[0], id[1]);
            String what = "acl " + id[0] + ":" + id[1];
            Trace.attempt(what + " by owner", () -> owner.setACL("/lists", acl, -1));
            Trace.attempt(what + " read", () -> owner.getACL("/lists", new Stat()));
            Trace.attempt(what + " by guest", () -> guest.getData("/lists", false, null));
            Trace.attempt(what + " guest creates", () -> guest.create("/x", null, acl, CreateMode.EPHEMERAL_SEQUENTIAL));
            owner.delete("/lists", -1);
            owner.create("/lists", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        }
        ACL world = new ACL(Perms.READ, new Id("world", "anyone"));
        ACL auth = new ACL(Perms.ALL, new Id("auth", ""));
        Trace.attempt("repeated", () -> owner.setACL("/lists", Arrays.asList(world, auth, world, auth), -1));
        Trace.attempt("read by owner", () -> owner.getACL("/lists", new Stat()));
        Trace.attempt("read by guest", () -> guest.getACL("/lists", new Stat()));
        Trace.attempt("empty", () -> owner.setACL("/lists", Collections.emptyList(), -1));
    }

    private static void filteredEvents() throws Exception {
        Trace.say("events need READ");
        Trace.Events events = new Trace.Events("guest");
        Trace.Events child = new Trace.Events("child of /");
        guest.addWatch("/hidden", events, AddWatchMode.PERSISTENT_RECURSIVE);
        guest.getChildren("/", child);
        owner.create("/hidden", null, CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        owner.setData("/hidden", null, -1);
        owner.create("/hidden/open", null, OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        owner.delete("/hidden/open", -1);
        owner.delete("/hidden", -1);
        Trace.sayEvents(guest, events, child);
    }

    private static void failures() throws Exception {
        for (String scheme : List.of("nosuch", "world", "auth", "sasl", "super")) {
            Trace.Events session = new Trace.Events("session");
            ZooKeeper zk = Trace.connect(servers, 10_000, session);
            zk.addAuthInfo(scheme, Trace.bytes("x"));
            session.await(KeeperState.AuthFailed);
            Trace.attempt(scheme + " after the failure", () -> zk.exists("/", false));
            zk.close();
        }
    }

    /** The server was started with the digest of super:admin as its super user. */
    private static void superUser() throws Exception {
        ZooKeeper admin = Trace.connect(servers);
        admin.addAuthInfo("digest", Trace.bytes("super:admin"));
        Trace.say("digest " + DigestAuthenticationProvider.generateDigest("super:admin"));
        Trace.attempt("super", () -> Trace.sorted(admin.whoAmI()));
        tryEverything("super", admin, "/own");
        tryEverything("super", admin, "/bits0");
        Trace.attempt("super sets config", () -> admin.setData("/zookeeper/config", Trace.bytes("x"), -1));
        Trace.run("super deletes /zookeeper", () -> admin.delete("/zookeeper", -1));
        Trace.attempt("super creates for auth", () -> admin.create("/by-super", null, CREATOR_ALL_ACL, CreateMode.PERSISTENT));
        Trace.attempt("its acl", () -> admin.getACL("/by-super", new Stat()));
        admin.close();
    }
}

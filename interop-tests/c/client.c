/*
 * Checks a server through the C client, in its form with threads.
 *
 *   client version               the version of the library
 *   client list                  names the checks
 *   client check 127.0.0.1:P     runs them, one line "ok NAME" or "failed NAME: why" for each
 *   client survive 127.0.0.1:P   lives through restarts of the server, told by lines of input
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zookeeper/zookeeper.h>
#include <zookeeper/zookeeper_version.h>

#define PATIENCE_SECONDS 20
#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const char *servers;
static jmp_buf failed;
static char why[512];

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    longjmp(failed, 1);
}

static void want(const char *what, long long actual, long long expected) {
    if (actual != expected) fail("%s: %lld instead of %lld", what, actual, expected);
}

static void want_text(const char *what, const char *actual, const char *expected) {
    if (strcmp(actual, expected) != 0) fail("%s: %s instead of %s", what, actual, expected);
}

static void ok(const char *what, int code) {
    if (code != ZOK) fail("%s: %s", what, zerror(code));
}

/* ---- events: written by the client's thread, awaited by ours ---- */

struct events {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    int count;
    char lines[64][256];
};

static struct events *new_events(void) {
    struct events *events = calloc(1, sizeof *events);
    pthread_mutex_init(&events->mutex, NULL);
    pthread_cond_init(&events->arrived, NULL);
    return events;
}

static const char *type_name(int type) {
    if (type == ZOO_CREATED_EVENT) return "created";
    if (type == ZOO_DELETED_EVENT) return "deleted";
    if (type == ZOO_CHANGED_EVENT) return "changed";
    if (type == ZOO_CHILD_EVENT) return "child";
    return "other";
}

static void add_line(struct events *events, const char *first, const char *second) {
    pthread_mutex_lock(&events->mutex);
    if (events->count < LENGTH(events->lines)) snprintf(events->lines[events->count++], sizeof events->lines[0], "%s %s", first, second);
    pthread_cond_broadcast(&events->arrived);
    pthread_mutex_unlock(&events->mutex);
}

static void watch(zhandle_t *zh, int type, int state, const char *path, void *context) {
    char name[32];
    if (type == ZOO_SESSION_EVENT) {
        snprintf(name, sizeof name, "state %d", state);
        add_line(context, "session", name);
    } else {
        add_line(context, type_name(type), path);
    }
}

/* For watches that care about nodes only: connections come and go. */
static void watch_node(zhandle_t *zh, int type, int state, const char *path, void *context) {
    if (type != ZOO_SESSION_EVENT) watch(zh, type, state, path, context);
}

/* Waits for the next line that contains the text, forgets what came before it, and tells whether it came. */
static int arrives(struct events *events, const char *text) {
    struct timespec deadline;
    int found = 0;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_SECONDS;
    pthread_mutex_lock(&events->mutex);
    for (;;) {
        for (int i = 0; i < events->count && !found; i++) found = strstr(events->lines[i], text) != NULL;
        if (found || pthread_cond_timedwait(&events->arrived, &events->mutex, &deadline) != 0) break;
    }
    events->count = 0;
    pthread_mutex_unlock(&events->mutex);
    return found;
}

static void await(struct events *events, const char *text) {
    if (!arrives(events, text)) fail("no event \"%s\"", text);
}

/* Waits until there are so many lines. */
static void await_count(struct events *events, int count) {
    struct timespec deadline;
    int actual, late = 0;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_SECONDS;
    pthread_mutex_lock(&events->mutex);
    while (events->count < count && !late) late = pthread_cond_timedwait(&events->arrived, &events->mutex, &deadline) != 0;
    actual = events->count;
    pthread_mutex_unlock(&events->mutex);
    want("number of answers", actual, count);
}

/* ---- connections ---- */

static zhandle_t *open_session(const char *address, int timeout_ms, const clientid_t *id, struct events *session) {
    zhandle_t *zh = zookeeper_init(address, watch, timeout_ms, id, session, 0);
    char connected[32];
    if (zh == NULL) fail("zookeeper_init failed");
    snprintf(connected, sizeof connected, "state %d", ZOO_CONNECTED_STATE);
    await(session, connected);
    return zh;
}

static zhandle_t *open_client(void) { return open_session(servers, 10000, NULL, new_events()); }

static void create_node(zhandle_t *zh, const char *path) {
    ok(path, zoo_create(zh, path, "0", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0));
}

static const char *below(const char *path, const char *name) {
    static char joined[8][256];
    static int next;
    char *place = joined[next++ % LENGTH(joined)];
    snprintf(place, sizeof joined[0], "%s/%s", path, name);
    return place;
}

/* ---- the checks ---- */

static void check_session(zhandle_t *zh, const char *path) {
    struct Stat stat;
    clientid_t id = *zoo_client_id(zh);
    if (id.client_id == 0) fail("there is no session id");
    want("timeout", zoo_recv_timeout(zh), 10000);
    zhandle_t *brief = open_session(servers, 500, NULL, new_events());
    want("timeout", zoo_recv_timeout(brief), 1000);
    ok("create", zoo_create(brief, path, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0));
    ok("exists", zoo_exists(zh, path, 0, &stat));
    want("owner", stat.ephemeralOwner, zoo_client_id(brief)->client_id);
    ok("close", zookeeper_close(brief));
    want("after the end", zoo_exists(zh, path, 0, &stat), ZNONODE);
}

static void check_takeover(zhandle_t *zh, const char *path) {
    struct Stat stat;
    clientid_t id = *zoo_client_id(zh);
    ok("create", zoo_create(zh, path, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0));
    zhandle_t *heir = open_session(servers, 10000, &id, new_events());
    want("session", zoo_client_id(heir)->client_id, id.client_id);
    /* The first client wants its session back: the two take turns. */
    int code = ZCONNECTIONLOSS;
    time_t deadline = time(NULL) + PATIENCE_SECONDS;
    while (code == ZCONNECTIONLOSS && time(NULL) < deadline) code = zoo_exists(heir, path, 0, &stat);
    ok("exists", code);
    want("owner", stat.ephemeralOwner, id.client_id);
    zookeeper_close(heir);
}

static void check_wrong_password(zhandle_t *zh, const char *path) {
    struct events *session = new_events();
    char expired[32];
    clientid_t id = *zoo_client_id(zh);
    memset(id.passwd, 0, sizeof id.passwd);
    zhandle_t *thief = zookeeper_init(servers, watch, 10000, &id, session, 0);
    snprintf(expired, sizeof expired, "state %d", ZOO_EXPIRED_SESSION_STATE);
    await(session, expired);
    zookeeper_close(thief);
}

static void check_nodes(zhandle_t *zh, const char *path) {
    char name[256];
    struct Stat stat;
    ok("create", zoo_create(zh, path, "x", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, name, sizeof name));
    want_text("path", name, path);
    want("again", zoo_create(zh, path, "x", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0), ZNODEEXISTS);
    want("no parent", zoo_create(zh, "/none/child", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0), ZNONODE);
    ok("sequence", zoo_create(zh, below(path, "s-"), NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, name, sizeof name));
    want_text("path", name, below(path, "s-0000000000"));
    ok("create2", zoo_create2(zh, below(path, "s-"), "yy", 2, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, name, sizeof name, &stat));
    want_text("path", name, below(path, "s-0000000001"));
    want("owner", stat.ephemeralOwner, zoo_client_id(zh)->client_id);
    want("length", stat.dataLength, 2);
    want("child of an ephemeral", zoo_create(zh, below(name, "x"), NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0), ZNOCHILDRENFOREPHEMERALS);
    ok("container", zoo_create(zh, below(path, "container"), NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_CONTAINER, NULL, 0));
    ok("ttl", zoo_create_ttl(zh, below(path, "ttl"), NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 60000, NULL, 0));
    want("not empty", zoo_delete(zh, path, -1), ZNOTEMPTY);
    want("version", zoo_delete(zh, name, 7), ZBADVERSION);
    ok("delete", zoo_delete(zh, name, 0));
    want("gone", zoo_delete(zh, name, -1), ZNONODE);
    want("special", zoo_delete(zh, "/zookeeper", -1), ZBADARGUMENTS);
}

static void check_data(zhandle_t *zh, const char *path) {
    enum { LARGE = 1000000 };
    static char buffer[LARGE + 1], large[LARGE];
    int length = sizeof buffer;
    struct Stat stat;
    create_node(zh, path);
    ok("set", zoo_set2(zh, path, "one", 3, 0, &stat));
    want("version", stat.version, 1);
    want("stale", zoo_set(zh, path, "two", 3, 0), ZBADVERSION);
    ok("get", zoo_get(zh, path, 0, buffer, &length, &stat));
    want("length", length, 3);
    want("zxid", stat.mzxid, stat.czxid + 1);
    memset(large, 'x', sizeof large);
    ok("set", zoo_set(zh, path, large, sizeof large, -1));
    length = sizeof buffer;
    ok("get", zoo_get(zh, path, 0, buffer, &length, &stat));
    want("same", length == LARGE && memcmp(buffer, large, LARGE) == 0, 1);
    ok("set null", zoo_set(zh, path, NULL, -1, -1));
    length = sizeof buffer;
    ok("get", zoo_get(zh, path, 0, buffer, &length, &stat));
    want("null", length, -1);
    length = sizeof buffer;
    want("none", zoo_get(zh, "/none", 0, buffer, &length, &stat), ZNONODE);
    want("none", zoo_set(zh, "/none", NULL, -1, -1), ZNONODE);
}

static void check_children(zhandle_t *zh, const char *path) {
    struct String_vector names;
    struct Stat stat;
    create_node(zh, path);
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        create_node(zh, below(path, name));
    }
    ok("children", zoo_get_children2(zh, path, 0, &names, &stat));
    want("number", names.count, 20);
    want("number", stat.numChildren, 20);
    want("cversion", stat.cversion, 20);
    deallocate_String_vector(&names);
    want("none", zoo_get_children(zh, "/none", 0, &names), ZNONODE);
}

static void check_watches(zhandle_t *zh, const char *path) {
    struct events *events = new_events();
    struct String_vector names;
    struct Stat stat;
    char buffer[16];
    int length = sizeof buffer;
    char expected[256];
    zhandle_t *actor = open_client();
    want("exists", zoo_wexists(zh, path, watch, events, &stat), ZNONODE);
    create_node(actor, path);
    snprintf(expected, sizeof expected, "created %s", path);
    await(events, expected);
    ok("get", zoo_wget(zh, path, watch, events, buffer, &length, &stat));
    ok("set", zoo_set(actor, path, "1", 1, -1));
    snprintf(expected, sizeof expected, "changed %s", path);
    await(events, expected);
    ok("children", zoo_wget_children(zh, path, watch, events, &names));
    deallocate_String_vector(&names);
    create_node(actor, below(path, "a"));
    snprintf(expected, sizeof expected, "child %s", path);
    await(events, expected);
    length = sizeof buffer;
    ok("get", zoo_wget(zh, below(path, "a"), watch, events, buffer, &length, &stat));
    ok("delete", zoo_delete(actor, below(path, "a"), -1));
    snprintf(expected, sizeof expected, "deleted %s/a", path);
    await(events, expected);
    ok("exists", zoo_wexists(zh, path, watch, events, &stat));
    ok("remove", zoo_remove_watches(zh, path, ZWATCHTYPE_DATA, watch, events, 0));
    want("remove again", zoo_remove_watches(zh, path, ZWATCHTYPE_DATA, watch, events, 0), ZNOWATCHER);
    zookeeper_close(actor);
}

static void check_transactions(zhandle_t *zh, const char *path) {
    char first[256], second[256];
    struct Stat stat;
    zoo_op_t good[5];
    zoo_op_result_t results[5];
    zoo_create_op_init(&good[0], path, "0", 1, &ZOO_OPEN_ACL_UNSAFE, 0, first, sizeof first);
    zoo_create_op_init(&good[1], below(path, "s-"), NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, second, sizeof second);
    zoo_set_op_init(&good[2], path, "1", 1, 0, &stat);
    zoo_check_op_init(&good[3], path, 1);
    zoo_delete_op_init(&good[4], below(path, "s-0000000000"), -1);
    ok("multi", zoo_multi(zh, 5, good, results));
    for (int i = 0; i < 5; i++) want("result", results[i].err, ZOK);
    want_text("path", second, below(path, "s-0000000000"));
    want("version", stat.version, 1);

    zoo_op_t bad[3];
    zoo_set_op_init(&bad[0], path, "2", 1, -1, &stat);
    zoo_check_op_init(&bad[1], path, 9);
    zoo_delete_op_init(&bad[2], path, -1);
    want("multi", zoo_multi(zh, 3, bad, results), ZBADVERSION);
    want("first", results[0].err, ZOK);
    want("second", results[1].err, ZBADVERSION);
    want("third", results[2].err, ZRUNTIMEINCONSISTENCY);
    ok("exists", zoo_exists(zh, path, 0, &stat));
    want("version", stat.version, 1);
}

static void authenticated(int code, const void *context) { add_line((struct events *)context, "auth", zerror(code)); }

static void add_auth(zhandle_t *zh, const char *scheme, const char *data, const char *result) {
    struct events *events = new_events();
    char expected[64];
    ok("add_auth", zoo_add_auth(zh, scheme, data, (int)strlen(data), authenticated, events));
    snprintf(expected, sizeof expected, "auth %s", result);
    await(events, expected);
}

static void check_permissions(zhandle_t *zh, const char *path) {
    struct ACL_vector acl;
    struct Stat stat;
    char buffer[16];
    int length = sizeof buffer;
    zhandle_t *guest = open_client();
    want("no identity", zoo_create(zh, path, "x", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0), ZINVALIDACL);
    add_auth(zh, "digest", "me:secret", "ok");
    ok("create", zoo_create(zh, path, "x", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0));
    want("guest", zoo_get(guest, path, 0, buffer, &length, &stat), ZNOAUTH);
    ok("acl", zoo_get_acl(zh, path, &acl, &stat));
    want("acl", acl.count, 1);
    want_text("scheme", acl.data[0].id.scheme, "digest");
    want_text("id", acl.data[0].id.id, "me:016djjlksVQS5RgX3M7biBGyYwY=");
    deallocate_ACL_vector(&acl);
    ok("set acl", zoo_set_acl(zh, path, 0, &ZOO_READ_ACL_UNSAFE));
    want("stale", zoo_set_acl(zh, path, 0, &ZOO_READ_ACL_UNSAFE), ZNOAUTH);
    ok("guest", zoo_get(guest, path, 0, buffer, &length, &stat));
    want("guest", zoo_set(guest, path, NULL, -1, -1), ZNOAUTH);
    zookeeper_close(guest);
}

static void check_authentication(zhandle_t *zh, const char *path) {
    zhandle_t *failing = open_client();
    struct Stat stat;
    add_auth(failing, "nosuch", "x", "authentication failed");
    if (zoo_exists(failing, "/", 0, &stat) == ZOK) fail("the client goes on after the failure");
    zookeeper_close(failing);
}

static void count_string(int code, const char *value, const void *context) {
    add_line((struct events *)context, value ? value : "?", zerror(code));
}

static void check_pipelining(zhandle_t *zh, const char *path) {
    struct events *events = new_events();
    char name[16];
    create_node(zh, path);
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "%d", i);
        ok("create", zoo_acreate(zh, below(path, name), NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, count_string, events));
    }
    ok("sync", zoo_async(zh, path, count_string, events));
    char last[256];
    snprintf(last, sizeof last, "%s ok", path);
    await_count(events, 61);
    for (int i = 0; i < 60; i++) {
        char expected[300];
        snprintf(expected, sizeof expected, "%s/%d ok", path, i);
        want_text("answer", events->lines[i], expected);
    }
    want_text("answer", events->lines[60], last);
}

static void check_reconfiguration(zhandle_t *zh, const char *path) {
    struct Stat stat;
    char buffer[256];
    int length = sizeof buffer;
    want("reconfig", zoo_reconfig(zh, NULL, "1", NULL, -1, buffer, &length, &stat), ZRECONFIGDISABLED);
    length = sizeof buffer;
    ok("config", zoo_getconfig(zh, 0, buffer, &length, &stat));
    want("length", length, 0);
}

static const struct {
    const char *name;
    void (*run)(zhandle_t *zh, const char *path);
} checks[] = {
    {"session", check_session},           {"takeover", check_takeover},
    {"wrong_password", check_wrong_password}, {"nodes", check_nodes},
    {"data", check_data},                 {"children", check_children},
    {"watches", check_watches},           {"transactions", check_transactions},
    {"permissions", check_permissions},   {"authentication", check_authentication},
    {"pipelining", check_pipelining},     {"reconfiguration", check_reconfiguration},
};

static void check_all(void) {
    for (int i = 0; i < LENGTH(checks); i++) {
        char path[64];
        snprintf(path, sizeof path, "/%s", checks[i].name);
        if (setjmp(failed) == 0) {
            zhandle_t *zh = open_client();
            checks[i].run(zh, path);
            zookeeper_close(zh);
            printf("ok %s\n", checks[i].name);
        } else {
            printf("failed %s: %s\n", checks[i].name, why);
        }
        fflush(stdout);
    }
}

/* Keeps one session while the server is restarted, as often as the input has lines: nothing may be lost. */
static void survive(void) {
    char line[64], buffer[64], text[64];
    struct Stat stat;
    struct events *events = new_events();
    zhandle_t *zh = open_client();
    int64_t session = zoo_client_id(zh)->client_id;
    create_node(zh, "/survivor");
    ok("create", zoo_create(zh, "/survivor/ephemeral", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0));
    for (int round = 0;; round++) {
        int length = sizeof buffer;
        ok("get", zoo_wget(zh, "/survivor", watch_node, events, buffer, &length, &stat));
        puts("ready");
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL) break;
        int code;
        time_t deadline = time(NULL) + 3 * PATIENCE_SECONDS;
        do {
            struct timespec pause = {0, 20 * 1000 * 1000};
            nanosleep(&pause, NULL);
            length = sizeof buffer;
            code = zoo_get(zh, "/survivor", 0, buffer, &length, &stat);
        } while ((code == ZCONNECTIONLOSS || code == ZOPERATIONTIMEOUT) && time(NULL) < deadline);
        ok("get", code);
        want("data", strtol(strndup(buffer, (size_t)length), NULL, 10), round);
        want("session", zoo_client_id(zh)->client_id, session);
        ok("exists", zoo_exists(zh, "/survivor/ephemeral", 0, &stat));
        want("owner", stat.ephemeralOwner, session);
        snprintf(text, sizeof text, "%d", round + 1);
        ok("set", zoo_set(zh, "/survivor", text, (int)strlen(text), -1));
        await(events, "changed /survivor");
        puts("kept");
    }
    zookeeper_close(zh);
    struct String_vector names;
    zh = open_client();
    ok("children", zoo_get_children(zh, "/survivor", 0, &names));
    want("children", names.count, 0);
    zookeeper_close(zh);
    puts("done");
}

int main(int count, char **arguments) {
    const char *command = count > 1 ? arguments[1] : "";
    zoo_set_debug_level(0);
    if (strcmp(command, "version") == 0) {
        puts(ZOO_VERSION);
    } else if (strcmp(command, "list") == 0) {
        for (int i = 0; i < LENGTH(checks); i++) puts(checks[i].name);
    } else if (count == 3) {
        servers = arguments[2];
        if (strcmp(command, "check") == 0) {
            check_all();
        } else if (setjmp(failed) == 0) {
            survive();
        } else {
            printf("failed: %s\n", why);
            return 1;
        }
    }
    return 0;
}

package main

import (
	"bytes"
	"fmt"
	"sort"
	"time"

	"github.com/go-zookeeper/zk"
)

var world = zk.WorldACL(zk.PermAll)

var checks = []check{
	{"session", session},
	{"words", words},
	{"nodes", nodes},
	{"data", data},
	{"containers", containers},
	{"children", children},
	{"watches", watches},
	{"transactions", transactions},
	{"permissions", permissions},
	{"authentication", authentication},
	{"protected", protected},
	{"pipelining", pipelining},
	{"lock", lock},
	{"reconfiguration", reconfiguration},
}

func create(conn *zk.Conn, path string) {
	_, err := conn.Create(path, []byte("0"), 0, world)
	must(err)
}

func session(conn *zk.Conn, path string) {
	if conn.SessionID() == 0 || conn.State() != zk.StateHasSession {
		panic("there is no session")
	}
	owner := connect()
	_, err := owner.Create(path, nil, zk.FlagEphemeral, world)
	must(err)
	_, stat, err := conn.Exists(path)
	must(err)
	equal("owner", stat.EphemeralOwner, owner.SessionID())
	owner.Close()
	there, _, err := conn.Exists(path)
	must(err)
	equal("after the end", there, false)
	refusal := func() error { _, _, err := owner.Get(path); return err }()
	refused("a closed client", refusal, zk.ErrConnectionClosed)
}

func words(conn *zk.Conn, path string) {
	equal("ruok", zk.FLWRuok([]string{servers}, patience), []bool{true})
	// Its other readers of four-letter words do not understand what servers since 3.5 write.
}

func nodes(conn *zk.Conn, path string) {
	created, err := conn.Create(path, nil, 0, world)
	must(err)
	equal("path", created, path)
	_, err = conn.Create(path, nil, 0, world)
	refused("again", err, zk.ErrNodeExists)
	_, err = conn.Create(path+"/none/child", nil, 0, world)
	refused("no parent", err, zk.ErrNoNode)
	sequence, err := conn.Create(path+"/s-", nil, zk.FlagSequence, world)
	must(err)
	equal("sequence", sequence, path+"/s-0000000000")
	sequence, err = conn.Create(path+"/s-", nil, zk.FlagSequence|zk.FlagEphemeral, world)
	must(err)
	equal("sequence", sequence, path+"/s-0000000001")
	_, err = conn.Create(sequence+"/child", nil, 0, world)
	refused("child of an ephemeral", err, zk.ErrNoChildrenForEphemerals)
	refused("not empty", conn.Delete(path, -1), zk.ErrNotEmpty)
	refused("version", conn.Delete(sequence, 5), zk.ErrBadVersion)
	must(conn.Delete(sequence, 0))
	refused("gone", conn.Delete(sequence, -1), zk.ErrNoNode)
	refused("special", conn.Delete("/zookeeper", -1), zk.ErrBadArguments)
	_, err = conn.Sync(path)
	must(err)
}

func data(conn *zk.Conn, path string) {
	create(conn, path)
	stat, err := conn.Set(path, []byte("one"), 0)
	must(err)
	equal("version", stat.Version, 1)
	equal("length", stat.DataLength, 3)
	_, err = conn.Set(path, nil, 0)
	refused("version", err, zk.ErrBadVersion)
	content, stat, err := conn.Get(path)
	must(err)
	equal("data", string(content), "one")
	equal("zxids", stat.Mzxid, stat.Czxid+1)
	large := bytes.Repeat([]byte("x"), 1000000)
	_, err = conn.Set(path, large, -1)
	must(err)
	content, _, err = conn.Get(path)
	must(err)
	equal("large data", bytes.Equal(content, large), true)
	_, err = conn.Set(path, nil, -1)
	must(err)
	content, _, err = conn.Get(path)
	must(err)
	equal("no data", len(content), 0)
	_, _, err = conn.Get(path + "/none")
	refused("no node", err, zk.ErrNoNode)
	there, _, err := conn.Exists(path + "/none")
	must(err)
	equal("exists", there, false)
}

func containers(conn *zk.Conn, path string) {
	created, err := conn.CreateContainer(path, nil, zk.FlagContainer, world)
	must(err)
	equal("path", created, path)
	_, stat, err := conn.Exists(path)
	must(err)
	equal("owner", stat.EphemeralOwner, 0)
	created, err = conn.CreateTTL(path+"/ttl", nil, zk.FlagTTL, world, time.Hour)
	must(err)
	equal("path", created, path+"/ttl")
}

func children(conn *zk.Conn, path string) {
	create(conn, path)
	for _, name := range []string{"b", "a", "日本"} {
		create(conn, path+"/"+name)
	}
	names, stat, err := conn.Children(path)
	must(err)
	sort.Strings(names)
	equal("children", names, []string{"a", "b", "日本"})
	equal("number", stat.NumChildren, 3)
	equal("cversion", stat.Cversion, 3)
	_, _, err = conn.Children(path + "/none")
	refused("no node", err, zk.ErrNoNode)
}

func watches(conn *zk.Conn, path string) {
	actor := connect()
	defer actor.Close()
	_, _, exists, err := conn.ExistsW(path)
	must(err)
	create(actor, path)
	awaitEvent(exists, zk.EventNodeCreated, path)
	_, _, changed, err := conn.GetW(path)
	must(err)
	_, err = actor.Set(path, nil, -1)
	must(err)
	awaitEvent(changed, zk.EventNodeDataChanged, path)
	_, _, child, err := conn.ChildrenW(path)
	must(err)
	create(actor, path+"/a")
	awaitEvent(child, zk.EventNodeChildrenChanged, path)
	_, _, deleted, err := conn.ExistsW(path + "/a")
	must(err)
	must(actor.Delete(path+"/a", -1))
	awaitEvent(deleted, zk.EventNodeDeleted, path+"/a")
}

func transactions(conn *zk.Conn, path string) {
	results, err := conn.Multi(
		&zk.CreateRequest{Path: path, Data: []byte("0"), Acl: world},
		&zk.CreateRequest{Path: path + "/s-", Acl: world, Flags: zk.FlagSequence},
		&zk.SetDataRequest{Path: path, Data: []byte("1"), Version: 0},
		&zk.CheckVersionRequest{Path: path, Version: 1},
		&zk.DeleteRequest{Path: path + "/s-0000000000", Version: -1},
	)
	must(err)
	equal("paths", results[0].String+" "+results[1].String, path+" "+path+"/s-0000000000")
	equal("version", results[2].Stat.Version, 1)
	results, err = conn.Multi(&zk.SetDataRequest{Path: path, Version: -1}, &zk.CheckVersionRequest{Path: path, Version: 9})
	refused("transaction", err, zk.ErrBadVersion)
	equal("results", fmt.Sprint(results[0].Error, results[1].Error), fmt.Sprint(nil, zk.ErrBadVersion))
	content, _, err := conn.Get(path)
	must(err)
	equal("data", string(content), "1")
}

func permissions(conn *zk.Conn, path string) {
	must(conn.AddAuth("digest", []byte("me:secret")))
	_, err := conn.Create(path, []byte("x"), 0, zk.AuthACL(zk.PermAll))
	must(err)
	guest := connect()
	defer guest.Close()
	_, _, err = guest.Get(path)
	refused("guest", err, zk.ErrNoAuth)
	acl, stat, err := conn.GetACL(path)
	must(err)
	equal("acl", acl, zk.DigestACL(zk.PermAll, "me", "secret"))
	equal("version", stat.Aversion, 0)
	stat, err = conn.SetACL(path, append(acl, zk.WorldACL(zk.PermRead)...), 0)
	must(err)
	equal("version", stat.Aversion, 1)
	_, err = conn.SetACL(path, acl, 0)
	refused("version", err, zk.ErrBadVersion)
	content, _, err := guest.Get(path)
	must(err)
	equal("data", string(content), "x")
	_, err = guest.Set(path, nil, -1)
	refused("guest", err, zk.ErrNoAuth)
	_, err = conn.SetACL(path, []zk.ACL{{Perms: zk.PermAll, Scheme: "nosuch", ID: "x"}}, -1)
	refused("unknown scheme", err, zk.ErrInvalidACL)
}

func authentication(conn *zk.Conn, path string) {
	failing := connect()
	defer failing.Close()
	if failing.AddAuth("nosuch", []byte("x")) == nil {
		panic("an unknown scheme was accepted")
	}
}

func protected(conn *zk.Conn, path string) {
	create(conn, path)
	name, err := conn.CreateProtectedEphemeralSequential(path+"/member-", nil, world)
	must(err)
	names, _, err := conn.Children(path)
	must(err)
	equal("children", path+"/"+names[0], name)
}

func pipelining(conn *zk.Conn, path string) {
	const count = 500
	create(conn, path)
	finished := make(chan error, count)
	for i := 0; i < count; i++ {
		go func(i int) {
			name := fmt.Sprintf("%s/%d", path, i)
			_, err := conn.Create(name, []byte(name), 0, world)
			if err == nil {
				var content []byte
				content, _, err = conn.Get(name)
				if string(content) != name {
					err = fmt.Errorf("%s holds %s", name, content)
				}
			}
			finished <- err
		}(i)
	}
	for i := 0; i < count; i++ {
		must(<-finished)
	}
}

func lock(conn *zk.Conn, path string) {
	create(conn, path)
	first := zk.NewLock(conn, path, world)
	must(first.Lock())
	other := connect()
	defer other.Close()
	got := make(chan error, 1)
	second := zk.NewLock(other, path, world)
	go func() { got <- second.Lock() }()
	select {
	case <-got:
		panic("two hold the lock")
	case <-time.After(100 * time.Millisecond):
	}
	must(first.Unlock())
	must(<-got)
	must(second.Unlock())
}

func reconfiguration(conn *zk.Conn, path string) {
	_, err := conn.IncrementalReconfig(nil, []string{"1"}, -1)
	refused("reconfig", err, zk.ErrReconfigDisabled)
}

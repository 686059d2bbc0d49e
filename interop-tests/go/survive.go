package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/go-zookeeper/zk"
)

// survive keeps one session while the server is restarted, as often as the input has lines: nothing may be lost.
func survive() {
	conn, events := connectFor(10 * time.Second)
	go func() {
		for range events {
		}
	}()
	session := conn.SessionID()
	create(conn, "/survivor")
	_, err := conn.Create("/survivor/ephemeral", nil, zk.FlagEphemeral, world)
	must(err)
	restarts := bufio.NewScanner(os.Stdin)
	for round := 0; ; round++ {
		_, _, changed, err := conn.GetW("/survivor")
		must(err)
		fmt.Println("ready")
		if !restarts.Scan() {
			break
		}
		content, _, err := conn.Get("/survivor")
		for deadline := time.Now().Add(patience); err != nil && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
			content, _, err = conn.Get("/survivor")
		}
		must(err)
		equal("data", string(content), strconv.Itoa(round))
		equal("session", conn.SessionID(), session)
		_, stat, err := conn.Exists("/survivor/ephemeral")
		must(err)
		equal("owner", stat.EphemeralOwner, session)
		_, err = conn.Set("/survivor", []byte(strconv.Itoa(round+1)), -1)
		must(err)
		awaitEvent(changed, zk.EventNodeDataChanged, "/survivor")
		fmt.Println("kept")
	}
	conn.Close()
	late := connect()
	names, _, err := late.Children("/survivor")
	must(err)
	equal("children", len(names), 0)
	late.Close()
	fmt.Println("done")
}

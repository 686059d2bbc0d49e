// Command client checks a server through go-zookeeper.
//
//	client list                names the checks
//	client check 127.0.0.1:P   runs them, one line "ok NAME" or "failed NAME: why" for each
//	client survive 127.0.0.1:P lives through restarts of the server, told by lines of input
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

const patience = 60 * time.Second

// A check gets a connected client and a path of its own, and panics with what is wrong.
type check struct {
	name string
	run  func(conn *zk.Conn, path string)
}

type silent struct{}

func (silent) Printf(string, ...interface{}) {}

var servers string

func main() {
	switch os.Args[1] {
	case "list":
		for _, one := range checks {
			fmt.Println(one.name)
		}
	case "check":
		servers = os.Args[2]
		for _, one := range checks {
			fmt.Println(outcome(one))
		}
	case "survive":
		servers = os.Args[2]
		survive()
	}
}

func outcome(one check) (line string) {
	defer func() {
		if wrong := recover(); wrong != nil {
			line = fmt.Sprintf("failed %s: %s", one.name, strings.ReplaceAll(fmt.Sprint(wrong), "\n", " "))
		}
	}()
	conn := connect()
	defer conn.Close()
	one.run(conn, "/"+one.name)
	return "ok " + one.name
}

func connect() *zk.Conn {
	conn, _ := connectFor(10 * time.Second)
	return conn
}

func connectFor(timeout time.Duration) (*zk.Conn, <-chan zk.Event) {
	conn, events, err := zk.Connect([]string{servers}, timeout, zk.WithLogger(silent{}))
	must(err)
	awaitState(events, zk.StateHasSession)
	return conn, events
}

func awaitState(events <-chan zk.Event, state zk.State) {
	deadline := time.After(patience)
	for {
		select {
		case event := <-events:
			if event.State == state {
				return
			}
		case <-deadline:
			panic(fmt.Sprintf("the state %v was not reached", state))
		}
	}
}

func awaitEvent(watch <-chan zk.Event, kind zk.EventType, path string) {
	select {
	case event := <-watch:
		equal("event", fmt.Sprint(event.Type, " ", event.Path, " ", event.Err), fmt.Sprint(kind, " ", path, " ", nil))
	case <-time.After(patience):
		panic(fmt.Sprintf("no event %v %s", kind, path))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func refused(what string, err, expected error) {
	if err != expected {
		panic(fmt.Sprintf("%s: %v instead of %v", what, err, expected))
	}
}

func equal(what string, actual, expected interface{}) {
	if fmt.Sprint(actual) != fmt.Sprint(expected) {
		panic(fmt.Sprintf("%s: %v instead of %v", what, actual, expected))
	}
}

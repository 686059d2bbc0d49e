module tskeeper/interop

go 1.17

require github.com/go-zookeeper/zk v1.0.4

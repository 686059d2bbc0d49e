#!/bin/sh
exec node "$(dirname "$(readlink -f "$0")")/../dist/cli/image/zk-server.js" "$@"

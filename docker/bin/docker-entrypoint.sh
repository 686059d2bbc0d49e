#!/bin/sh
exec node "$(dirname "$(readlink -f "$0")")/../dist/cli/image/entry-point.js" "$@"

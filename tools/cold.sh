#!/usr/bin/env bash
# Says so if the tests of a module have to be built from much that is not in Go's
# build cache yet, as those are that link Kubernetes itself: that takes minutes, once.
set -euo pipefail
cd "$1"

n=$(go list -deps -test -f '{{if .Stale}}{{.ImportPath}}{{end}}' ./... | grep -c . || true)
if [ "$n" -ge 300 ]; then
  echo "$1: $n packages are not in Go's build cache yet; this build takes minutes, later ones seconds"
fi

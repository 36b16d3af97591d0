#!/usr/bin/env bash
# Runs the first portolan command of README.md, as somebody would who has just
# cloned the repository: a command that a reader tries first must work.
set -euo pipefail
cd "$(dirname "$0")/.."

# The first line of a fenced block that calls portolan, with or without a
# prompt; "\" at its end goes on.
cmd=$(awk '
  /^[ ]*```/ { fenced = !fenced; next }
  fenced && !more && /^(\$ )?((go run )?\.\/(cmd\/|bin\/)?portolan|portolan) / { more = 1; sub(/^\$ /, "") }
  more { sub(/^> /, ""); line = line $0; if (line !~ /\\$/) { print line; exit }; sub(/\\$/, "", line) }
' README.md)
if [ -z "$cmd" ]; then
  echo "README.md has no portolan command in a fenced block" >&2
  exit 1
fi

bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
go build -o "$bin/portolan" ./cmd/portolan
echo "\$ $cmd"
out=$(PATH="$bin:$PATH" bash -c "$cmd")
printf '%s\n' "$out"
[ -n "$out" ] || { echo "it printed nothing" >&2; exit 1; }

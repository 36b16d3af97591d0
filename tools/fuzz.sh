#!/usr/bin/env bash
# Runs every fuzz target of the tree, one after the other, for FUZZTIME each: a
# count of inputs (20000x) or a duration.
# What a target finds is written to testdata/fuzz beside it: commit that file
# with the repair.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${FUZZTIME:-20000x}
found=0
while IFS=: read -r file line; do
  name=${line#func }
  name=${name%%(*}
  found=$((found + 1))
  echo "--- $(dirname "$file") $name for $time"
  go test -run='^$' -fuzz="^$name\$" -fuzztime="$time" "$(dirname "$file")"
done < <(grep -rE --include='*_test.go' --exclude-dir=testdata '^func Fuzz[A-Z0-9_]' . | sort)

if [ "$found" -eq 0 ]; then
  echo "no fuzz target found" >&2
  exit 1
fi

#!/usr/bin/env bash
# Fails if `make update` would change anything. It works on a copy, so that it
# says the same of a clean clone and of a tree with unsaved work.
set -euo pipefail
cd "$(dirname "$0")/.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# What git knows or would offer to add, as it is on disk now.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do
  if [ -e "$f" ]; then printf '%s\0' "$f"; fi
done | tar --null -cf - -T - | tar -xf - -C "$tmp"
cp -r "$tmp" "$tmp.before"
trap 'rm -rf "$tmp" "$tmp.before"' EXIT

if ! make -s -C "$tmp" update >"$tmp.before.log" 2>&1; then
  cat "$tmp.before.log" >&2
  rm -f "$tmp.before.log"
  echo "verify: make update failed" >&2
  exit 1
fi
rm -f "$tmp.before.log"

if ! diff -ruN --exclude=bin "$tmp.before" "$tmp"; then
  echo "verify: run 'make update' and commit what it changes" >&2
  exit 1
fi

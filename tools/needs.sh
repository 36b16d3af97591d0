#!/usr/bin/env bash
# Sees to it that the programs named, or those that the tests need, are there:
#
#   nft       loads the rules that a lab's nodes get (package nftables)
#   iptables  is what kube-proxy's iptables mode writes with (package iptables)
#
# What is missing is installed where that is possible without asking anybody:
# as root, or with a sudo that wants no password.
set -euo pipefail

if [ $# -eq 0 ]; then
  set -- nft:nftables iptables:iptables
fi

# Debian keeps them where only root looks.
PATH=$PATH:/usr/sbin:/sbin
missing=()
for need in "$@"; do
  command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "missing: ${missing[*]}. Install them, for instance: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as=(sudo -n)
fi

if command -v apt-get >/dev/null; then
  "${as[@]}" apt-get update -q
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
elif command -v dnf >/dev/null; then
  "${as[@]}" dnf install -y -q "${missing[@]}"
elif command -v apk >/dev/null; then
  "${as[@]}" apk add --quiet "${missing[@]}"
else
  echo "missing: ${missing[*]}. Install them with this system's package manager" >&2
  exit 1
fi

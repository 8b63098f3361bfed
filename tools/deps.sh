#!/bin/sh
# What the tests want from Debian: bubblewrap (sandbox), OpenSSH (an independent signer and agent).
set -eu
wanted=""
command -v bwrap >/dev/null 2>&1 || wanted="$wanted bubblewrap"
command -v ssh-keygen >/dev/null 2>&1 || wanted="$wanted openssh-client"
[ -x /usr/sbin/sshd ] || command -v sshd >/dev/null 2>&1 || wanted="$wanted openssh-server"
command -v git >/dev/null 2>&1 || wanted="$wanted git"
if [ -z "$wanted" ]; then
    echo "deps: everything is here"
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    # shellcheck disable=SC2086  a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted ||
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted; }
else
    echo "deps: missing; install with:  sudo apt-get install -y$wanted"
fi

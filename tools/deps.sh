#!/bin/sh
# What the tests want from Debian: bubblewrap (sandbox), OpenSSH (an independent signer and agent); and from npm, where
# Node.js is: the OpenID provider of tests/real_issuer, each package checked against its hash, no script of theirs run.
set -eu
cd "$(dirname "$0")/.."
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
issuer=tests/real_issuer
if ! command -v npm >/dev/null 2>&1; then
    echo "deps: npm (with Node.js 20 or newer) is not here: tests that want a real OpenID provider are skipped"
elif ! cmp -s $issuer/package-lock.json $issuer/node_modules/.installed; then
    if (cd $issuer && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then
        cp $issuer/package-lock.json $issuer/node_modules/.installed
    else
        rm -rf $issuer/node_modules  # none rather than half of it
        echo "deps: npm gave no OpenID provider: tests that want a real one are skipped" >&2
    fi
fi

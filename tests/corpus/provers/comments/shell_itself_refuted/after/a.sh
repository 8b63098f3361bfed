#!/bin/sh
# how far it goes
sed -n 2p "$0"

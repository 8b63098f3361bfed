#!/bin/sh
# how many rows
sed -n 2p "$0"

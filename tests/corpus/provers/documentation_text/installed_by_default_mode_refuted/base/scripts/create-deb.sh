#!/bin/sh
install -D README.md "$DPKG_DIR/opt/README.md"

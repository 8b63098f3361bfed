#!/bin/sh
install -Dm755 README.md "$DPKG_DIR/usr/bin/README.md"

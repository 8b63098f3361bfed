#!/bin/sh
install -Dm644 "README.md" "${DPKG_DIR}/usr/share/doc/${DPKG_BASENAME}/README.md"
install -D -m 0644 README.md "$DPKG_DIR/usr/share/doc/tool/readme"

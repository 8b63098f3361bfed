#!/bin/sh
# the rows of it
name="a # b"
if test "$name" = 'c # d'; then
  # how far it goes
  echo "${name}" x#y # in rows
  one \
    two
fi
each() {
  echo 'it is' "so $(date "+%Y")"
}
# at last
each "$@" && exit 0

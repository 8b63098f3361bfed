z
# shellcheck disable=SC1
a

a=1
# shellcheck disable=SC2086
echo "$a"

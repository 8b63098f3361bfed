if a; then
  b "$(c "d")" # e
fi

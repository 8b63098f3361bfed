if a; then
  # how many rows
  b "$(c "d")" # e
fi

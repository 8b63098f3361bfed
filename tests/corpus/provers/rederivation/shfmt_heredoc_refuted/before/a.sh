cat <<-EOF
	a
EOF
if true
then
 echo a
fi

doc.txt:
	awk -f doc.awk $(value rows_SOURCES)

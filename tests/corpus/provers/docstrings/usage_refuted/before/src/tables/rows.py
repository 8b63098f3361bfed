"""Tables.

Usage:
  tables <tabel>
"""

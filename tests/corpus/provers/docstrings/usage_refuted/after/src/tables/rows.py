"""Tables.

Usage:
  tables <table>
"""

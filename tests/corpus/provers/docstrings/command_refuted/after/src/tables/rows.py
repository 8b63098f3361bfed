class Shell:
    def do_row(self):
        """Shows a table."""

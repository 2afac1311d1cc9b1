"""The arguments of every command, as click reads them; a command's own module is imported when it runs."""

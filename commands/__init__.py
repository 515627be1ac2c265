"""What `radloop` can be told to do, a file per command. A command imports the rooms it needs when it is called."""

"""What must survive a crash: the image archive with its index, and the journal of an actor."""

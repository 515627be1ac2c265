"""What the cases talk with: scripted peers that can send any byte at any moment, and a well-behaved one."""

"""`radloop certify`: app.py is its command line, the others are its commands, and our emulators as targets and neighbours."""

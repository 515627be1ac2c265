"""What comes out of a run: terminal, JUnit, page, certificate, and what is read back from them."""

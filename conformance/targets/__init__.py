"""Target files of real products, their configuration, and the steps of a person at them."""

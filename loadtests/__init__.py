"""Load drivers and benchmarks: how fast the wire, the store and the model are."""

"""The protocols without their sockets: bytes in, events out. relay is the one file here that opens sockets."""

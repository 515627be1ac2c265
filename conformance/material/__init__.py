"""What the cases send: images, queries and HL7 messages, synthetic and with identifiers of their own."""

"""How a message reaches its receiver: in memory, over MLLP or over DICOM, all under one contract."""

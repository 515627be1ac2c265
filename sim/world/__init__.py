"""The people and machines of the hospital as SimPy processes: arrivals, clinicians, imaging, reading."""

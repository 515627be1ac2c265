"""Synthetic people, procedures, studies and report texts. Everything is a pure function of a seed; see MANIFEST.md."""

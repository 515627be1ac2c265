"""The scenarios that come with Radloop, one TOML file each."""

"""The fault plans that come with Radloop, one TOML file each."""

"""What every system is made of: events, effects, instants, identity, links, fault plans. Imports only itself."""

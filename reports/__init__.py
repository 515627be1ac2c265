"""What a run showed: measures and checkers folded over the trace, and the page that presents them."""

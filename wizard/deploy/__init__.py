"""Where an app is built and run besides this machine, and which variables each of those places still lacks."""

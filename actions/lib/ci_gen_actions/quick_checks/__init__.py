"""The action `quick-checks`: mistakes that can be found in tracked files within seconds."""

"""The platform-neutral plan: settings -> stages of jobs. Pure."""

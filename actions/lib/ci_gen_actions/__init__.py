"""The Python behind the actions: one package an action, and `core` that all of them share."""

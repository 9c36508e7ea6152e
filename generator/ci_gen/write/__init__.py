"""Lock, drift, merge and atomic writing: the only room that touches the user's files."""

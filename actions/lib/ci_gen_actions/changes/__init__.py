"""The action `changes`: whether anything changed that can affect a build."""

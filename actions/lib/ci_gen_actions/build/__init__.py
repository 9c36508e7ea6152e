"""Configure, compile, test and package a CMake project."""

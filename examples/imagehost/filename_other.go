//go:build !windows

package main

// fileName is a name that the system takes.
func fileName(name string) string { return name }

// Package arch holds the tree to its rules. It has tests and nothing else: who may import whom, which modules the whole
// depends on, how a folder and a file may look, and that the READMEs name every package.
//
// A new package in a known folder is covered at once. A new folder at the root is refused until the table in
// imports_test.go says what it may import.
package arch

// Package disk finds out whether a name is anywhere on a disk: in files as they are and in what lies packed or encoded in them, and
// in each cell of an SQLite database. Tests of erasing and of Privacy Mode use it; the same search has to find the name before. It
// imports nothing of the project and holds no state.
package disk

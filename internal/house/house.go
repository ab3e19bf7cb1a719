// Package house holds no code: its test keeps the rules of the house (docs/architecture.md): which room may import
// which, and which room is the only door to a library.
package house

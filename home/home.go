// Package home is Cardea's vocabulary as types: what every other room speaks in. It imports the standard
// library only, holds no state and does no I/O. A word that is used in two rooms is defined here, once.
package home

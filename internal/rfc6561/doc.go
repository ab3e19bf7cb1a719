// Package rfc6561 has a test only: each point that RFC 6561 asks of a provider who tells people of infected devices, and the
// tests of this project that show it. It imports nothing of the project.
package rfc6561

// Package bench measures Cardea beside its peers on this machine: the same load, the same lists, one run. It may import
// any room; only cmd/cardea and tests import it. It owns the processes that it starts, and ends them.
package bench

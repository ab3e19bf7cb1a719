// Package gateway is the agent: it wires capture, observe, judge, respond, enforce, resolve, portal, ledger and control
// into one pipeline and owns the configuration. It may import every stage below it; no stage imports it.
//
//	gateway.go   New, Run: the live agent on a kernel
//	replay.go    Replay: the same judging on capture files
//	config.go    the configuration file
package gateway

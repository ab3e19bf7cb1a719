// Package gateway is the agent: it wires capture, observe, judge, respond, enforce, resolve, portal, ledger and control
// into one pipeline, with uplink and bundle towards a cloud if there is one, and owns the configuration. It may import every stage below it; no stage imports it.
//
//	gateway.go   New, Run: the live agent on a kernel
//	replay.go    Replay: the same judging on capture files
//	config.go    the configuration file
//	cloud.go     the agent's side towards a cloud: cloud_tell.go goes up, cloud_order.go and cloud_ask.go come down
package gateway

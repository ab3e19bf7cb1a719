// Package whole tests the whole agent, as it is built and shipped, in lab homes on the machine's own kernel: each line of
// the failure policy that the gateway owns is one test with a plain name. It holds tests only. It imports lab and its
// rooms, gateway/control for the socket and home; the agent is a process of its own, as on a gateway.
package whole

// Package whole tests the whole agent, as it is built and shipped, in lab homes on the machine's own kernel: each line of
// the failure policy that the gateway owns is one test with a plain name. The tests whose names begin with Cloud have the real
// cloud beside it, killed and cut off. It holds tests only. It imports lab and its rooms, gateway/control for the socket, home,
// and cloud to look at what is stored; agent and cloud are processes of their own, as on a gateway and a server.
package whole

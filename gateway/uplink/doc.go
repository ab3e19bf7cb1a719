// Package uplink is the gateway's end of the line to the cloud: who the gateway is (Identity), what it still has to tell
// (Spool), and the connection that tells it and hears what is wanted (Link). It may import home, wire and
// internal/platform/bus. It owns the identity's folder and the spool's folder: nobody else writes there. It knows nothing of
// how orders are carried out or questions are answered: an Agent does that.
package uplink

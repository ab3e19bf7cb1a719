// Package cluster tests the cloud as several processes: brokers in a cluster, a worker and an API server over one PostgreSQL, in
// front of simulated homes, while parts of it are killed. It has tests only; nobody imports it.
package cluster

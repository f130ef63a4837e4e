// Package container runs deployments on a single Docker host.
//
// A change is observe → plan → execute: world.go sees what is there,
// package rollout decides, execute.go obeys. What must outlive a process is
// kept in the engine itself: the record (record.go) holds what containers
// cannot, the session (session.go) is the liveness of whoever began a change,
// the lock (lock.go) keeps two of them apart.
package container

// Package session is what a process that changes an engine is known by, and how
// several of them stay out of each other's way: the session container, which is
// gone a moment after the process, however that dies; locks, which are stale
// once their session is gone; and the managed network that both live on.
package session

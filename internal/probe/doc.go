// Package probe asks a replica from inside its network whether it is ready:
// over HTTP, HTTPS, TCP or the gRPC health protocol, through connections that
// somebody else opens.
//
// Certificates are not verified: a replica is asked under its container name
// or address, for which hardly any certificate is made, and the question is
// whether it serves, not who it is.
package probe

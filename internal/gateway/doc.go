// Package gateway runs endpoints on one Docker engine: a container with HAProxy
// for each, between the edge network, where clients are, and the traffic
// network, where the replicas are that serve.
//
// It decides as little as it can: the configuration is rendered from structs
// and checked by the proxy before it is used, weights change at run time
// without a reload, and a drain waits for what the proxy itself counts, over
// all its workers. Everything goes through programs run in the gateway's
// container and files copied to it: no port of administration is published.
package gateway

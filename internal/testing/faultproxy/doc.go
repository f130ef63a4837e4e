// Package faultproxy stands between a client and a Docker engine and breaks
// what a test wants broken: the n-th call, or calls by method and path, are cut
// before or after the engine has seen them, answered with an error, delayed,
// left hanging, or cut in the middle of a body. It can also put a distance
// between the two.
//
//	proxy := faultproxy.Start(t, client.Endpoint.Host)
//	proxy.Add(faultproxy.Rule{Method: "POST", Path: `^/containers/create$`, Nth: 2, Fault: faultproxy.CutAfter()})
//	t.Setenv("DOCKER_HOST", proxy.Host)
//
// Connections that the engine takes over (attach, exec) and streams (events,
// logs) pass through like everything else.
package faultproxy

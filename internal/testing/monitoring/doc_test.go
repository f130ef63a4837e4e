// Package monitoring holds examples/monitoring against a real Prometheus: that it
// scrapes a gateway, and that whatever the dashboard asks it has an answer, which
// fits the requests that were made.
package monitoring

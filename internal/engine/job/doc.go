// Package job runs the steps of workflows on one Docker engine: containers that
// run to their end, and the volumes in whose labels the results are kept. It
// decides nothing about which step runs.
package job

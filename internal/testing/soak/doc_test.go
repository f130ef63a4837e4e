// Package soak kills the provider, and cuts its connection, at every call that
// it makes to the engine during a change, and asks whether one more apply ends
// as if nothing had happened. All points with MLOPS_SOAK=1 (`make soak`), a
// seeded sample otherwise.
package soak

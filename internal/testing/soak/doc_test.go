// Package soak kills the provider, or lets the engine fail it, at every call that
// it makes during a change, and asks whether one more apply ends as if nothing
// had happened. All points with MLOPS_SOAK=1 (`make soak`), a seeded sample
// otherwise.
package soak

// Package soak kills the provider, or lets the engine fail it, at every call that
// it makes during a change, and asks whether one more apply ends as if nothing
// had happened. It also lets two processes change one deployment at once, lets
// an engine crash in the middle of rollouts, and brings bad versions under load.
// All of it with MLOPS_SOAK=1 (`make soak`), a seeded sample otherwise.
package soak

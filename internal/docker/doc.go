// Package docker speaks to a Docker engine: it finds and reaches one, and has a
// thin method for every call that deployments need. It is the only package that
// knows the Docker client.
//
// Methods return when the engine is done, retry nothing, and map errors once:
// errors.Is tells deployment.ErrNotFound, ErrConflict and
// deployment.ErrUnreachable, and the text is the engine's own.
package docker

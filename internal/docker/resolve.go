package docker

import (
	"os"

	"github.com/docker/docker/client"
)

// Options says how to reach an engine. The zero value resolves it like the docker CLI does.
type Options struct {
	Host    string // unix://, tcp://, ssh:// or npipe:// address
	Context string // name of a docker context
	// RegistryAuth holds credentials by registry host; others come from the docker CLI's configuration.
	RegistryAuth map[string]RegistryAuth
}

// Endpoint is one engine's address.
type Endpoint struct {
	Host string
	Why  string // how it was chosen, one phrase
}

// Resolve chooses the engine to speak to.
func Resolve(opts Options) (Endpoint, error) {
	if opts.Host != "" {
		return Endpoint{Host: opts.Host, Why: "host"}, nil
	}
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		return Endpoint{Host: host, Why: "DOCKER_HOST"}, nil
	}
	return Endpoint{Host: client.DefaultDockerHost, Why: "the default socket"}, nil
}

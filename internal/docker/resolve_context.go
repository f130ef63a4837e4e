package docker

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/config"
	dockercontext "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
)

// defaultContext is the docker CLI's name for "no context".
const defaultContext = "default"

// currentContext returns what `docker context use` chose, "" when nothing.
func currentContext(opts Options) (string, error) {
	file, err := config.Load(opts.dockerConfigDir())
	if err != nil {
		return "", &OptionError{Option: "docker CLI configuration", Reason: err.Error(), err: err}
	}
	return file.CurrentContext, nil
}

// fromContext reads a context with its TLS material from the docker CLI's store. where completes
// `context "x" …`; option is what to blame.
func fromContext(opts Options, name, where, option string) (candidate, error) {
	contexts := contextStore(opts)
	found := candidate{why: fmt.Sprintf("context %q %s", name, where), option: option}
	metadata, err := contexts.GetMetadata(name)
	if errors.Is(err, fs.ErrNotExist) {
		return candidate{}, &OptionError{Option: option, Reason: unknownContext(contexts, name, opts), err: err}
	}
	if err != nil {
		return candidate{}, &OptionError{Option: option, Reason: err.Error(), err: err}
	}
	meta, err := dockercontext.EndpointFromContext(metadata)
	if err != nil {
		return candidate{}, &OptionError{Option: option, Reason: fmt.Sprintf("context %q holds no docker endpoint", name), err: err}
	}
	found.host = meta.Host
	if meta.Host == "" {
		found.host = fromSockets(opts).host // what the docker CLI does with such a context
	}
	if !isTCP(found.host) {
		return found, nil
	}
	endpoint, err := dockercontext.WithTLSData(contexts, name, meta)
	if err != nil {
		return candidate{}, &OptionError{Option: option, Reason: err.Error(), err: err}
	}
	if endpoint.TLSData == nil && !endpoint.SkipTLSVerify {
		return found, nil
	}
	found.tls = &tlsMaterial{origin: fmt.Sprintf("context %q", name), skipVerify: endpoint.SkipTLSVerify}
	if data := endpoint.TLSData; data != nil {
		found.tls.ca, found.tls.cert, found.tls.key = data.CA, data.Cert, data.Key
	}
	return found, nil
}

func contextStore(opts Options) *store.ContextStore {
	types := store.NewConfig(
		func() any { return &map[string]any{} },
		store.EndpointTypeGetter(dockercontext.DockerEndpoint, func() any { return &dockercontext.EndpointMeta{} }),
	)
	return store.New(filepath.Join(opts.dockerConfigDir(), "contexts"), types)
}

func unknownContext(contexts *store.ContextStore, name string, opts Options) string {
	reason := fmt.Sprintf("there is no docker context %q in %s", name, opts.dockerConfigDir())
	names, err := store.Names(contexts)
	if err != nil || len(names) == 0 {
		return reason + ", which holds no contexts. Create it with `docker context create`, or set host."
	}
	return reason + "; there are: " + strings.Join(names, ", ") + "."
}

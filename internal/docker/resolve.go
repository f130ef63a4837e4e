package docker

import (
	"crypto/tls"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Options says how to reach an engine. The zero value resolves it like the docker CLI does.
type Options struct {
	// Host is the engine's address: unix://, tcp://, ssh:// or npipe://. It wins over Context.
	Host string
	// Context names a docker context; its TLS material is used with it.
	Context string
	// TLS is used for a tcp:// address wherever that came from. It replaces the TLS material of a context or of
	// DOCKER_CERT_PATH, and the engine's certificate is always verified.
	TLS *TLS
	// SSH adjusts an ssh:// address wherever that came from.
	SSH *SSH
	// AllowPlainTCP permits tcp:// without TLS to a host that is not loopback: whoever can reach that port is
	// root on the engine's machine.
	AllowPlainTCP bool
	// RegistryAuth holds credentials by registry host; for others the docker CLI's configuration is asked.
	RegistryAuth map[string]RegistryAuth
	// ConnectTimeout bounds Connect and every later dial; 10 s when zero.
	ConnectTimeout time.Duration

	// Env, Home, GOOS and Stat are the surroundings Resolve looks at; those of the process when zero.
	Env  func(name string) string
	Home string
	GOOS string
	Stat func(path string) (fs.FileInfo, error)
}

// Endpoint is one engine's address and how it was found.
type Endpoint struct {
	// Host is the address with scheme, and for tcp:// with port.
	Host string
	// Why says in one phrase how the address was chosen.
	Why string
	// Warnings are sentences about a connection that is less safe than it looks, for the user.
	Warnings []string

	tls      *tls.Config // nil: no TLS
	sshFlags []string
	others   []string // sockets of other engines on this machine, for the error when this one does not answer
	timeout  time.Duration
}

// OptionError is a connection setting that cannot be used.
type OptionError struct {
	// Option is what the user set, as they know it: "host", "tls.key", "ssh.options", "DOCKER_HOST".
	Option string
	// Reason completes "<Option>: ".
	Reason string
	err    error
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Reason }

func (e *OptionError) Unwrap() error { return e.err }

const defaultConnectTimeout = 10 * time.Second

// Resolve chooses the engine: the first that is set of Host, Context, DOCKER_HOST, DOCKER_CONTEXT and the docker
// CLI's current context, else the first socket that exists of the default one and those of the usual desktop and
// rootless engines. It reads files and the environment but opens no connection: an engine that is down must give an
// error, never silently another engine. Errors are *OptionError.
func Resolve(opts Options) (Endpoint, error) {
	opts = opts.withDefaults()
	chosen, err := choose(opts)
	if err != nil {
		return Endpoint{}, err
	}
	return chosen.endpoint(opts)
}

// candidate is an address before it is checked against the other options.
type candidate struct {
	host   string
	why    string
	option string // what to blame when the address is unusable
	tls    *tlsMaterial
	others []string
}

func choose(opts Options) (candidate, error) {
	if opts.Host != "" {
		return candidate{host: opts.Host, why: "host in the provider configuration", option: "host"}, nil
	}
	// The context called "default" stands for DOCKER_HOST, else the sockets: it is in no store.
	if opts.Context != "" && opts.Context != defaultContext {
		return fromContext(opts, opts.Context, "in the provider configuration", "context")
	}
	if host := strings.TrimSpace(opts.Env("DOCKER_HOST")); host != "" {
		return fromDockerHost(opts, host)
	}
	if opts.Context == defaultContext {
		return fromSockets(opts), nil
	}
	if name := opts.Env("DOCKER_CONTEXT"); name != "" {
		if name == defaultContext {
			return fromSockets(opts), nil
		}
		return fromContext(opts, name, "in the environment variable DOCKER_CONTEXT", "DOCKER_CONTEXT")
	}
	name, err := currentContext(opts)
	if err != nil {
		return candidate{}, err
	}
	if name != "" && name != defaultContext {
		return fromContext(opts, name, "current in the docker CLI", "docker CLI configuration")
	}
	return fromSockets(opts), nil
}

// fromDockerHost takes DOCKER_HOST with the TLS variables that belong to it. Unlike older clients it never turns
// verification off when DOCKER_TLS_VERIFY is missing.
func fromDockerHost(opts Options, host string) (candidate, error) {
	found := candidate{host: host, why: "the environment variable DOCKER_HOST", option: "DOCKER_HOST"}
	certPath := opts.Env("DOCKER_CERT_PATH")
	wanted := opts.Env("DOCKER_TLS_VERIFY") != "" || opts.Env("DOCKER_TLS") != "" || certPath != ""
	if !wanted || !isTCP(host) || opts.TLS != nil {
		return found, nil
	}
	if certPath == "" {
		certPath = opts.dockerConfigDir()
	}
	material, err := readCertPath(certPath)
	if err != nil {
		return candidate{}, err
	}
	found.tls = material
	return found, nil
}

// endpoint checks the address and joins it with the TLS and ssh settings that apply to it.
func (c candidate) endpoint(opts Options) (Endpoint, error) {
	result := Endpoint{Why: c.why, others: c.others, timeout: opts.ConnectTimeout}
	if opts.Host != "" && opts.Context != "" {
		result.Warnings = append(result.Warnings, "context is ignored, as host is set too.")
	}
	material := c.tls
	if opts.TLS != nil {
		read, err := opts.TLS.read(opts.Home)
		if err != nil {
			return Endpoint{}, err
		}
		material = read
	}
	address, err := parseHost(c.host, c.option, material != nil)
	if err != nil {
		return Endpoint{}, err
	}
	if opts.SSH != nil {
		if address, err = opts.SSH.apply(address, &result, opts); err != nil {
			return Endpoint{}, err
		}
	} else if address.Scheme == "ssh" {
		result.sshFlags = (&SSH{}).flags(opts)
	}
	result.Host = address.String()
	if address.Scheme != "tcp" {
		if opts.TLS != nil {
			return Endpoint{}, &OptionError{Option: "tls", Reason: "needs a tcp:// address, but the engine is at " +
				result.Host + " (" + c.why + "). Remove tls, or set host to the tcp:// address."}
		}
		return result, nil
	}
	if err := result.secureTCP(c.option, address.Hostname(), material, opts.AllowPlainTCP); err != nil {
		return Endpoint{}, err
	}
	return result, nil
}

func (o Options) withDefaults() Options {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	if o.Home == "" {
		o.Home, _ = os.UserHomeDir() // without a home only the paths below it are missing
	}
	if o.GOOS == "" {
		o.GOOS = runtime.GOOS
	}
	if o.Stat == nil {
		o.Stat = os.Stat
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = defaultConnectTimeout
	}
	return o
}

func (o Options) dockerConfigDir() string {
	if dir := o.Env("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(o.Home, ".docker")
}

// expandHome replaces a leading ~/ as a shell would.
func expandHome(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(home, rest)
	}
	return path
}

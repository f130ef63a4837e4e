package docker

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/docker/docker/api/types/registry"
	"golang.org/x/sync/singleflight"
)

// RegistryAuth is a registry credential: a user name with a password, or an identity token.
type RegistryAuth struct {
	Username      string
	Password      string
	IdentityToken string
}

// String keeps the secrets out of logs.
func (RegistryAuth) String() string { return "RegistryAuth(redacted)" }

// GoString keeps the secrets out of logs.
func (a RegistryAuth) GoString() string { return a.String() }

const (
	// dockerHub is the name of Docker Hub in image references, dockerHubKey in the docker CLI's configuration.
	dockerHub    = "docker.io"
	dockerHubKey = "https://index.docker.io/v1/"

	// helperAnswerLife bounds how long a credential helper's answer is used again. Asking costs up to a second, and
	// a plan of a hundred deployments would ask a hundred times; the tokens that helpers give live for hours.
	helperAnswerLife = 5 * time.Minute
	helperTimeout    = 30 * time.Second
)

// CredentialError tells that the docker CLI's configuration or a credential helper gave no answer for a registry. An
// anonymous pull may still work, which is what the docker CLI tries then.
type CredentialError struct {
	Registry string
	Reason   string
}

func (e *CredentialError) Error() string {
	return fmt.Sprintf("no credentials for registry %s: %s. Set registry_auth in the provider configuration, or repair the docker CLI's configuration", e.Registry, e.Reason)
}

// registryAuths answers for every registry, from the provider configuration first.
type registryAuths struct {
	configured map[string]RegistryAuth // by normalised registry host
	configDir  string
	timeout    time.Duration

	mu      sync.Mutex
	answers map[string]helperAnswer
	flight  singleflight.Group
}

type helperAnswer struct {
	encoded string
	until   time.Time
}

func newRegistryAuths(opts Options) (*registryAuths, error) {
	result := &registryAuths{
		configured: map[string]RegistryAuth{},
		configDir:  opts.dockerConfigDir(),
		timeout:    helperTimeout,
		answers:    map[string]helperAnswer{},
	}
	for _, key := range slices.Sorted(maps.Keys(opts.RegistryAuth)) {
		auth := opts.RegistryAuth[key]
		option := fmt.Sprintf("registry_auth[%q]", key)
		host, reason := registryHost(key)
		if reason == "" {
			reason = auth.problem()
		}
		if _, twice := result.configured[host]; twice && reason == "" {
			reason = "names the same registry as another entry"
		}
		if reason != "" {
			return nil, &OptionError{Option: option, Reason: reason}
		}
		result.configured[host] = auth
	}
	return result, nil
}

// registryHost normalises the ways to write a registry; a reason says why it cannot be one.
func registryHost(key string) (host, reason string) {
	_, rest, found := strings.Cut(key, "://")
	if !found {
		rest = key
	}
	host, path, _ := strings.Cut(rest, "/")
	host = strings.ToLower(host)
	switch strings.Trim(path, "/") {
	case "", "v1", "v2":
	default:
		return "", "names a repository: credentials are by registry host, write " + host
	}
	if host == "" || strings.ContainsAny(host, " @\t\r\n") {
		return "", "is not a registry host, such as registry.example.com:5000"
	}
	switch host {
	case "index.docker.io", "registry-1.docker.io", "hub.docker.com":
		host = dockerHub
	}
	return host, ""
}

func (a RegistryAuth) problem() string {
	switch {
	case a.IdentityToken != "" && a.Password != "":
		return "has both a password and an identity token"
	case a.IdentityToken == "" && a.Password == "":
		return "needs a username with a password, or an identity token"
	case a.Password != "" && a.Username == "":
		return "has a password without a username"
	}
	return ""
}

// registryAuth returns the encoded X-Registry-Auth for the registry of an image reference, "" for anonymous access.
// A *CredentialError says that the docker CLI's configuration could not be asked.
func (c *Client) registryAuth(ref string) (string, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return "", fmt.Errorf("image reference %q: %w", ref, err)
	}
	return c.auths.encoded(reference.Domain(named))
}

func (r *registryAuths) encoded(host string) (string, error) {
	if auth, ok := r.configured[strings.ToLower(host)]; ok {
		return registry.EncodeAuthConfig(registry.AuthConfig{
			Username: auth.Username, Password: auth.Password, IdentityToken: auth.IdentityToken,
			ServerAddress: registryKey(host),
		})
	}
	r.mu.Lock()
	answer, ok := r.answers[host]
	r.mu.Unlock()
	if ok && time.Now().Before(answer.until) {
		return answer.encoded, nil
	}
	encoded, err, _ := r.flight.Do(host, func() (any, error) { return r.ask(host) })
	if err != nil {
		return "", err
	}
	return encoded.(string), nil
}

// ask reads the docker CLI's configuration, which may run a credential helper, and remembers the answer.
func (r *registryAuths) ask(host string) (string, error) {
	type result struct {
		encoded string
		err     error
	}
	done := make(chan result, 1) // a helper that hangs, on a locked keychain for example, keeps only this goroutine
	go func() {
		encoded, err := askDockerCLI(r.configDir, registryKey(host))
		done <- result{encoded, err}
	}()
	select {
	case got := <-done:
		if got.err != nil {
			return "", &CredentialError{Registry: host, Reason: printable(got.err.Error())}
		}
		r.mu.Lock()
		r.answers[host] = helperAnswer{encoded: got.encoded, until: time.Now().Add(helperAnswerLife)}
		r.mu.Unlock()
		return got.encoded, nil
	case <-time.After(r.timeout):
		return "", &CredentialError{Registry: host, Reason: fmt.Sprintf("the credential helper gave no answer within %s", r.timeout)}
	}
}

func askDockerCLI(configDir, key string) (string, error) {
	file, err := loadCLIConfig(configDir)
	if err != nil {
		return "", err
	}
	found, err := file.GetAuthConfig(key)
	if err != nil {
		return "", err
	}
	if found.Username == "" && found.Password == "" && found.IdentityToken == "" && found.RegistryToken == "" {
		return "", nil
	}
	return registry.EncodeAuthConfig(registry.AuthConfig{
		Username: found.Username, Password: found.Password, IdentityToken: found.IdentityToken,
		RegistryToken: found.RegistryToken, ServerAddress: key,
	})
}

// loadCLIConfig reads config.json as the docker CLI does: without any credentials in it, the platform's usual
// helper is used if it is installed.
func loadCLIConfig(configDir string) (*configfile.ConfigFile, error) {
	file, err := config.Load(configDir)
	if err != nil {
		return nil, err
	}
	if !file.ContainsAuth() {
		file.CredentialsStore = credentials.DetectDefaultStore(file.CredentialsStore)
	}
	return file, nil
}

// registryKey is the name under which the docker CLI keeps a registry's credentials.
func registryKey(host string) string {
	if host == dockerHub {
		return dockerHubKey
	}
	return host
}

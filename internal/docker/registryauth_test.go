package docker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/registry"
)

// fakeHelper is a credential helper that knows everything but registry "locked", where it hangs, and "broken". It
// writes what it was asked to $HELPER_LOG.
const fakeHelper = `#!/bin/sh
read -r server
echo "$server" >> "$HELPER_LOG"
case "$server" in
locked.example.com) exec sleep 2 ;;
broken.example.com) echo "keychain is broken"; exit 1 ;;
empty.example.com) echo "credentials not found in native keychain"; exit 1 ;;
token.example.com) echo '{"ServerURL":"'"$server"'","Username":"<token>","Secret":"helper-token"}' ;;
*) echo '{"ServerURL":"'"$server"'","Username":"helper","Secret":"from-NAME"}' ;;
esac
`

func TestRegistryAuth(t *testing.T) {
	log := installHelpers(t, "ecr", "keychain")
	configDir := t.TempDir()
	writeFile(t, filepath.Join(configDir, "config.json"), `{
		"auths": {
			"file.example.com": {"auth": "YWRhOmZpbGUtc2VjcmV0"},
			"https://legacy.example.com/v1/": {"auth": "YWRhOmZpbGUtc2VjcmV0"}
		},
		"credHelpers": {"ecr.example.com": "ecr", "broken.example.com": "ecr", "locked.example.com": "ecr", "token.example.com": "ecr", "empty.example.com": "ecr", "gone.example.com": "gone", "configured.example.com": "ecr"}
	}`)
	c := registryClient(t, configDir, map[string]RegistryAuth{
		"https://index.docker.io/v1/": {Username: "hub", Password: "hub-secret"},
		"Configured.example.com":      {Username: "ada", Password: "own-secret"},
		"localhost:5000":              {IdentityToken: "own-token"},
	})
	tests := []struct{ ref, user, password, token, server string }{
		{ref: "nginx", user: "hub", password: "hub-secret", server: "https://index.docker.io/v1/"},
		{ref: "docker.io/library/nginx:1.27", user: "hub", password: "hub-secret", server: "https://index.docker.io/v1/"},
		{ref: "configured.example.com/a/b@sha256:" + strings.Repeat("a", 64), user: "ada", password: "own-secret", server: "configured.example.com"},
		{ref: "localhost:5000/iris", token: "own-token", server: "localhost:5000"},
		{ref: "file.example.com/iris", user: "ada", password: "file-secret", server: "file.example.com"},
		{ref: "legacy.example.com/iris", user: "ada", password: "file-secret", server: "legacy.example.com"},
		{ref: "ecr.example.com/iris", user: "helper", password: "from-ecr", server: "ecr.example.com"},
		{ref: "token.example.com/iris", token: "helper-token", server: "token.example.com"},
		{ref: "ghcr.io/nobody/iris"},
		{ref: "empty.example.com/iris"},
	}
	for _, test := range tests {
		t.Run(test.ref, func(t *testing.T) {
			encoded, err := c.registryAuth(test.ref)
			if err != nil {
				t.Fatal(err)
			}
			if test.server == "" {
				if encoded != "" {
					t.Errorf("got %q, want anonymous access", encoded)
				}
				return
			}
			got, err := registry.DecodeAuthConfig(encoded)
			if err != nil {
				t.Fatal(err)
			}
			if got.Username != test.user || got.Password != test.password || got.IdentityToken != test.token || got.ServerAddress != test.server {
				t.Errorf("got %+v", *got)
			}
		})
	}
	if asked := readFile(t, log); strings.Contains(asked, "configured.example.com") {
		t.Errorf("the helper was asked for a configured registry: %s", asked)
	}

	c.auths.timeout = 300 * time.Millisecond
	for ref, text := range map[string]string{
		"broken.example.com/iris": "no credentials for registry broken.example.com: ",
		"gone.example.com/iris":   "docker-credential-gone",
		"locked.example.com/iris": "the credential helper gave no answer within 300ms",
	} {
		_, err := c.registryAuth(ref)
		var failed *CredentialError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %s", ref, err, text)
		}
	}
	if _, err := c.registryAuth("Not an image"); err == nil {
		t.Error("an invalid reference has credentials")
	}
}

func TestRegistryAuthCredentialsStore(t *testing.T) {
	log := installHelpers(t, "keychain")
	configDir := t.TempDir()
	writeFile(t, filepath.Join(configDir, "config.json"), `{"credsStore": "keychain"}`)
	c := registryClient(t, configDir, nil)
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			encoded, err := c.registryAuth("nginx")
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := registry.DecodeAuthConfig(encoded); err != nil || got.Password != "from-keychain" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	callers.Wait()
	if asked := readFile(t, log); asked != "https://index.docker.io/v1/\n" {
		t.Errorf("the helper was asked %q, want one question for Docker Hub", asked)
	}
}

func TestRegistryAuthRefuses(t *testing.T) {
	valid := RegistryAuth{Username: "ada", Password: "hunter2"}
	tests := []struct {
		name string
		auth map[string]RegistryAuth
		text string
	}{
		{"repository", map[string]RegistryAuth{"registry.example.com/team": valid}, "names a repository: credentials are by registry host, write registry.example.com"},
		{"no host", map[string]RegistryAuth{"https://": valid}, "is not a registry host"},
		{"user in the host", map[string]RegistryAuth{"ada@registry.example.com": valid}, "is not a registry host"},
		{"twice", map[string]RegistryAuth{"docker.io": valid, "index.docker.io": valid}, `registry_auth["index.docker.io"]: names the same registry`},
		{"nothing", map[string]RegistryAuth{"docker.io": {}}, "needs a username with a password, or an identity token"},
		{"user only", map[string]RegistryAuth{"docker.io": {Username: "ada"}}, "needs a username with a password"},
		{"password only", map[string]RegistryAuth{"docker.io": {Password: "hunter2"}}, "has a password without a username"},
		{"both", map[string]RegistryAuth{"docker.io": {Username: "ada", Password: "hunter2", IdentityToken: "hunter2"}}, "has both"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := newRegistryAuths(Options{RegistryAuth: test.auth, Env: os.Getenv})
			var option *OptionError
			if !errors.As(err, &option) || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("got %v, want %s", err, test.text)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the secret is in the error: %s", err)
			}
		})
	}
}

func registryClient(t *testing.T, configDir string, auth map[string]RegistryAuth) *Client {
	t.Helper()
	opts := Options{RegistryAuth: auth, Env: func(name string) string {
		if name == "DOCKER_CONFIG" {
			return configDir
		}
		return ""
	}}
	auths, err := newRegistryAuths(opts)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{auths: auths}
}

// installHelpers puts credential helpers of those names first on PATH and returns the file that logs their questions.
func installHelpers(t *testing.T, names ...string) (log string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, "docker-credential-"+name)
		writeFile(t, path, strings.ReplaceAll(fakeHelper, "NAME", name))
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	log = filepath.Join(dir, "log")
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("HELPER_LOG", log)
	t.Setenv("DOCKER_AUTH_CONFIG", "")
	return log
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

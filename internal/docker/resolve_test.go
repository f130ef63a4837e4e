package docker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	dockercontext "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
)

// surroundings is the machine that Resolve looks at in a test.
type surroundings struct {
	goos    string
	env     map[string]string
	sockets []string
	current string // current context in the docker CLI's configuration
}

// options makes a machine with the home /home/ada, whose docker contexts are those of writeContexts.
func (s surroundings) options(t *testing.T, opts Options) Options {
	t.Helper()
	configDir := t.TempDir()
	writeContexts(t, configDir)
	if s.current != "" {
		writeFile(t, filepath.Join(configDir, "config.json"), `{"currentContext": "`+s.current+`"}`)
	}
	files := fstest.MapFS{}
	for _, path := range s.sockets {
		files[strings.TrimPrefix(path, "/")] = &fstest.MapFile{Mode: fs.ModeSocket | 0o660}
	}
	opts.Stat = func(path string) (fs.FileInfo, error) { return files.Stat(strings.TrimPrefix(path, "/")) }
	opts.Env = func(name string) string {
		if value, ok := s.env[name]; ok {
			return value
		}
		if name == "DOCKER_CONFIG" {
			return configDir
		}
		return ""
	}
	opts.Home = "/home/ada"
	opts.GOOS = s.goos
	if s.goos == "" {
		opts.GOOS = "linux"
	}
	return opts
}

func TestResolve(t *testing.T) {
	const (
		desktop  = "/home/ada/.docker/run/docker.sock"
		colima   = "/home/ada/.colima/default/docker.sock"
		orbstack = "/home/ada/.orbstack/run/docker.sock"
		rancher  = "/home/ada/.rd/docker.sock"
		rootless = "/run/user/1000/docker.sock"
	)
	everything := map[string]string{"DOCKER_HOST": "unix:///env.sock", "DOCKER_CONTEXT": "remote", "XDG_RUNTIME_DIR": "/run/user/1000"}
	xdg := map[string]string{"XDG_RUNTIME_DIR": "/run/user/1000"}
	tests := []struct {
		name      string
		opts      Options
		on        surroundings
		host, why string
		others    []string
	}{
		{name: "host wins over everything", opts: Options{Host: "unix:///given.sock", Context: "ssh"}, on: surroundings{env: everything, current: "plain"},
			host: "unix:///given.sock", why: "host in the provider configuration"},
		{name: "then context", opts: Options{Context: "ssh"}, on: surroundings{env: everything, current: "plain"},
			host: "ssh://ada@gpu1", why: `context "ssh" in the provider configuration`},
		{name: "then DOCKER_HOST", on: surroundings{env: everything, current: "plain"},
			host: "unix:///env.sock", why: "the environment variable DOCKER_HOST"},
		{name: "then DOCKER_CONTEXT", on: surroundings{env: map[string]string{"DOCKER_CONTEXT": "ssh"}, current: "plain"},
			host: "ssh://ada@gpu1", why: `context "ssh" in the environment variable DOCKER_CONTEXT`},
		{name: "then the current context", on: surroundings{current: "plain", sockets: []string{defaultSocket}},
			host: "tcp://127.0.0.1:2375", why: `context "plain" current in the docker CLI`},
		{name: "then the default socket", on: surroundings{env: xdg, sockets: []string{defaultSocket, rootless}},
			host: "unix:///var/run/docker.sock", why: "the default socket", others: []string{"unix://" + rootless}},
		{name: "context default is DOCKER_HOST", opts: Options{Context: "default"}, on: surroundings{env: everything},
			host: "unix:///env.sock", why: "the environment variable DOCKER_HOST"},
		{name: "context default is never the current one", opts: Options{Context: "default"}, on: surroundings{current: "ssh", env: map[string]string{"DOCKER_CONTEXT": "ssh"}, sockets: []string{defaultSocket}},
			host: "unix:///var/run/docker.sock", why: "the default socket"},
		{name: "DOCKER_CONTEXT default is never the current one", on: surroundings{current: "ssh", env: map[string]string{"DOCKER_CONTEXT": "default"}, sockets: []string{defaultSocket}},
			host: "unix:///var/run/docker.sock", why: "the default socket"},
		{name: "current context default", on: surroundings{current: "default", sockets: []string{defaultSocket}},
			host: "unix:///var/run/docker.sock", why: "the default socket"},
		{name: "context without a host", opts: Options{Context: "empty"}, on: surroundings{sockets: []string{defaultSocket}},
			host: "unix:///var/run/docker.sock", why: `context "empty" in the provider configuration`},

		{name: "macOS default", on: surroundings{goos: "darwin", sockets: []string{defaultSocket, desktop, colima}},
			host: "unix:///var/run/docker.sock", why: "the default socket", others: []string{"unix://" + desktop, "unix://" + colima}},
		{name: "macOS Docker Desktop", on: surroundings{goos: "darwin", sockets: []string{rancher, orbstack, colima, desktop}},
			host: "unix://" + desktop, why: "the socket of Docker Desktop, as the default socket does not exist",
			others: []string{"unix://" + colima, "unix://" + orbstack, "unix://" + rancher}},
		{name: "macOS Colima", on: surroundings{goos: "darwin", sockets: []string{rancher, orbstack, colima}},
			host: "unix://" + colima, why: "the socket of Colima, as the default socket does not exist",
			others: []string{"unix://" + orbstack, "unix://" + rancher}},
		{name: "macOS Colima elsewhere", on: surroundings{goos: "darwin", env: map[string]string{"COLIMA_HOME": "/opt/colima"}, sockets: []string{"/opt/colima/default/docker.sock"}},
			host: "unix:///opt/colima/default/docker.sock", why: "the socket of Colima, as the default socket does not exist"},
		{name: "macOS Colima in XDG_CONFIG_HOME", on: surroundings{goos: "darwin", env: map[string]string{"XDG_CONFIG_HOME": "/home/ada/.config"}, sockets: []string{"/home/ada/.config/colima/default/docker.sock"}},
			host: "unix:///home/ada/.config/colima/default/docker.sock", why: "the socket of Colima, as the default socket does not exist"},
		{name: "macOS OrbStack", on: surroundings{goos: "darwin", sockets: []string{rancher, orbstack}},
			host: "unix://" + orbstack, why: "the socket of OrbStack, as the default socket does not exist", others: []string{"unix://" + rancher}},
		{name: "macOS Rancher Desktop", on: surroundings{goos: "darwin", sockets: []string{rancher}},
			host: "unix://" + rancher, why: "the socket of Rancher Desktop, as the default socket does not exist"},
		{name: "rootless", on: surroundings{env: xdg, sockets: []string{rootless}},
			host: "unix://" + rootless, why: "the socket of rootless Docker, as the default socket does not exist"},
		{name: "rootless without XDG_RUNTIME_DIR", on: surroundings{sockets: []string{desktop}},
			host: "unix://" + desktop, why: "the socket of rootless Docker, as the default socket does not exist"},
		{name: "Linux Docker Desktop", on: surroundings{sockets: []string{"/home/ada/.docker/desktop/docker.sock"}},
			host: "unix:///home/ada/.docker/desktop/docker.sock", why: "the socket of Docker Desktop, as the default socket does not exist"},
		{name: "OrbStack is looked for on macOS only", on: surroundings{sockets: []string{orbstack}},
			host: "unix:///var/run/docker.sock", why: "the default socket, as nothing else is set and no other engine's socket exists"},
		{name: "no socket at all", on: surroundings{goos: "darwin"},
			host: "unix:///var/run/docker.sock", why: "the default socket, as nothing else is set and no other engine's socket exists"},
		{name: "Windows", on: surroundings{goos: "windows", sockets: []string{defaultSocket}},
			host: "npipe:////./pipe/docker_engine", why: "the default named pipe"},

		{name: "tcp without a scheme", on: surroundings{env: map[string]string{"DOCKER_HOST": " 127.0.0.1:4243\n"}},
			host: "tcp://127.0.0.1:4243", why: "the environment variable DOCKER_HOST"},
		{name: "tcp without a host", opts: Options{Host: "tcp://:2375"}, host: "tcp://localhost:2375", why: "host in the provider configuration"},
		{name: "tcp without a port", opts: Options{Host: "tcp://127.9.9.9"}, host: "tcp://127.9.9.9:2375", why: "host in the provider configuration"},
		{name: "tcp over IPv6", opts: Options{Host: "tcp://[::1]:2375"}, host: "tcp://[::1]:2375", why: "host in the provider configuration"},
		{name: "tcp below a path", opts: Options{Host: "tcp://localhost:80/docker/"}, host: "tcp://localhost:80/docker", why: "host in the provider configuration"},
		{name: "socket path with spaces", opts: Options{Host: "unix:///my sockets/100%.sock"}, host: "unix:///my sockets/100%.sock", why: "host in the provider configuration"},
		{name: "ssh settings", opts: Options{Host: "ssh://gpu1", SSH: &SSH{User: "ada", Port: 2222}}, host: "ssh://ada@gpu1:2222", why: "host in the provider configuration"},
		{name: "ssh over IPv6 with a socket", opts: Options{Host: "ssh://ada@[fe80::1]/run/docker.sock", SSH: &SSH{Port: 2222}}, host: "ssh://ada@[fe80::1]:2222/run/docker.sock", why: "host in the provider configuration"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Resolve(test.on.options(t, test.opts))
			if err != nil {
				t.Fatal(err)
			}
			if got.Host != test.host || got.Why != test.why || !slices.Equal(got.others, test.others) {
				t.Errorf("got  %s (%s) %q\nwant %s (%s) %q", got.Host, got.Why, got.others, test.host, test.why, test.others)
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	tests := []struct {
		name         string
		opts         Options
		on           surroundings
		option, text string
	}{
		{"path without scheme", Options{Host: "/var/run/docker.sock"}, surroundings{}, "host", `"/var/run/docker.sock" has no scheme: write unix:///var/run/docker.sock`},
		{"http", Options{Host: "https://gpu1:2376"}, surroundings{}, "host", "write tcp://gpu1:2376"},
		{"unknown scheme", Options{Host: "fd://3"}, surroundings{}, "host", `scheme "fd" is not one of unix, tcp, ssh, npipe`},
		{"no socket", Options{Host: "unix://"}, surroundings{}, "host", "names no socket"},
		{"bad tcp", Options{Host: "tcp://gpu1:port"}, surroundings{}, "host", "is not a valid tcp:// address"},
		{"tcp user", Options{Host: "tcp://ada:hunter2@gpu1:2375"}, surroundings{}, "host", "takes no user"},
		{"tcp query", Options{Host: "tcp://localhost:2375?a=b"}, surroundings{}, "host", "no query"},
		{"ssh password", Options{Host: "ssh://ada:hunter2@gpu1"}, surroundings{}, "host", "plain-text password is not supported"},
		{"bad DOCKER_HOST", Options{}, surroundings{env: map[string]string{"DOCKER_HOST": "gopher://x"}}, "DOCKER_HOST", `scheme "gopher"`},
		{"plain tcp", Options{Host: "tcp://10.0.0.1:2375"}, surroundings{}, "host", "tcp://10.0.0.1:2375 (host in the provider configuration) is neither encrypted nor authenticated. Set tls, use ssh://, or accept the risk with allow_plain_tcp = true."},
		{"plain tcp by name", Options{Host: "tcp://localhost.example.com"}, surroundings{}, "host", "allow_plain_tcp"},
		{"plain tcp in a context", Options{Context: "plain-remote"}, surroundings{}, "context", "allow_plain_tcp"},
		{"unknown context", Options{Context: "gpu9"}, surroundings{}, "context", "; there are: empty, half, nodocker, plain, plain-remote, remote, skip, ssh."},
		{"unknown DOCKER_CONTEXT", Options{}, surroundings{env: map[string]string{"DOCKER_CONTEXT": "gpu9"}}, "DOCKER_CONTEXT", `no docker context "gpu9"`},
		{"unknown current context", Options{}, surroundings{current: "gpu9"}, "docker CLI configuration", `no docker context "gpu9"`},
		{"broken CLI configuration", Options{}, surroundings{current: `"`}, "docker CLI configuration", "parsing config file"},
		{"context without docker", Options{Context: "nodocker"}, surroundings{}, "context", "holds no docker endpoint"},
		{"context with half a pair", Options{Context: "half"}, surroundings{}, `context "half"`, "key.pem is missing"},
		{"tls on a socket", Options{TLS: &TLS{}}, surroundings{sockets: []string{defaultSocket}}, "tls", "needs a tcp:// address, but the engine is at unix:///var/run/docker.sock (the default socket)"},
		{"tls on ssh", Options{Host: "ssh://gpu1", TLS: &TLS{}}, surroundings{}, "tls", "needs a tcp:// address"},
		{"ssh on a socket", Options{SSH: &SSH{}}, surroundings{}, "ssh", "needs an ssh:// address"},
		{"ssh users differ", Options{Host: "ssh://ada@gpu1", SSH: &SSH{User: "bob"}}, surroundings{}, "ssh.user", `is "bob", but the address says "ada"`},
		{"ssh ports differ", Options{Host: "ssh://gpu1:22", SSH: &SSH{Port: 23}}, surroundings{}, "ssh.port", "is 23, but the address says 22"},
		{"ssh port", Options{Host: "ssh://gpu1", SSH: &SSH{Port: 65536}}, surroundings{}, "ssh.port", "not a port"},
		{"ssh identity missing", Options{Host: "ssh://gpu1", SSH: &SSH{IdentityFile: "~/none"}}, surroundings{}, "ssh.identity_file", "/home/ada/none: no such file"},
		{"ssh identity as text", Options{Host: "ssh://gpu1", SSH: &SSH{IdentityFile: "-----BEGIN OPENSSH PRIVATE KEY-----"}}, surroundings{}, "ssh.identity_file", "is a path, not the file's content"},
		{"ssh option", Options{Host: "ssh://gpu1", SSH: &SSH{Options: []string{"-v"}}}, surroundings{}, "ssh.options", `"-v" is not of the form Key=Value`},
		{"DOCKER_CERT_PATH empty", Options{}, surroundings{env: map[string]string{"DOCKER_HOST": "tcp://gpu1:2376", "DOCKER_CERT_PATH": "/nowhere"}}, "DOCKER_CERT_PATH", "holds none of ca.pem, cert.pem, key.pem"},
		{"DOCKER_TLS_VERIFY without files", Options{}, surroundings{env: map[string]string{"DOCKER_HOST": "tcp://gpu1:2376", "DOCKER_TLS_VERIFY": "1"}}, "DOCKER_CERT_PATH", "holds none of"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Resolve(test.on.options(t, test.opts))
			var option *OptionError
			if !errors.As(err, &option) {
				t.Fatalf("got %v, %v; want an OptionError", got, err)
			}
			if option.Option != test.option || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got  %s\nwant %s: …%s…", err, test.option, test.text)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the password is in the error: %s", err)
			}
		})
	}
}

func TestResolveWarnings(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		want string
	}{
		{"nothing to warn of", Options{Host: "tcp://localhost:2375"}, ""},
		{"host and context", Options{Host: "unix:///a.sock", Context: "ssh"}, "context is ignored, as host is set too."},
		{"plain tcp", Options{Host: "tcp://10.0.0.1:2375", AllowPlainTCP: true}, "The connection to tcp://10.0.0.1:2375 is neither encrypted nor authenticated (allow_plain_tcp)."},
		{"unverified context", Options{Context: "skip"}, `context "skip" turns the verification of the engine's certificate off: whoever answers at tcp://10.0.0.2:2376 is trusted.`},
		{"unknown ssh hosts", Options{Host: "ssh://gpu1", SSH: &SSH{Options: []string{"stricthostkeychecking=accept-new"}}}, "ssh.options has stricthostkeychecking=accept-new: a host key that is not known yet is trusted."},
		{"known ssh hosts", Options{Host: "ssh://gpu1", SSH: &SSH{Options: []string{"StrictHostKeyChecking yes"}}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Resolve(surroundings{}.options(t, test.opts))
			if err != nil {
				t.Fatal(err)
			}
			if warnings := strings.Join(got.Warnings, "\n"); warnings != test.want {
				t.Errorf("got %q, want %q", warnings, test.want)
			}
		})
	}
}

// writeContexts makes one docker context of each kind.
func writeContexts(t *testing.T, configDir string) {
	t.Helper()
	ca := newAuthority(t)
	cert, key := ca.issue()
	pair := map[string][]byte{"ca.pem": []byte(ca.pem), "cert.pem": []byte(cert), "key.pem": []byte(key)}
	for name, meta := range map[string]dockercontext.EndpointMeta{
		"plain":        {Host: "tcp://127.0.0.1:2375"},
		"plain-remote": {Host: "tcp://10.0.0.2:2375"},
		"remote":       {Host: "tcp://10.0.0.2:2376"},
		"half":         {Host: "tcp://10.0.0.2:2376"},
		"skip":         {Host: "tcp://10.0.0.2:2376", SkipTLSVerify: true},
		"ssh":          {Host: "ssh://ada@gpu1"},
		"empty":        {},
	} {
		writeContext(t, configDir, name, map[string]any{"docker": meta})
	}
	writeContext(t, configDir, "nodocker", map[string]any{})
	writeContextTLS(t, configDir, "remote", pair)
	writeContextTLS(t, configDir, "half", map[string][]byte{"cert.pem": []byte(cert)})
}

func writeContext(t *testing.T, configDir, name string, endpoints map[string]any) {
	t.Helper()
	contexts := contextStore(Options{Env: func(string) string { return configDir }})
	if err := contexts.CreateOrUpdate(store.Metadata{Name: name, Metadata: map[string]any{}, Endpoints: endpoints}); err != nil {
		t.Fatal(err)
	}
}

func writeContextTLS(t *testing.T, configDir, name string, files map[string][]byte) {
	t.Helper()
	contexts := contextStore(Options{Env: func(string) string { return configDir }})
	if err := contexts.ResetEndpointTLSMaterial(name, "docker", &store.EndpointTLSData{Files: files}); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

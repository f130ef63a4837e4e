package provider

import (
	"strings"
	"testing"
)

// hostile is what a daemon or a container may write: an escape sequence that
// colours, one that sets the window's title, and a bidirectional override.
const hostile = "\x1b[31mred\x1b]0;title\a\u202egnp.exe"

func TestProviderValidation(t *testing.T) {
	type object = map[string]any
	for _, tc := range []struct {
		name   string
		config object
		want   string // beginning of the only diagnostic; "" for none
		text   string // what it says too
	}{
		{name: "nothing"},
		{name: "everything", config: object{
			"host": "tcp://db.example.com:2376", "tls": object{"ca": "/ca.pem", "cert": "/cert.pem", "key": "/key.pem"},
			"connect_timeout": "30s", "orchestrator": "docker", "owner": "team-a/prod", "name_prefix": "ml-", "network": "models",
			"default_labels": object{"team": "a"}, "probe_image": "mirror.example.com/busybox:1", "gateway_image": "haproxy:3",
			"registry_auth": object{"r.example.com": object{"username": "u", "password": "p"}, "docker.io": object{"identity_token": "t"}},
		}},
		{name: "everything unknown", config: object{
			"host": notYetKnown{}, "context": nil, "tls": notYetKnown{}, "ssh": notYetKnown{}, "allow_plain_tcp": notYetKnown{},
			"connect_timeout": notYetKnown{}, "orchestrator": notYetKnown{}, "owner": notYetKnown{}, "name_prefix": notYetKnown{},
			"network": notYetKnown{}, "default_labels": notYetKnown{}, "probe_image": notYetKnown{}, "gateway_image": notYetKnown{},
			"registry_auth": notYetKnown{},
		}},
		{name: "unknown inside", config: object{
			"host": "tcp://db.example.com", "tls": object{"cert": notYetKnown{}, "key": notYetKnown{}},
			"default_labels": object{"team": notYetKnown{}}, "registry_auth": object{"r.example.com": object{"username": "u", "password": notYetKnown{}}},
		}},
		{name: "ssh", config: object{"host": "ssh://u@h", "ssh": object{"port": 2222, "options": []any{"Compression=yes"}, "identity_file": "/absent"}}},
		{name: "empty prefix", config: object{"name_prefix": ""}},
		{name: "plain tcp on loopback", config: object{"host": "tcp://127.0.0.1:2375"}},
		{name: "plain tcp with consent", config: object{"host": "tcp://10.0.0.5:2375", "allow_plain_tcp": true}},
		{name: "plain tcp, consent unknown", config: object{"host": "tcp://10.0.0.5:2375", "allow_plain_tcp": notYetKnown{}}},

		{name: "host and context", config: object{"host": "unix:///s", "context": "c"}, want: "context: error: Invalid context", text: "Keep one"},
		{name: "empty host", config: object{"host": ""}, want: "host: error: Invalid host"},
		{name: "empty context", config: object{"context": ""}, want: "context: error: Invalid context"},
		{name: "host without scheme", config: object{"host": "/var/run/docker.sock"}, want: "host: error: Invalid host", text: "unix:///var/run/docker.sock"},
		{name: "host with http", config: object{"host": "http://h:2375"}, want: "host: error: Invalid host", text: "tcp://h:2375"},
		{name: "host with control characters", config: object{"host": "unix://" + hostile}, want: "host: error: Invalid host"},
		{name: "plain tcp", config: object{"host": "tcp://10.0.0.5:2375"}, want: "host: error: Invalid host", text: "allow_plain_tcp"},
		{name: "plain tcp, no consent", config: object{"host": "tcp://10.0.0.5:2375", "allow_plain_tcp": false}, want: "host: error: Invalid host", text: "neither encrypted nor authenticated"},
		{name: "cert without key", config: object{"tls": object{"cert": "/c.pem"}}, want: "tls.cert: error: Invalid tls.cert", text: "Set tls.key"},
		{name: "key without cert", config: object{"tls": object{"key": "/k.pem"}}, want: "tls.key: error: Invalid tls.key", text: "Set tls.cert"},
		{name: "ssh for a socket", config: object{"host": "unix:///s", "ssh": object{"user": "u"}}, want: "ssh: error: Invalid ssh", text: "ssh:// address"},
		{name: "ssh users differ", config: object{"host": "ssh://a@h", "ssh": object{"user": "b"}}, want: "ssh.user: error: Invalid ssh.user"},
		{name: "ssh port", config: object{"ssh": object{"port": 70000}}, want: "ssh.port: error: Invalid Attribute Value"},
		{name: "ssh option", config: object{"host": "ssh://h", "ssh": object{"options": []any{"-v"}}}, want: "ssh.options: error: Invalid ssh.options", text: "Key=Value"},
		{name: "swarm", config: object{"orchestrator": "swarm"}, want: "orchestrator: error: Invalid orchestrator", text: "not supported yet"},
		{name: "orchestrator", config: object{"orchestrator": "k8s"}, want: "orchestrator: error: Invalid orchestrator", text: `"docker"`},
		{name: "timeout without unit", config: object{"connect_timeout": "10"}, want: "connect_timeout: error: Invalid connect_timeout", text: "30s"},
		{name: "timeout of zero", config: object{"connect_timeout": "0s"}, want: "connect_timeout: error: Invalid connect_timeout"},
		{name: "empty owner", config: object{"owner": ""}, want: "owner: error: Invalid owner"},
		{name: "owner with space", config: object{"owner": "team a"}, want: "owner: error: Invalid owner"},
		{name: "prefix with capitals", config: object{"name_prefix": "ML-"}, want: "name_prefix: error: Invalid name_prefix"},
		{name: "prefix with dot", config: object{"name_prefix": "a.b"}, want: "name_prefix: error: Invalid name_prefix"},
		{name: "network", config: object{"network": "a b"}, want: "network: error: Invalid network"},
		{name: "built-in network", config: object{"network": "host"}, want: "network: error: Invalid network", text: "built into the engine"},
		{name: "reserved label", config: object{"default_labels": object{"a": "b", "mlops.owner": "me"}},
			want: `default_labels["mlops.owner"]: error: Invalid default_labels["mlops.owner"]`, text: "reserved"},
		{name: "nameless label", config: object{"default_labels": object{"": "b"}}, want: `default_labels[""]: error: Invalid`},
		{name: "null label", config: object{"default_labels": object{"a": nil}}, want: `default_labels["a"]: error: Invalid`},
		{name: "probe image", config: object{"probe_image": "Busy Box"}, want: "probe_image: error: Invalid probe_image", text: "image reference"},
		{name: "gateway image", config: object{"gateway_image": ""}, want: "gateway_image: error: Invalid gateway_image"},
		{name: "user without password", config: object{"registry_auth": object{"r.io": object{"username": "u"}}},
			want: `registry_auth["r.io"]: error: Invalid`, text: "username and password"},
		{name: "no credential", config: object{"registry_auth": object{"r.io": object{}}}, want: `registry_auth["r.io"]: error: Invalid`},
		{name: "null credential", config: object{"registry_auth": object{"r.io": nil}}, want: `registry_auth["r.io"]: error: Invalid`},
		{name: "password and token", config: object{"registry_auth": object{"r.io": object{"username": "u", "password": "p", "identity_token": "t"}}},
			want: `registry_auth["r.io"]: error: Invalid`, text: "identity_token alone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := serve(t).validate(tc.config)
			if tc.want == "" {
				if len(got) > 0 {
					t.Fatalf("got %q, want none", got)
				}
				return
			}
			if len(got) != 1 || !strings.HasPrefix(got[0], tc.want) || !strings.Contains(got[0], tc.text) {
				t.Fatalf("got %q\nwant one that begins with %q and contains %q", got, tc.want, tc.text)
			}
			if strings.ContainsAny(got[0], "\x1b\a\u202e") {
				t.Errorf("not safe to print: %q", got[0])
			}
		})
	}
}

func TestProviderValidatesEnvironment(t *testing.T) {
	for _, tc := range []struct{ variable, attribute string }{
		{envProbeImage, "probe_image"}, {envGatewayImage, "gateway_image"},
	} {
		s := serve(t)
		t.Setenv(tc.variable, "Not An Image")
		got := s.validate(nil)
		if len(got) != 1 || !strings.HasPrefix(got[0], tc.attribute+": error") || !strings.Contains(got[0], tc.variable) {
			t.Errorf("%s: got %q", tc.variable, got)
		}
		if got := s.validate(map[string]any{tc.attribute: "own:1"}); len(got) > 0 {
			t.Errorf("%s is not used and still judged: %q", tc.variable, got)
		}
	}
}

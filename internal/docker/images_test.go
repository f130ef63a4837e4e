package docker

import (
	"strings"
	"testing"
)

func TestCanonicalImage(t *testing.T) {
	hex := strings.Repeat("0a", 32)
	for ref, want := range map[string]string{
		"nginx":                                    "docker.io/library/nginx:latest",
		"docker.io/nginx":                          "docker.io/library/nginx:latest",
		"index.docker.io/library/nginx:1":          "docker.io/library/nginx:1",
		"team/serve:2.3":                           "docker.io/team/serve:2.3",
		"localhost:5000/serve":                     "localhost:5000/serve:latest",
		"registry.example.com/a/b@sha256:" + hex:   "registry.example.com/a/b@sha256:" + hex,
		"registry.example.com/a/b:1@sha256:" + hex: "registry.example.com/a/b@sha256:" + hex,
		"sha256:" + hex:                            "sha256:" + hex,
	} {
		if got, err := CanonicalImage(ref); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", ref, got, err, want)
		}
		if again, err := CanonicalImage(want); again != want || err != nil {
			t.Errorf("%s is not stable: %q, %v", want, again, err)
		}
	}
	for _, ref := range []string{"", "Nginx", "nginx:", "a b", "nginx@sha256:12", hex, "http://x/y"} {
		if got, err := CanonicalImage(ref); err == nil {
			t.Errorf("%q is %q, want an error", ref, got)
		}
	}
}
